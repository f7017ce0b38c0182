import {
  ArchiveError,
  checkpointKey,
  checkpointSigner,
  decodeLeaf,
  encodeBundle,
  fsck,
  type FsckOptions,
  headKey,
  keyBlockKey,
  logEntries,
  logFileReader,
  type SealedRecord,
  Tree,
} from "../src/index.ts";
import { memoryStores, type MemoryStores } from "../testing/index.ts";
import { sealedRecords } from "./support/segments.ts";
import { append, NOW, open, SHARD, signer } from "./support/shard.ts";

const DAY_MS = 86_400_000;

/** A shard of two segments, 300 and 10 records. */
async function committed(stores = memoryStores()) {
  const log = await open(stores);
  const records = [sealedRecords(300), sealedRecords(10)];
  const drafts = [await append(log, records[0]!), await append(log, records[1]!)];
  return { stores, log, records, drafts };
}

/** Key blocks of the tests hold ids, one a line. */
function keyLines(records: readonly SealedRecord[][]): NonNullable<FsckOptions["keyLines"]> {
  const indexes = new Map(records.flat().map(({ id }, i) => [id, i]));
  return async (block) =>
    new Set(
      Buffer.from(block)
        .toString()
        .split("\n")
        .flatMap((id) => indexes.get(id) ?? []),
    );
}

function check(stores: MemoryStores, more: Partial<FsckOptions> = {}) {
  return fsck({ shard: SHARD, vkey: signer.vkey, stores, minLockDays: 200, now: NOW, ...more });
}

function damage(stores: MemoryStores["records"], key: string, change: (body: Buffer) => Buffer) {
  const object = stores.objects.get(key)!;
  stores.objects.set(key, { ...object, body: change(Buffer.from(object.body)) });
}

const flip = (at: number) => (body: Buffer) => {
  body[at]! ^= 1;
  return body;
};

