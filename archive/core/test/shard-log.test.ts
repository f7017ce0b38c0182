import {
  checkpointKey,
  checkpointSigner,
  decodeHead,
  decodeSegment,
  headKey,
  keyBlockKey,
  openCheckpoint,
  parseVkey,
  type SeenLog,
  ShardLog,
} from "../src/index.ts";
import { memoryStores } from "../testing/index.ts";
import { sealedRecords, sha256 } from "./support/segments.ts";
import {
  append,
  at,
  expectConsistent,
  keyBlock,
  loggedIds,
  NOW,
  open,
  publishedNote,
  SHARD,
  signer,
} from "./support/shard.ts";

const DAY_MS = 86_400_000;
const ids = (records: readonly { id: string }[]) => records.map((r) => r.id);

describe("committing a segment", () => {
  it("leaves key block, segment, head, tiles and checkpoint", async () => {
    const stores = memoryStores({ keyringCopy: true });
    const log = await open(stores);
    const records = sealedRecords(3);
    const draft = await append(log, records);

    const key = keyBlockKey(SHARD, 0, draft.seg);
    for (const keyring of [stores.keyring, stores.keyringCopy!]) {
      expect((await keyring.read(key))?.body).toEqual(keyBlock(records));
    }
    const segment = decodeSegment(await stores.records.get(draft.key));
    expect(ids(segment.leaves)).toEqual(ids(records));
    expect(draft.places).toEqual(segment.leaves.map(({ off, len }) => ({ off, len })));
    expect((await stores.records.stat(draft.key))?.retainUntil).toEqual(
      new Date(NOW.getTime() + 400 * DAY_MS),
    );
    const head = decodeHead((await stores.heads.read(headKey(SHARD)))!.body);
    expect(head).toMatchObject({ segment: draft.key, previousSize: 0, stream: at(3) });
    expect(await publishedNote(stores)).toBe(head.checkpoint);
    expect(await loggedIds(stores)).toEqual(ids(records));
    expect([log.size, log.position]).toEqual([3, at(3)]);
  });

  it("writes the key block before the segment, and both before the head", async () => {
    const stores = memoryStores({ keyringCopy: true });
    const log = await open(stores);
    const written: string[] = [];
    const note = ({ operation, key }: { operation: string; key: string }, when: string) => {
      if (when === "before" && operation !== "read")
        written.push(key.split("/")[0] === "keyring" ? "keys" : key);
    };
    for (const store of [stores.records, stores.heads, stores.keyring, stores.keyringCopy!])
      store.hook = note;
    const { key } = await append(log, sealedRecords(300));

    expect(written).toEqual([
      "keys",
      "keys",
      key,
      headKey(SHARD),
      "log/0/tile/0/000",
      "log/0/tile/entries/000",
      "log/0/tile/0/001.p/44",
      "log/0/tile/1/000.p/1",
      "log/0/tile/entries/001.p/44",
      checkpointKey(SHARD),
    ]);
  });

  it("goes on where another process left off, over many sizes", async () => {
    const stores = memoryStores();
    const all: string[] = [];
    const notes: string[] = [];
    for (const count of [1, 254, 1, 1, 255, 256, 3, 4_096, 700]) {
      const records = sealedRecords(count);
      await append(await open(stores), records);
      all.push(...ids(records));
      notes.push((await publishedNote(stores))!);
    }

    expect(await loggedIds(stores)).toEqual(all);
    await expectConsistent(stores, notes);
  });

  it("lets drafting run ahead of committing", async () => {
    const stores = memoryStores();
    const log = await open(stores);
    const [a, b, c] = [sealedRecords(200), sealedRecords(200), sealedRecords(1)];
    const drafts = [a, b, c].map((records) => [log.draft(records), keyBlock(records)] as const);
    for (const [draft, block] of drafts) await log.commit(draft, block, at(draft.size));

    expect(await loggedIds(stores)).toEqual(ids([...a, ...b, ...c]));
  });

  it("refuses drafts out of their order", async () => {
    const log = await open(memoryStores());
    log.draft(sealedRecords(1));
    const second = log.draft(sealedRecords(1));

    await expect(log.commit(second, Buffer.from("k"), at(2))).rejects.toMatchObject({ code: "fork" });
  });

  it("keeps the partial tiles of two sizes, and no more", async () => {
    const stores = memoryStores();
    let log = await open(stores);
    for (let i = 0; i < 9; i += 1) {
      await append(log, sealedRecords(7));
      if (i % 4 === 3) log = await open(stores);
    }
    const partial = [...stores.heads.objects.keys()].filter((key) => key.includes(".p/")).toSorted();

    expect(partial).toEqual(
      ["tile/0/000.p/56", "tile/0/000.p/63", "tile/entries/000.p/56", "tile/entries/000.p/63"].map(
        (path) => `log/0/${path}`,
      ),
    );
  });
});

