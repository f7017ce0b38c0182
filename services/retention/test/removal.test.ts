import { randomBytes } from "node:crypto";
import {
  canonical,
  checkpointSigner,
  decodeLeaf,
  headKey,
  keyBlockKey,
  logEntries,
  logFileReader,
  segmentKey,
} from "@daybook/archive-core";
import { type RetentionOptions } from "../src/index.ts";
import { DAY_MS, digestOf, Rig, SHARD, signer } from "./support/rig.ts";

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
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
