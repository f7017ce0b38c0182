import { hash, randomBytes } from "node:crypto";
import {
  canonical,
  checkpointSigner,
  decodeLeaf,
  type Draft,
  headKey,
  keyBlockKey,
  logEntries,
  logFileReader,
  segmentKey,
  ShardLog,
} from "@daybook/archive-core";
import { type MemoryStores, memoryStores } from "@daybook/archive-core/testing";
import { createLogger } from "@daybook/runtime";
import { PassThrough } from "node:stream";
import { retainOnce, type RetentionOptions, runRetention } from "../src/index.ts";

const DAY_MS = 86_400_000;
const SHARD = "0";
const signer = checkpointSigner("dept.example/0", Buffer.alloc(32, 1));
const never = new AbortController().signal;
const digestOf = (n: number) => hash("sha256", `attachment ${n}`);

/** A deployment of one shard under a clock that the test moves. */
class Rig {
  now = new Date("2026-03-04T15:04:05.000Z");
  readonly stores: MemoryStores = memoryStores({ now: () => this.now, keyringCopy: true });
  readonly disposed: { shard: string; index: number }[] = [];
  readonly held = new Set<string>();
  readonly claimed = new Map<string, boolean>();
  archivedCalls = 0;
  factsFail = false;
  readonly logged = new PassThrough();
  readonly #log = createLogger("retention", "debug", { stream: this.logged });

  options(more: Partial<RetentionOptions> = {}): RetentionOptions {
    const { records, heads, keyring, keyringCopy } = this.stores;
    const fail = () => {
      if (this.factsFail) throw new Error("the records service is down");
    };
    return {
      shards: [{ shard: SHARD, vkey: signer.vkey }],
      objects: records,
      heads,
      extender: records,
      expirer: records,
      sweeper: { heads, keyrings: [keyring, keyringCopy!] },
      snapshots: { keyring: keyringCopy!, writer: records, days: 34 },
      facts: {
        disposed: async function* () {
          fail();
          yield* rig.disposed;
        },
        heldSegments: async function* () {
          fail();
          yield* rig.held;
        },
        claimed: async function* () {
          fail();
          for (const [sealed, held] of rig.claimed) yield { sealed, held };
        },
        archived: async () => {
          this.archivedCalls += 1;
        },
      },
      lockDays: 400,
      extendBelowDays: 220,
      minLockDays: 200,
      graceDays: 30,
      namesInMemory: 2,
      log: this.#log,
      now: () => this.now,
      ...more,
    };
  }

  pass(more: Partial<RetentionOptions> = {}) {
    return retainOnce(this.options(more), never);
  }

  async days(count: number): Promise<void> {
    this.now = new Date(this.now.getTime() + count * DAY_MS);
  }

  open(): Promise<ShardLog> {
    return ShardLog.open({ shard: SHARD, signer, stores: this.stores, lockDays: 400, now: () => this.now });
  }

  /** Commits segments of so many records each. */
  async commit(...counts: number[]): Promise<Draft[]> {
    const log = await this.open();
    const drafts: Draft[] = [];
    for (const count of counts) {
      const draft = log.draft(
        Array.from({ length: count }, () => ({
          id: randomBytes(16).toString("hex"),
          rec: randomBytes(32).toString("hex"),
          packet: randomBytes(30),
        })),
      );
      await log.commit(draft, Buffer.from(`keys of ${draft.seg}`), {
        id: "s",
        partition: 0,
        offset: draft.size,
      });
      drafts.push(draft);
    }
    return drafts;
  }

  async attach(n: number, days = 30): Promise<string> {
    const key = `attachment/${digestOf(n)}`;
    await this.stores.records.put({
      key,
      body: Buffer.from(`attachment ${n}`),
      retainUntil: new Date(this.now.getTime() + days * DAY_MS),
    });
    return key;
  }

  dispose(from: number, to: number): void {
    for (let index = from; index < to; index += 1) this.disposed.push({ shard: SHARD, index });
  }