describe("two writers", () => {
  it("of one shard: one commits, the other commits nothing any more, nothing forks", async () => {
    const stores = memoryStores();
    await append(await open(stores), sealedRecords(5));
    const [one, two] = [await open(stores), await open(stores)];
    const [a, b] = [sealedRecords(4), sealedRecords(4)];
    const outcomes = await Promise.allSettled([append(one, a), append(two, b)]);

    const won = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
    expect(won).toHaveLength(1);
    const [loser, reason] = won[0] === 0 ? [two, outcomes[1]] : [one, outcomes[0]];
    expect((reason as PromiseRejectedResult).reason).toMatchObject({ code: "overtaken", retryable: false });
    expect((await loggedIds(stores)).slice(5)).toEqual(ids(won[0] === 0 ? a : b));
    await expect(append(loser, sealedRecords(1))).rejects.toMatchObject({ code: "fork" });
  });

  it("at their very first commit: one stops", async () => {
    const stores = memoryStores();
    const [one, two] = [await open(stores), await open(stores)];
    const outcomes = await Promise.allSettled([append(one, sealedRecords(1)), append(two, sealedRecords(1))]);

    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await loggedIds(stores)).toHaveLength(1);
  });

  it.each(["lost", "kept"] as const)("are told apart when the head's answer is %s", async (fault) => {
    const stores = memoryStores();
    await append(await open(stores), sealedRecords(5));
    const [one, two] = [await open(stores), await open(stores)];
    stores.heads.fail("replace", fault);
    const records = sealedRecords(2);
    const draft = one.draft(records);
    const commit = () => one.commit(draft, keyBlock(records), at(7)).catch((error: unknown) => error);
    const first = await commit();
    const other = await append(two, sealedRecords(3)).catch((error: unknown) => error);

    if (fault === "kept") {
      // It read the head back, and it was its own.
      expect(first).toBeUndefined();
      expect(other).toMatchObject({ code: "overtaken" });
    } else {
      expect(first).toMatchObject({ code: "store-unavailable", retryable: true });
      expect(await commit()).toMatchObject({ code: "overtaken" });
    }
    expect(await loggedIds(stores)).toHaveLength(fault === "kept" ? 7 : 8);
  });

  it("never shrink the published checkpoint, however late one of them publishes", async () => {
    const stores = memoryStores();
    await append(await open(stores), sealedRecords(5));
    const slow = await open(stores);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let reached: () => void = () => undefined;
    const publishing = new Promise<void>((resolve) => (reached = resolve));
    stores.heads.hook = async ({ operation, key }, when) => {
      if (operation === "put" && when === "before" && key.includes("tile/entries")) {
        stores.heads.hook = undefined;
        reached();
        await held;
      }
    };
    // Its head is in place, and it sleeps before it publishes.
    const late = append(slow, sealedRecords(2));
    await publishing;
    const quick = await open(stores);
    for (let i = 0; i < 5; i += 1) await append(quick, sealedRecords(100));
    const newest = await publishedNote(stores);
    release();
    await late;

    expect(await publishedNote(stores)).toBe(newest);
    expect(await loggedIds(stores)).toHaveLength(507);
    await expect(append(slow, sealedRecords(1))).rejects.toMatchObject({ code: "overtaken" });
  });

  it("do not take each other for damage: who opens while the other commits opens", async () => {
    const stores = memoryStores();
    const busy = await open(stores);
    await append(busy, sealedRecords(2));
    await append(busy, sealedRecords(3));
    // Between its reads the other commits three times, so that the tiles it looks for are gone.
    let commits = 3;
    stores.heads.hook = async ({ operation, key }, when) => {
      if (operation !== "read" || key !== headKey(SHARD) || when !== "after" || commits === 0) return;
      stores.heads.hook = undefined;
      for (; commits > 0; commits -= 1) await append(busy, sealedRecords(3));
    };
    const other = await open(stores);

    expect(other.size).toBe(14);
  });
});

