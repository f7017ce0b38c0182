import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { StreamPosition } from "@daybook/archive-core";
import { createLogger } from "@daybook/runtime";
import { IngestKeys } from "../src/ingest/ingest-keys.ts";
import { homeIngestKeys, type Keys, openKeys } from "../src/up/keys.ts";

const DAY_MS = 86_400_000;
const open = () => openKeys(dir, () => Promise.resolve("correct horse battery"));
const ends = () =>
  Promise.resolve([
    { shard: "a", stream: "s", offset: 10 },
    { shard: "b", stream: "s", offset: 5 },
  ]);
/** Shards that stand at these offsets. */
const at = (a: number, b: number) => () =>
  Promise.resolve(
    new Map<string, StreamPosition>([
      ["a", { id: "s", partition: 0, offset: a }],
      ["b", { id: "s", partition: 0, offset: b }],
    ]),
  );

const log = createLogger("test", "info", { stream: new PassThrough() });
let dir: string;
let keys: Keys;
let ingest: IngestKeys;
let first: Keys["service"]["ingest"][number];
let after: (days: number) => Date;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "daybook-ingest-"));
  keys = await open();
  ingest = await IngestKeys.open(homeIngestKeys(keys), log);
  first = keys.service.ingest[0] as typeof first;
  after = (days) => new Date(Date.parse(first.createdAt) + days * DAY_MS);
});
afterEach(async () => rm(dir, { recursive: true }));

describe("the ingest keys", () => {
  it("stay as they are within a week", async () => {
    await ingest.turn({ now: new Date(after(7).getTime() - 1), ends, positions: at(10, 5) });
    expect(ingest.current().publicKey).toBe(first.publicKey);
    expect((await open()).service).toEqual(keys.service);
  });

  it("get a new one after a week, and the older one is kept with where the streams ended", async () => {
    await ingest.turn({ now: after(7), ends, positions: at(9, 5) });
    const kept = (await open()).service.ingest;
    expect(kept).toEqual([{ ...first, retired: await ends() }, expect.anything()]);
    expect(kept[1]?.retired).toBeUndefined();
    expect(ingest.current().publicKey).toBe(kept[1]?.publicKey);
    expect(ingest.current().publicKey).not.toBe(first.publicKey);
    expect(ingest.privateKey(first.kid)).toBe(first.privateKey);
  });

  it("keep the new key before they ask where the streams end", async () => {
    let kept = 0;
    const asked = async () => {
      kept = (await open()).service.ingest.length;
      return ends();
    };
    await ingest.turn({ now: after(7), ends: asked, positions: at(0, 0) });
    expect(kept).toBe(2);
  });

  it("destroy an older one, in the file too, only when every shard is past it", async () => {
    await ingest.turn({ now: after(7), ends, positions: at(0, 0) });
    for (const behind of [at(9, 5), at(10, 4)]) {
      await ingest.turn({ now: after(7), ends, positions: behind });
      expect(ingest.privateKey(first.kid)).toBe(first.privateKey);
      expect((await open()).service.ingest).toHaveLength(2);
    }
    await ingest.turn({ now: after(7), ends, positions: at(10, 5) });
    expect(ingest.privateKey(first.kid)).toBeUndefined();
    const left = (await open()).service.ingest;
    expect(left.map(({ publicKey }) => publicKey)).toEqual([ingest.current().publicKey]);
  });

  it("use no new key when it cannot be kept", async () => {
    const failing: Keys = { ...keys, save: () => Promise.reject(new Error("full")) };
    const unkept = await IngestKeys.open(homeIngestKeys(failing), log);
    await expect(unkept.turn({ now: after(7), ends, positions: at(10, 5) })).rejects.toThrow("full");
    expect(unkept.current().publicKey).toBe(first.publicKey);
  });

  it("do not let go of a key that a producer may still use, nor of one that a spool holds events under", async () => {
    const turn = (overlapMs: number, isSpooled: boolean) =>
      ingest.turn({
        now: after(7),
        ends,
        positions: at(10, 5),
        overlapMs,
        spooled: () => Promise.resolve(isSpooled),
      });
    await turn(8 * DAY_MS, false);
    expect((await open()).service.ingest).toEqual([first, expect.anything()]);
    await turn(0, true);
    expect((await open()).service.ingest).toEqual([first, expect.anything()]);
    await turn(0, false);
    expect(ingest.privateKey(first.kid)).toBeUndefined();
  });
});
