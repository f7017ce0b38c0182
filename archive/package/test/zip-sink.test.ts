import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { zipSink } from "../src/index.ts";
import { unzip } from "../testing/index.ts";
import { scratch } from "./scratch.ts";

async function* pieces(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("zipSink", () => {
  it("writes what a library that had no part in it reads, whatever the files", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.array(fc.uint8Array({ maxLength: 300 })), fc.constantFrom("whole", "streamed", "text")),
        ),
        async (files) => {
          const out = new PassThrough();
          const reading = buffer(out);
          const sink = zipSink("P", out);
          for (const [i, [chunks, how]] of files.entries()) {
            const whole = Buffer.concat(chunks);
            await sink.add(
              `f${i}`,
              how === "text" ? whole.toString("hex") : how === "whole" ? whole : pieces(...chunks),
            );
          }
          await sink.finish();
          const read = await unzip(await reading);
          expect([...read.keys()]).toEqual(files.map((_, i) => `P/f${i}`));
          for (const [i, [chunks, how]] of files.entries()) {
            const whole = Buffer.concat(chunks);
            const expected = how === "text" ? Buffer.from(whole.toString("hex")) : whole;
            expect(Buffer.compare(read.get(`P/f${i}`)!, expected)).toBe(0);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("writes a file of unknown size, larger than it buffers, followed by others", async () => {
    const chunk = Buffer.alloc(700_001, "0123456789");
    const out = new PassThrough();
    const reading = buffer(out);
    const sink = zipSink("P", out);
    await sink.add("large", pieces(chunk, chunk, Buffer.alloc(0), chunk));
    await sink.add("small", "small");
    await sink.finish();
    const read = await unzip(await reading);

    expect(Buffer.compare(read.get("P/large")!, Buffer.concat([chunk, chunk, chunk]))).toBe(0);
    expect(read.get("P/small")!.toString()).toBe("small");
  });

  it("writes more files than fit the old format", async () => {
    const path = join(await scratch(), "P.zip");
    const sink = zipSink("P", createWriteStream(path));
    for (let i = 0; i < 66_000; i += 1) await sink.add(`f${i}`, String(i));
    await sink.finish();
    const read = await unzip(await readFile(path));

    expect(read.size).toBe(66_000);
    expect(read.get("P/f65999")!.toString()).toBe("65999");
  });

  it("waits for a slow receiver", async () => {
    let waiting = 0;
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        waiting += chunk.length;
        most = Math.max(most, waiting);
        setTimeout(() => {
          waiting -= chunk.length;
          done();
        }, 1);
      },
    });
    const sink = zipSink("P", slow);
    const file = Buffer.alloc(100_000);
    for (let i = 0; i < 100; i += 1) await sink.add(`f${i}`, file);
    await sink.finish();

    expect(most).toBeLessThan(1_000_000);
  });

  it.each([
    { name: "goes away", leave: (out: Writable) => out.destroy(), failure: { code: "sink-closed" } },
    {
      name: "fails",
      leave: (out: Writable) => out.destroy(new Error("disk full")),
      failure: { message: "disk full" },
    },
  ])("fails, rather than waiting for ever, when the receiver $name", async ({ leave, failure }) => {
    const stuck = new Writable({ highWaterMark: 1, write: () => undefined });
    const sink = zipSink("P", stuck);
    setTimeout(() => leave(stuck), 20);
    const adding = async () => {
      for (;;) await sink.add("f", Buffer.alloc(600_000));
    };

    await expect(adding()).rejects.toMatchObject(failure);
    await expect(sink.finish()).rejects.toMatchObject(failure);
  });

  it.each(["../x", "/x", "a//b", "a/../b", "a\\b", "a\nb", ".x", "a/.x", "%41", "", "é", "x".repeat(300)])(
    "refuses a file called %j",
    async (path) => {
      const add = async () => zipSink("P", new PassThrough()).add(path, "");

      await expect(add()).rejects.toMatchObject({ code: "unsafe-name" });
    },
  );
});
