import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Occurrences } from "../src/occurrences.ts";
import { receiveUpload } from "../src/upload.ts";
import { once } from "./support/capture.ts";

const dir = mkdtempSync(join(tmpdir(), "daybook-upload-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("an upload", () => {
  it("gives back any range of what was sent, and shows none of it on the disk", async () => {
    const content = Buffer.from("the plain words of a chat, ".repeat(5_000));
    const upload = await receiveUpload(once(content), { spoolDir: dir, maxBytes: content.length });
    const [name] = readdirSync(dir);
    expect(readFileSync(join(dir, name!)).includes("plain words")).toBe(false);

    await fc.assert(
      fc.asyncProperty(fc.nat(content.length), fc.nat(content.length), async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const parts: Uint8Array[] = [];
        for await (const part of upload.read(start, end)) parts.push(part);
        expect(Buffer.concat(parts).equals(content.subarray(start, end))).toBe(true);
      }),
      { numRuns: 60 },
    );
    await upload.remove();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("is told from others by its first bytes and its digest", async () => {
    const zip = await receiveUpload(once("PK\u0003\u0004rest"), { spoolDir: dir, maxBytes: 100 });
    const text = await receiveUpload(once("P"), { spoolDir: dir, maxBytes: 100 });

    expect([zip.mediaType, text.mediaType]).toEqual(["application/zip", "text/plain"]);
    expect(zip.sha256).toMatch(/^[0-9a-f]{64}$/);
    await Promise.all([zip.remove(), text.remove()]);
  });

  it("is refused when it is too large, and leaves nothing", async () => {
    await expect(
      receiveUpload(once(randomBytes(101)), { spoolDir: dir, maxBytes: 100 }),
    ).rejects.toMatchObject({
      code: "too-large",
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  it("is refused when the disk is full, with what to do, and leaves nothing", async () => {
    async function* untilFull() {
      yield await Promise.resolve(randomBytes(100));
      throw Object.assign(new Error("write"), { code: "ENOSPC" });
    }
    await expect(receiveUpload(untilFull(), { spoolDir: dir, maxBytes: 1_000 })).rejects.toMatchObject({
      code: "spool-full",
      message: expect.stringContaining("make room") as string,
    });
    expect(readdirSync(dir)).toEqual([]);
  });
});

it("counts equal lines as a map does", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -4n, max: 200_000n }), { maxLength: 2_000 }), (keys) => {
      const seen = new Occurrences();
      const counted = new Map<bigint, number>();
      for (const key of keys) {
        const digest = Buffer.alloc(32);
        digest.writeBigInt64BE(key);
        counted.set(key, (counted.get(key) ?? 0) + 1);
        expect(seen.next(digest)).toBe(counted.get(key));
      }
    }),
    { numRuns: 50 },
  );
});