describe("fsck", () => {
  it("finds nothing wrong with a sound shard, nor with one that is empty", async () => {
    const { stores, records } = await committed();

    expect(await check(stores, { keyLines: keyLines(records) })).toEqual({
      shard: SHARD,
      size: 310,
      segments: 2,
      problems: [],
    });
    expect(await check(memoryStores())).toMatchObject({ size: 0, segments: 0, problems: [] });
  });

  it("finds nothing wrong while a writer is at work", async () => {
    const { stores, log } = await committed();
    let reads = 0;
    stores.heads.hook = async ({ operation }, when) => {
      reads += 1;
      if (operation !== "read" || when !== "after" || reads % 3 !== 0 || log.size > 500) return;
      const { hook } = stores.heads;
      stores.heads.hook = undefined;
      await append(log, sealedRecords(20));
      stores.heads.hook = hook;
    };

    expect((await check(stores)).problems).toEqual([]);
    expect(log.size).toBeGreaterThan(310);
  });

  type Damaged = Awaited<ReturnType<typeof committed>>;
  it.each<[string, (shard: Damaged) => unknown, (shard: Damaged) => string]>([
    [
      "a byte of a packet",
      ({ stores, drafts }) => damage(stores.records, drafts[0]!.key, flip(70)),
      ({ drafts }) => drafts[0]!.key,
    ],
    [
      "a segment cut short",
      ({ stores, drafts }) => damage(stores.records, drafts[1]!.key, (b) => b.subarray(0, -1)),
      ({ drafts }) => drafts[1]!.key,
    ],
    [
      "a segment that is gone",
      ({ stores, drafts }) => stores.records.objects.delete(drafts[0]!.key),
      ({ drafts }) => drafts[0]!.key,
    ],
    [
      "a segment in the place of another",
      ({ stores, drafts }) =>
        damage(stores.records, drafts[0]!.key, () =>
          Buffer.from(stores.records.objects.get(drafts[1]!.key)!.body),
        ),
      ({ drafts }) => drafts[0]!.key,
    ],
    [
      "a lock that ends too soon",
      ({ stores, drafts }) =>
        (stores.records.objects.get(drafts[1]!.key)!.retainUntil = new Date(NOW.getTime() + 199 * DAY_MS)),
      ({ drafts }) => drafts[1]!.key,
    ],
    [
      "a byte of a full hash tile",
      ({ stores }) => damage(stores.records, "log/0/tile/0/000", flip(40)),
      () => "log/0/tile/0/000",
    ],
    [
      "a full hash tile that is gone",
      ({ stores }) => stores.records.objects.delete("log/0/tile/0/000"),
      () => "log/0/tile/0/000",
    ],
    [
      "a full bundle that is gone",
      ({ stores }) => stores.records.objects.delete("log/0/tile/entries/000"),
      () => "log/0",
    ],
    [
      "a partial hash tile",
      ({ stores }) => stores.heads.put("log/0/tile/0/001.p/54", Buffer.alloc(54 * 32)),
      () => "log/0/tile/0/001.p/54",
    ],
    [
      "a partial bundle that is gone",
      ({ stores }) => stores.heads.remove("log/0/tile/entries/001.p/54"),
      () => "log/0",
    ],
    [
      "a head that is no head",
      ({ stores }) => stores.heads.put(headKey(SHARD), Buffer.from("{}")),
      () => "log/0",
    ],
    ["a head that is gone", ({ stores }) => stores.heads.remove(headKey(SHARD)), () => headKey(SHARD)],
    [
      "no published checkpoint",
      ({ stores }) => stores.heads.remove(checkpointKey(SHARD)),
      () => checkpointKey(SHARD),
    ],
    [
      "a published checkpoint ahead of the head",
      ({ stores }) => stores.heads.put(checkpointKey(SHARD), Buffer.from(signer.sign(311, Buffer.alloc(32)))),
      () => checkpointKey(SHARD),
    ],
    [
      "a published checkpoint of another tree, signed with our key",
      ({ stores }) => stores.heads.put(checkpointKey(SHARD), Buffer.from(signer.sign(300, Buffer.alloc(32)))),
      () => checkpointKey(SHARD),
    ],
    [
      "a published checkpoint that another key signed",
      ({ stores, drafts }) =>
        stores.heads.put(
          checkpointKey(SHARD),
          Buffer.from(checkpointSigner(signer.origin, Buffer.alloc(32, 9)).sign(310, drafts[1]!.root)),
        ),
      () => "log/0",
    ],
    [
      "a key block that is gone",
      ({ stores, drafts }) => stores.keyring.remove(keyBlockKey(SHARD, 0, drafts[0]!.seg)),
      ({ drafts }) => keyBlockKey(SHARD, 0, drafts[0]!.seg),
    ],
    [
      "a key line that is gone",
      ({ stores, drafts, records }) =>
        stores.keyring.put(
          keyBlockKey(SHARD, 300, drafts[1]!.seg),
          Buffer.from(
            records[1]!
              .slice(1)
              .map((r) => r.id)
              .join("\n"),
          ),
        ),
      ({ drafts }) => keyBlockKey(SHARD, 300, drafts[1]!.seg),
    ],
  ])("finds %s", async (_, break_, where) => {
    const shard = await committed();
    await break_(shard);
    const { problems } = await check(shard.stores, { keyLines: keyLines(shard.records) });

    expect(problems.map((problem) => problem.where)).toContain(where(shard));
  });

  it("finds entries that do not lead to the signed root, though every tile fits them", async () => {
    const { stores } = await committed();
    const entries: Buffer[] = [];
    for await (const { entry } of logEntries(logFileReader(stores, SHARD), 310))
      entries.push(Buffer.from(entry));
    const { t } = decodeLeaf(entries[305]!);
    entries[305] = Buffer.from(entries[305]!.toString().replace(`"t":${t}`, `"t":${t + 1}`));
    const { full, partial } = new Tree().append(entries);
    for (const { path, bytes } of full) damage(stores.records, `log/0/${path}`, () => Buffer.from(bytes));
    for (const { path, bytes } of partial) await stores.heads.put(`log/0/${path}`, bytes);

    expect((await check(stores)).problems).toContainEqual({
      where: headKey(SHARD),
      problem: "the entries do not lead to the signed root",
    });
  });

  it("finds a bundle that is no bundle, and one whose entries are no leaves", async () => {
    for (const body of [
      Buffer.from("x"),
      encodeBundle(Array.from({ length: 256 }, () => Buffer.from("{}"))),
    ]) {
      const { stores } = await committed();
      damage(stores.records, "log/0/tile/entries/000", () => body);

      expect((await check(stores)).problems).toContainEqual(expect.objectContaining({ where: "log/0" }));
    }
  });

  it("passes on that a store does not answer, instead of calling it damage", async () => {
    const { stores } = await committed();
    stores.records.fail("get", "lost");

    await expect(check(stores)).rejects.toMatchObject({ code: "store-unavailable" });
  });

  it("tells a block that is gone as one problem, and which lines a block lacks", async () => {
    const { stores, records, drafts } = await committed();
    await stores.keyring.remove(keyBlockKey(SHARD, 300, drafts[1]!.seg));
    const kept = records[0]!.filter((_, i) => ![0, 7, 8, 299].includes(i));
    await stores.keyring.put(
      keyBlockKey(SHARD, 0, drafts[0]!.seg),
      Buffer.from(kept.map(({ id }) => id).join("\n")),
    );

    expect((await check(stores, { keyLines: keyLines(records) })).problems.map((p) => p.problem)).toEqual([
      "no session key for record 0",
      "no session key for records 7 to 8",
      "no session key for record 299",
      "no session key for records 300 to 309",
    ]);
  });

  describe("where a second copy of the keyring is kept", () => {
    const withCopy = () => committed(memoryStores({ keyringCopy: true }));
    const block = (...lines: (string | number)[]) => Buffer.from(lines.join("\n"));
    /** Blocks of these tests hold the names of their lines. */
    const named: NonNullable<FsckOptions["keyLines"]> = async (body) =>
      new Set(
        Buffer.from(body)
          .toString()
          .split("\n")
          .map((line) => (line.includes(".") ? (line as `${number}.${number}`) : Number(line))),
      );
    const whole = Array.from({ length: 10 }, (_, i) => 300 + i);
    /** The problems of the second segment, of which the copies hold these blocks. */
    const problemsOf = async (
      first: Buffer | undefined,
      second: Buffer | undefined,
      disposed: readonly number[] = [],
    ) => {
      const { stores, records, drafts } = await withCopy();
      const ids = new Set(disposed.map((index) => records[1]![index - 300]!.id));
      const early = keyBlockKey(SHARD, 0, drafts[0]!.seg);
      const key = keyBlockKey(SHARD, 300, drafts[1]!.seg);
      for (const [store, body] of [
        [stores.keyring, first],
        [stores.keyringCopy!, second],
      ] as const) {
        await store.put(early, block(...Array.from({ length: 300 }, (_, i) => i)));
        if (body) await store.put(key, body);
        else await store.remove(key);
      }
      const { problems } = await check(stores, { keyLines: named, disposed: async () => ids });
      expect(new Set(problems.map(({ where }) => where))).toEqual(new Set(problems.length > 0 ? [key] : []));
      return problems.map(({ problem }) => problem);
    };

    it("finds nothing wrong when both have a line for every record", async () => {
      expect(await problemsOf(block(...whole, "304.0"), block(...whole, "304.0"))).toEqual([]);
    });

    it("tells which copy lacks what", async () => {
      expect(await problemsOf(block(...whole), block(...whole.slice(1)))).toEqual([
        "no session key for record 300 in the second copy of the keyring",
      ]);
      expect(await problemsOf(block(...whole.slice(0, 8)), block(...whole))).toEqual([
        "no session key for records 308 to 309 in the first copy of the keyring",
      ]);
      expect(await problemsOf(block(...whole), undefined)).toEqual([
        "no session key for records 300 to 309 in the second copy of the keyring",
      ]);
    });

    it("tells an attachment's line that only one of them has", async () => {
      expect(await problemsOf(block(...whole, "304.0", "305.1"), block(...whole, "305.1"))).toEqual([
        "no session key for attachment 304.0 in the second copy of the keyring",
      ]);
      expect(await problemsOf(block(...whole), block(...whole, "304.0"))).toEqual([
        "no session key for attachment 304.0 in the first copy of the keyring",
      ]);
    });

    it("wants what was disposed of out of both, attachments included", async () => {
      const kept = block(...whole.slice(1));
      expect(await problemsOf(kept, kept, [300])).toEqual([]);
      expect(await problemsOf(kept, block(...whole, "300.0"), [300])).toEqual([
        "record 300 was disposed of but its session key is there in the second copy of the keyring",
        "record 300 was disposed of but the session key of its attachment 300.0 is there in the second copy of the keyring",
        "no session key for attachment 300.0 in the first copy of the keyring",
      ]);
    });

    it("names the copy whose block cannot be read, and still checks the other", async () => {
      const { stores, drafts } = await withCopy();
      await stores.keyringCopy!.put(keyBlockKey(SHARD, 0, drafts[0]!.seg), Buffer.from("broken"));
      const { problems } = await check(stores, {
        keyLines: (body) =>
          Buffer.from(body).equals(Buffer.from("broken"))
            ? Promise.reject(new ArchiveError("undecryptable", "the block cannot be opened"))
            : Promise.resolve(new Set<number>()),
      });
      expect(problems.map(({ problem }) => problem).slice(0, 2)).toEqual([
        "no session key for records 0 to 299 in the first copy of the keyring",
        "the block cannot be opened in the second copy of the keyring",
      ]);
    });
  });

  describe("where records were disposed of", () => {
    const gone = (records: readonly SealedRecord[]) => {
      const ids = new Set(records.map((r) => r.id));
      return async () => ids;
    };

    it("wants no key line of theirs", async () => {
      const { stores, records, drafts } = await committed();
      const key = keyBlockKey(SHARD, 300, drafts[1]!.seg);
      const disposed = gone(records[1]!.slice(0, 2));
      const before = await check(stores, { keyLines: keyLines(records), disposed });
      await stores.keyring.put(
        key,
        Buffer.from(
          records[1]!
            .slice(2)
            .map((r) => r.id)
            .join("\n"),
        ),
      );
      const after = await check(stores, { keyLines: keyLines(records), disposed });

      expect(before.problems).toEqual(
        [300, 301].map((index) => ({
          where: key,
          problem: `record ${index} was disposed of but its session key is there`,
        })),
      );
      expect(after.problems).toEqual([]);
    });

    it("lets a segment without a live record lose its lock, its block and itself; not one with a live record", async () => {
      const { stores, records, drafts } = await committed();
      await stores.keyring.remove(keyBlockKey(SHARD, 300, drafts[1]!.seg));
      stores.records.objects.get(drafts[1]!.key)!.retainUntil = NOW;
      const all = { keyLines: keyLines(records), disposed: gone(records[1]!) };
      expect((await check(stores, all)).problems).toEqual([]);
      stores.records.objects.delete(drafts[1]!.key);
      expect((await check(stores, all)).problems).toEqual([]);

      const most = { ...all, disposed: gone(records[1]!.slice(1)) };
      expect((await check(stores, most)).problems.map((p) => p.problem)).toEqual([
        "the segment is gone",
        "no session key for record 300",
      ]);
    });
  });
});