  lockDaysOf(key: string): number | undefined {
    const object = this.stores.records.objects.get(key);
    return object && (object.retainUntil.getTime() - this.now.getTime()) / DAY_MS;
  }

  has(key: string): boolean {
    return this.stores.records.objects.has(key);
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("a pass", () => {
  it("does nothing to a fresh archive but copy its keyring", async () => {
    await rig.commit(300, 10);

    expect(await rig.pass()).toEqual({
      extended: 0,
      held: 0,
      released: 0,
      swept: 0,
      expired: { orphans: 0, disposed: 0, attachments: 0, snapshots: 0 },
      copied: 2,
      kept: 0,
      alerts: [],
      moreAlerts: 0,
    });
  });

  it("does nothing to an archive that is empty", async () => {
    expect((await rig.pass()).alerts).toEqual([]);
  });

  it("keeps segments, tiles and claimed attachments locked, for years, without an alert", async () => {
    const drafts = await rig.commit(300, 10);
    const attachment = await rig.attach(1, 400);
    rig.claimed.set(digestOf(1), false);
    const keys = [...drafts.map(({ key }) => key), "log/0/tile/0/000", "log/0/tile/entries/000", attachment];
    for (let day = 0; day < 1_000; day += 1) {
      const { alerts } = await rig.pass();
      expect(alerts).toEqual([]);
      for (const key of keys) expect(rig.lockDaysOf(key)).toBeGreaterThan(200);
      await rig.days(1);
    }
  });

  it("never shortens a lock", async () => {
    const [draft] = await rig.commit(3);
    await rig.stores.records.extend(draft!.key, new Date(rig.now.getTime() + 4_000 * DAY_MS));
    for (let month = 0; month < 24; month += 1) {
      await rig.pass();
      await rig.days(30);
    }

    expect(rig.lockDaysOf(draft!.key)).toBe(4_000 - 24 * 30);
  });

  it("alerts of what it finds below 200 days, and puts it right", async () => {
    const [draft] = await rig.commit(3);
    await rig.days(201);
    const { alerts, extended } = await rig.pass();

    expect(alerts).toEqual([{ key: draft!.key, problem: "its lock had 199 days left" }]);
    expect(extended).toBe(1);
    expect((await rig.pass()).alerts).toEqual([]);
  });

  it("alerts of what it cannot lengthen, and goes on", async () => {
    const [one, two] = await rig.commit(3, 3);
    await rig.days(190);
    rig.stores.records.fail("extend", "lost");
    const { alerts, extended } = await rig.pass();

    expect(alerts).toEqual([
      { key: one!.key, problem: "its lock could not be lengthened: store-unavailable" },
    ]);
    expect(extended).toBe(1);
    expect(rig.lockDaysOf(two!.key)).toBe(400);
    await rig.pass();
    expect(rig.lockDaysOf(one!.key)).toBe(400);
  });

  it("alerts of a segment that is gone, and of keys that are gone in either keyring", async () => {
    const [one, two, three] = await rig.commit(3, 3, 3);
    rig.stores.records.objects.delete(two!.key);
    await rig.stores.keyring.remove(keyBlockKey(SHARD, 0, one!.seg));
    await rig.stores.keyringCopy!.remove(keyBlockKey(SHARD, 6, three!.seg));

    expect((await rig.pass()).alerts).toEqual([
      { key: keyBlockKey(SHARD, 0, one!.seg), problem: "the session keys of live records are gone" },
      { key: two!.key, problem: "it is gone" },
      { key: keyBlockKey(SHARD, 6, three!.seg), problem: "the session keys of live records are gone" },
    ]);
  });
});

describe("disposal", () => {
  it("of every record of a segment lets its lock lapse, and then the segment goes; its neighbours stay", async () => {
    const [one, two] = await rig.commit(5, 5);
    rig.dispose(0, 5);
    rig.dispose(5, 9);
    for (let day = 0; day < 399; day += 19) {
      await rig.pass();
      await rig.days(19);
    }
    expect(rig.has(one!.key)).toBe(true);
    await rig.days(1);
    const { expired } = await rig.pass();

    expect(expired.disposed).toBe(1);
    expect([rig.has(one!.key), rig.has(two!.key)]).toEqual([false, true]);
    expect((await rig.pass()).alerts).toEqual([]);
  });

  it("does not take a segment that is on hold", async () => {
    const [one] = await rig.commit(5);
    rig.dispose(0, 5);
    rig.held.add(one!.seg);
    await rig.days(401);
    const { held, expired } = await rig.pass();
    expect([held, expired.disposed, rig.has(one!.key)]).toEqual([1, 0, true]);

    rig.held.clear();
    const after = await rig.pass();
    expect([after.released, after.expired.disposed, rig.has(one!.key)]).toEqual([1, 1, false]);
  });
});

describe("a hold", () => {
  it("is set on segments and attachments of held records, and lifted with it", async () => {
    const [one, two] = await rig.commit(5, 5);
    const [a, b] = [await rig.attach(1, 400), await rig.attach(2, 400)];
    rig.held.add(two!.seg);
    rig.claimed.set(digestOf(1), true).set(digestOf(2), false);
    const holds = () =>
      [one!.key, two!.key, a, b].map((key) => rig.stores.records.objects.get(key)!.legalHold);
    expect((await rig.pass()).held).toBe(2);
    expect(holds()).toEqual([false, true, true, false]);
    expect((await rig.pass()).held).toBe(0);

    rig.held.clear();
    rig.claimed.set(digestOf(1), false);
    expect((await rig.pass()).released).toBe(2);
    expect(holds()).toEqual([false, false, false, false]);
  });
});

describe("the sweeper", () => {
  it("destroys key blocks below the head that no leaf names, in both keyrings, and no other", async () => {
    const [one, two] = await rig.commit(5, 5);
    const orphan = keyBlockKey(SHARD, 5, "ab".repeat(32));
    const inside = keyBlockKey(SHARD, 2, one!.seg);
    const coming = keyBlockKey(SHARD, 10, "cd".repeat(32));
    const other = "keyring/0/notes";
    for (const keyring of [rig.stores.keyring, rig.stores.keyringCopy!]) {
      for (const key of [orphan, inside, coming, other]) await keyring.put(key, Buffer.from("keys"));
    }
    expect((await rig.pass()).swept).toBe(4);

    for (const keyring of [rig.stores.keyring, rig.stores.keyringCopy!]) {
      const named = [keyBlockKey(SHARD, 0, one!.seg), keyBlockKey(SHARD, 5, two!.seg)];
      expect([...keyring.objects.keys()].toSorted()).toEqual([...named, coming, other].toSorted());
    }
  });

  it("destroys nothing on the word of tiles that do not lead to the signed root", async () => {
    const [one] = await rig.commit(5);
    const read = logFileReader(rig.stores, SHARD);
    const entries: Buffer[] = [];
    for await (const { entry } of logEntries(read, 5)) entries.push(Buffer.from(entry));
    const forged = entries.map((entry) => {
      const { seg } = decodeLeaf(entry);
      return Buffer.from(entry.toString().replace(seg, "ab".repeat(32)));
    });
    const bundle = Buffer.concat(
      forged.map((e) => Buffer.concat([Buffer.from([e.length >> 8, e.length & 255]), e])),
    );
    await rig.stores.heads.put("log/0/tile/entries/000.p/5", bundle);

    await expect(rig.pass()).rejects.toMatchObject({ code: "log-unproven" });
    expect(rig.stores.keyring.objects.has(keyBlockKey(SHARD, 0, one!.seg))).toBe(true);
  });

  it("judges nothing by a head that the log's key did not sign", async () => {
    await rig.commit(5);
    const forger = checkpointSigner(signer.origin, Buffer.alloc(32, 9));
    const stored = (await rig.stores.heads.read(headKey(SHARD)))!;
    const head = JSON.parse(Buffer.from(stored.body).toString()) as Record<string, unknown>;
    head.checkpoint = forger.sign(9, Buffer.alloc(32));
    await rig.stores.heads.put(headKey(SHARD), Buffer.from(canonical(head as never)));

    await expect(rig.pass()).rejects.toMatchObject({ code: "corrupt" });
  });

  it("removes partial tiles that the tree has grown past, and none that a restart needs", async () => {
    await rig.commit(3, 4, 5, 300, 6);
    const kept = [...rig.stores.heads.objects.keys()].toSorted();
    for (const path of ["tile/0/000.p/3", "tile/entries/000.p/3", "tile/0/000.p/12"]) {
      await rig.stores.heads.put(`log/0/${path}`, Buffer.alloc(1));
    }
    expect((await rig.pass()).swept).toBe(3);

    expect([...rig.stores.heads.objects.keys()].toSorted()).toEqual(kept);
    expect((await rig.open()).size).toBe(318);
  });

  it("leaves a writer at work in peace", async () => {
    const log = await rig.open();
    const stop = new AbortController();
    const sweeping = (async () => {
      while (!stop.signal.aborted) {
        await rig.pass();
        await new Promise(setImmediate);
      }
    })();
    for (let i = 0; i < 40; i += 1) {
      const draft = log.draft([{ id: "ab".repeat(16), rec: "cd".repeat(32), packet: randomBytes(30) }]);
      await log.commit(draft, Buffer.from(draft.seg), { id: "s", partition: 0, offset: i });
      await new Promise(setImmediate);
    }
    stop.abort();
    await sweeping;

    expect([...rig.stores.keyring.objects.keys()]).toHaveLength(40);
    expect((await rig.open()).size).toBe(40);
  });
});

describe("what nothing needs", () => {
  it("an orphan segment goes when its lock has lapsed", async () => {
    await rig.commit(5, 5);
    const orphan = segmentKey(SHARD, 5, "ab".repeat(32));
    const coming = segmentKey(SHARD, 10, "ab".repeat(32));
    for (const key of [orphan, coming]) {
      await rig.stores.records.put({
        key,
        body: Buffer.from("x"),
        retainUntil: new Date(rig.now.getTime() + 400 * DAY_MS),
      });
    }
    await rig.days(399);
    await rig.pass();
    expect(rig.has(orphan)).toBe(true);
    await rig.days(2);

    expect((await rig.pass()).expired.orphans).toBe(1);
    expect([rig.has(orphan), rig.has(coming)]).toEqual([false, true]);
  });

  it("an unclaimed attachment goes after its first lock and a grace; a claimed one never", async () => {
    const [unclaimed, claimed] = [await rig.attach(1), await rig.attach(2)];
    rig.claimed.set(digestOf(2), false);
    await rig.days(31);
    await rig.pass();
    expect([rig.has(unclaimed), rig.lockDaysOf(claimed)]).toEqual([true, 400]);
    await rig.days(30);

    expect((await rig.pass()).expired.attachments).toBe(1);
    expect([rig.has(unclaimed), rig.has(claimed)]).toEqual([false, true]);
  });

  it("an attachment is judged only after everything that may claim it is archived", async () => {
    const key = await rig.attach(1);
    await rig.days(61);
    const options = rig.options();
    const facts: RetentionOptions["facts"] = {
      ...options.facts,
      archived: async () => {
        // The event that claims it was waiting on the stream.
        rig.claimed.set(digestOf(1), false);
      },
    };
    await rig.pass({ facts });
    expect(rig.lockDaysOf(key)).toBe(400);

    const other = await rig.attach(2, -40);
    const late = await rig.attach(3, 100);
    rig.claimed.set(digestOf(3), false);
    const stuck = { ...options.facts, archived: () => Promise.reject(new Error("the archiver is down")) };
    const { alerts, expired } = await rig.pass({ facts: stuck });
    expect(alerts.map(({ problem }) => problem)).toContain(
      "the archiver is behind: nothing unclaimed was removed",
    );
    expect([expired.attachments, rig.has(other), rig.lockDaysOf(late)]).toEqual([0, true, 400]);
  });

  it("is not removed when the facts cannot be had", async () => {
    const [one] = await rig.commit(5);
    const attachment = await rig.attach(1);
    rig.dispose(0, 5);
    await rig.days(500);
    rig.factsFail = true;

    await expect(rig.pass()).rejects.toThrow("the records service is down");
    expect([rig.has(one!.key), rig.has(attachment)]).toEqual([true, true]);
  });

  it("stays when the store says that it is locked, whatever the clock here says", async () => {
    await rig.commit(5);
    rig.dispose(0, 5);
    const key = [...rig.stores.records.objects.keys()].find((one) => one.includes("segment"))!;
    const ahead = () => new Date(rig.now.getTime() + 500 * DAY_MS);
    const { alerts } = await rig.pass({ now: ahead });

    expect(alerts).toContainEqual({ key, problem: "it could not be removed: object-locked" });
    expect(rig.has(key)).toBe(true);
  });
});

describe("copies of the keyring", () => {
  const copies = () =>
    [...rig.stores.records.objects.keys()].filter((key) => key.startsWith("keyring-snapshot/"));

  it("hold every block, under a lock, and are kept while it is as it was", async () => {
    const [one] = await rig.commit(5, 5);
    for (let day = 0; day < 100; day += 1) {
      await rig.pass();
      await rig.days(1);
    }

    expect(copies()).toHaveLength(2);
    const copy = copies().find((key) => key.includes(one!.seg))!;
    expect(copy).toMatch(/^keyring-snapshot\/2026-03-04\/0\/000000000000-/);
    expect(await rig.stores.records.get(copy)).toEqual(Buffer.from(`keys of ${one!.seg}`));
    await expect(rig.stores.records.remove(copy)).rejects.toMatchObject({ code: "object-locked" });
  });

  it("of a block that was written anew lapse within 35 days, and go", async () => {
    const [one] = await rig.commit(5);
    const block = keyBlockKey(SHARD, 0, one!.seg);
    await rig.pass();
    const [old] = copies();
    await rig.days(10);
    await rig.pass();
    for (const keyring of [rig.stores.keyring, rig.stores.keyringCopy!])
      await keyring.put(block, Buffer.from("fewer keys"));
    for (let day = 0; day < 35; day += 1) {
      await rig.days(1);
      await rig.pass();
    }

    expect(copies()).toHaveLength(1);
    expect(copies()).not.toContain(old);
    expect(await rig.stores.records.get(copies()[0]!)).toEqual(Buffer.from("fewer keys"));
  });

  it("outlive the block by a month when it is wiped", async () => {
    await rig.commit(5);
    await rig.pass();
    rig.stores.keyring.objects.clear();
    rig.stores.keyringCopy!.objects.clear();
    await rig.days(33);
    await rig.pass();
    expect(copies()).toHaveLength(1);
    await rig.days(2);
    await rig.pass();

    expect(copies()).toHaveLength(0);
  });
});

describe("the service", () => {
  it("passes at once, logs what needs somebody to look, survives a failed pass, and ends when told to", async () => {
    const [draft] = await rig.commit(3);
    await rig.days(201);
    const stopping = new AbortController();
    let text = "";
    const seen = new Promise<void>((resolve) => {
      rig.logged.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("retention passed")) resolve();
      });
    });
    rig.factsFail = true;
    const running = runRetention({ ...rig.options(), intervalMs: 5 }, stopping.signal);
    while (!text.includes("a retention pass failed")) await new Promise((resolve) => setTimeout(resolve, 5));
    rig.factsFail = false;
    await seen;
    stopping.abort();
    await running;

    expect(text).toContain(`"key":"${draft!.key}","problem":"its lock had 199 days left"`);
    expect(text).not.toContain("the records service is down");
  });
});
