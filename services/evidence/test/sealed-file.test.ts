import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newFileKey, openChunks, sealChunks } from "../src/building/sealed-file.ts";

const CHUNK = 64 * 1024;
const SEALED = CHUNK + 16;

let dir: string;
let path: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-sealed-"));
  path = join(dir, "file");
});
afterAll(() => rm(dir, { recursive: true }));

async function collected(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

async function sealed(content: Buffer, key: Buffer, pieceBytes = 10_000): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < content.length; at += pieceBytes)
      yield await Promise.resolve(content.subarray(at, at + pieceBytes));
  }
  return Buffer.concat(await collected(sealChunks(pieces(), key)));
}
async function opened(bytes: Buffer, key: Buffer): Promise<Buffer> {
  await writeFile(path, bytes);
  return Buffer.concat(await collected(openChunks(path, key)));
}

describe("a file that is sealed in chunks", () => {
  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])(
    "opens to what it was of %d bytes, in whatever pieces that came",
    async (size) => {
      const content = randomBytes(size);
      const key = newFileKey();
      for (const pieceBytes of [1_000, CHUNK, 10 * CHUNK]) {
        const bytes = await sealed(content, key, pieceBytes);
        expect(bytes.length).toBe(size + 16 * Math.max(1, Math.ceil(size / CHUNK)));
        expect((await opened(bytes, key)).equals(content)).toBe(true);
      }
    },
  );

  const swap = (bytes: Buffer) =>
    Buffer.concat([
      bytes.subarray(SEALED, 2 * SEALED),
      bytes.subarray(0, SEALED),
      bytes.subarray(2 * SEALED),
    ]);
  const flip = (at: number) => (bytes: Buffer) => {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["a byte differs", flip(5)],
    ["a tag differs", flip(SEALED - 1)],
    ["two chunks are swapped", swap],
    ["a chunk is left out", (bytes) => bytes.subarray(SEALED)],
    ["it is cut off between chunks", (bytes) => bytes.subarray(0, 2 * SEALED)],
    ["it is cut off inside one", (bytes) => bytes.subarray(0, 2 * SEALED + 20)],
    ["it is cut off inside a tag", (bytes) => bytes.subarray(0, 2 * SEALED + 3)],
    ["it is empty", () => Buffer.alloc(0)],
    ["something is added", (bytes) => Buffer.concat([bytes, Buffer.alloc(20)])],
  ])("does not open when %s", async (_what, alter) => {
    const key = newFileKey();
    const bytes = await sealed(randomBytes(2 * CHUNK + 100), key);
    await expect(opened(alter(bytes), key)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("does not open with another key", async () => {
    const bytes = await sealed(randomBytes(100), newFileKey());
    await expect(opened(bytes, newFileKey())).rejects.toMatchObject({ code: "corrupt" });
  });
});
