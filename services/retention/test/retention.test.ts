import { keyBlockKey } from "@daybook/archive-core";
import { type RetentionOptions, runRetention } from "../src/index.ts";
import { DAY_MS, digestOf, Rig, SHARD } from "./support/rig.ts";

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

  it("alerts of what the store refuses, and goes on", async () => {
    const [one, two] = await rig.commit(3, 3);
    await rig.days(190);
    const refusal = Object.assign(new Error("refused"), { code: "store-refused", retryable: false });
    const extender: RetentionOptions["extender"] = {
      setLegalHold: (key, on) => rig.stores.records.setLegalHold(key, on),
      extend: (key, until) =>
        key === one!.key ? Promise.reject(refusal) : rig.stores.records.extend(key, until),
    };
    const { alerts, extended } = await rig.pass({ extender });

    expect(alerts).toEqual([{ key: one!.key, problem: "its lock could not be lengthened: store-refused" }]);
    expect([extended, rig.lockDaysOf(two!.key)]).toEqual([1, 400]);
  });

  it("counts more alerts than it keeps", async () => {
    await rig.commit(...Array.from({ length: 1_100 }, () => 1));
    rig.stores.keyring.objects.clear();
    const { alerts, moreAlerts } = await rig.pass();

    expect([alerts.length, moreAlerts]).toEqual([1_000, 100]);
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

describe("an attachment that two records claim", () => {
  it("stays on hold while either is held, without a moment between", async () => {
    const key = await rig.attach(1, 400);
    const held: boolean[] = [];
    const extender: RetentionOptions["extender"] = {
      extend: (at, until) => rig.stores.records.extend(at, until),
      setLegalHold: (at, on) => {
        held.push(on);
        return rig.stores.records.setLegalHold(at, on);
      },
    };
    const facts = (...claims: boolean[]): Partial<RetentionOptions> => ({
      extender,
      facts: {
        ...rig.options().facts,
        async *claimed() {
          for (const one of claims) yield { sealed: digestOf(1), held: one };
        },
      },
    });
    for (const claims of [
      [false, true],
      [true, false],
      [false, true],
      [false, false],
    ])
      await rig.pass(facts(...claims));

    expect(held).toEqual([true, false]);
    expect(rig.stores.records.objects.get(key)!.legalHold).toBe(false);
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