describe("what an earlier life saw of the log", () => {
  const reopen = (stores: ReturnType<typeof memoryStores>, seen: SeenLog) =>
    ShardLog.open({ shard: SHARD, signer, stores, lockDays: 400, now: () => NOW, seen });

  it.each([0, 1, 5, 256, 300])("is continued by others, from %i records on", async (size) => {
    const stores = memoryStores();
    const first = await open(stores);
    if (size > 0) await append(first, sealedRecords(size));
    const { seen } = first;
    expect(seen.size).toBe(size);
    expect((await reopen(stores, seen)).size).toBe(size);
    for (const count of [1, 300, 3]) await append(await open(stores), sealedRecords(count));

    expect((await reopen(stores, seen)).size).toBe(size + 304);
  });

  it.each([
    ["as large", 5],
    ["larger", 700],
  ])("is another history in a log that is %s: a fork", async (_, size) => {
    const stores = memoryStores();
    const first = await open(stores);
    await append(first, sealedRecords(5));
    const other = memoryStores();
    await append(await open(other), sealedRecords(size));

    await expect(reopen(other, first.seen)).rejects.toMatchObject({ code: "fork", retryable: false });
  });

  it("is more than there is: a fork, and damage where there is nothing at all", async () => {
    const first = await open(memoryStores());
    await append(first, sealedRecords(5));
    const other = memoryStores();
    await append(await open(other), sealedRecords(4));

    await expect(reopen(other, first.seen)).rejects.toMatchObject({ code: "fork" });
    await expect(reopen(memoryStores(), first.seen)).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("opening a shard", () => {
  async function committed() {
    const stores = memoryStores();
    const log = await open(stores);
    await append(log, sealedRecords(300));
    const draft = await append(log, sealedRecords(10));
    return { stores, draft };
  }

  it("that is empty starts it", async () => {
    const log = await open(memoryStores());

    expect([log.size, log.position]).toEqual([0, undefined]);
  });

  it("refuses when the head is gone though a checkpoint is published", async () => {
    const { stores } = await committed();
    await stores.heads.remove(headKey(SHARD));

    await expect(open(stores)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("refuses a head rolled back behind the published checkpoint", async () => {
    const stores = memoryStores();
    const log = await open(stores);
    await append(log, sealedRecords(3));
    const old = stores.heads.objects.get(headKey(SHARD))!;
    await append(log, sealedRecords(3));
    stores.heads.objects.set(headKey(SHARD), old);

    await expect(open(stores)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("refuses a head that another key signed", async () => {
    const { stores } = await committed();
    const other = checkpointSigner(signer.origin, Buffer.alloc(32, 9));

    await expect(
      ShardLog.open({ shard: SHARD, signer: other, stores, lockDays: 1, now: () => NOW }),
    ).rejects.toMatchObject({ code: "corrupt" });
  });

  it.each([
    ["cut short", (head: string) => head.slice(0, -1)],
    ["of another shard", (head: string) => head.replace('"shard":"0"', '"shard":"1"')],
    [
      "with another edge",
      (head: string) => head.replace(/"edge":\["./, (m) => `${m.slice(0, -1)}${m.endsWith("A") ? "B" : "A"}`),
    ],
    ["with a field more", (head: string) => head.replace("{", '{"a":1,')],
    ["of a later version", (head: string) => head.replace('"v":1', '"v":2')],
  ])("refuses a head %s", async (_, change) => {
    const { stores } = await committed();
    const stored = (await stores.heads.read(headKey(SHARD)))!;
    await stores.heads.put(headKey(SHARD), Buffer.from(change(Buffer.from(stored.body).toString())));

    await expect(open(stores)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("refuses tiles that do not lead to the checkpoint", async () => {
    const { stores } = await committed();
    const key = "log/0/tile/1/000.p/1";
    await stores.heads.put(key, Buffer.alloc(32, 1));

    await expect(open(stores)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("makes lost partial tiles again from those of the size before and the last segment", async () => {
    const { stores } = await committed();
    await stores.heads.remove("log/0/tile/0/001.p/54");
    await stores.heads.remove("log/0/tile/entries/001.p/54");
    await open(stores);

    expect(await loggedIds(stores)).toHaveLength(310);
  });

  it("refuses when the partial tiles of both sizes are gone", async () => {
    const { stores } = await committed();
    for (const key of [...stores.heads.objects.keys()])
      if (key.includes(".p/")) await stores.heads.remove(key);

    await expect(open(stores)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("passes on that a store does not answer", async () => {
    const { stores } = await committed();
    stores.heads.fail("read", "lost");

    await expect(open(stores)).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  });

  it("signs what it holds: the head's checkpoint opens with the shard's key", async () => {
    const { stores, draft } = await committed();
    const { root, size } = openCheckpoint((await publishedNote(stores))!, parseVkey(signer.vkey));

    expect([size, sha256(root)]).toEqual([310, sha256(draft.root)]);
  });
});
