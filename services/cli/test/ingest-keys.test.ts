import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { ArchiverProgress } from "@daybook/archiver";
import { createLogger } from "@daybook/runtime";
import { IngestKeys } from "../src/up/ingest-keys.ts";
import { type Keys, openKeys } from "../src/up/keys.ts";

const DAY_MS = 86_400_000;
const open = () => openKeys(dir, () => Promise.resolve("correct horse battery"));
const ends = () =>
  Promise.resolve([
    { shard: "a", stream: "s", offset: 10 },
    { shard: "b", stream: "s", offset: 5 },
  ]);
/** Shards that stand at these offsets. */
function at(a: number, b: number): ArchiverProgress {
  const progress = new ArchiverProgress(["a", "b"]);
  for (const [shard, offset] of Object.entries({ a, b })) {
    progress.reporter(shard).start(offset, 0, { id: "s", partition: 0, offset }, () => undefined);
  }
  return progress;
}

let dir: string;
let keys: Keys;
let ingest: IngestKeys;
let first: Keys["service"]["ingest"][number];
let after: (days: number) => Date;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-ingest-"));
  keys = await open();
  ingest = new IngestKeys(keys, createLogger("test", "info", { stream: new PassThrough() }));
  first = keys.service.ingest[0] as typeof first;
  after = (days) => new Date(Date.parse(first.createdAt) + days * DAY_MS);
});
afterEach(async () => rm(dir, { recursive: true }));

describe("the ingest keys", () => {
  it("stay as they are within a week", async () => {
    await ingest.turn(new Date(after(7).getTime() - 1), ends, at(10, 5));
    expect(ingest.publicKey()).toBe(first.publicKey);
    expect((await open()).service).toEqual(keys.service);
  });

  it("get a new one after a week, and the older one is kept with where the streams ended", async () => {
    await ingest.turn(after(7), ends, at(9, 5));
    const kept = (await open()).service.ingest;
    expect(kept).toEqual([{ ...first, retired: await ends() }, expect.anything()]);
    expect(kept[1]?.retired).toBeUndefined();
    expect(ingest.publicKey()).toBe(kept[1]?.publicKey);
    expect(ingest.publicKey()).not.toBe(first.publicKey);
    expect(ingest.privateKey(first.kid)).toBe(first.privateKey);
  });

  it("keep the new key before they ask where the streams end", async () => {
    let kept = 0;
    const asked = async () => {
      kept = (await open()).service.ingest.length;
      return ends();
    };
    await ingest.turn(after(7), asked, at(0, 0));
    expect(kept).toBe(2);
  });

  it("destroy an older one, in the file too, only when every shard is past it", async () => {
    await ingest.turn(after(7), ends, at(0, 0));
    for (const behind of [at(9, 5), at(10, 4)]) {
      await ingest.turn(after(7), ends, behind);
      expect(ingest.privateKey(first.kid)).toBe(first.privateKey);
      expect((await open()).service.ingest).toHaveLength(2);
    }
    await ingest.turn(after(7), ends, at(10, 5));
    expect(ingest.privateKey(first.kid)).toBeUndefined();
    const left = (await open()).service.ingest;
    expect(left.map(({ publicKey }) => publicKey)).toEqual([ingest.publicKey()]);
  });

  it("use no new key when it cannot be kept", async () => {
    const failing: Keys = { ...keys, save: () => Promise.reject(new Error("full")) };
    const unkept = new IngestKeys(failing, createLogger("test", "info", { stream: new PassThrough() }));
    await expect(unkept.turn(after(7), ends, at(10, 5))).rejects.toThrow("full");
    expect(unkept.publicKey()).toBe(first.publicKey);
  });
});
