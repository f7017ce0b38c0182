import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { bytesSource, DEFAULT_ZIP_LIMITS, openZip } from "@daybook/exports";
import { storedZip, storedZipBytes, type ZipFile } from "../src/stored-zip.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "daybook-zip-"))));
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function file(name: string, content: string | Uint8Array, sizeBytes = content.length): ZipFile {
  const path = join(dir, Buffer.from(name).toString("hex"));
  writeFileSync(path, content);
  return { name, path, sizeBytes };
}

const written = (files: readonly ZipFile[]) => buffer(storedZip(files));

it("is as long as was said before, the same each time, and holds what the files hold", async () => {
  const large = Buffer.alloc(1_000_003, "words ");
  const files = [file("a.txt", "words"), file("Attachments/ü/日本.heic", large), file("empty", "")];
  const bytes = await written(files);

  expect(bytes).toHaveLength(storedZipBytes(files));
  expect((await written(files)).equals(bytes)).toBe(true);
  const members = await openZip(bytesSource(bytes), DEFAULT_ZIP_LIMITS);
  expect(members.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ["a.txt", 5],
    ["Attachments/ü/日本.heic", large.length],
    ["empty", 0],
  ]);
  expect((await buffer(members[1]!.open())).equals(large)).toBe(true);
});

it("holds as much of a file that grows as there was, and fails for one that shrinks", async () => {
  const grown = file("grown", "words and more", 5);
  const [member] = await openZip(bytesSource(await written([grown])), DEFAULT_ZIP_LIMITS);
  expect((await buffer(member!.open())).toString()).toBe("words");

  const shrunk = file("shrunk", "words");
  truncateSync(shrunk.path, 2);
  await expect(written([shrunk])).rejects.toThrow("shorter");
});
