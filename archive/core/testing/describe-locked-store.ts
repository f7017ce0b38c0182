import { createHash } from "node:crypto";
import type { Expirer, LockedReader, LockedWriter, LockExtender, Measured } from "../src/index.ts";

/** A locked store, empty, and what the suite needs to test it. */
export interface LockedStoreUnderTest {
  readonly store: LockedWriter & LockedReader & LockExtender & Expirer & Partial<Measured>;
  /** What the store takes for the present. */
  readonly now: () => Date;
  /** Lets time pass for the store. Left out where its clock is not ours: then no lock is seen to lapse. */
  readonly advance?: (ms: number) => void | Promise<void>;
  /** Stores an object and waits until its lock has lapsed. Left out where a date in the past can be given. */
  readonly putLapsed?: (key: string, body: Uint8Array) => Promise<void>;
  /** The same objects through a fresh client, as after a restart. */
  readonly reopen: () => Promise<LockedStoreUnderTest["store"]>;
  readonly close?: () => void | Promise<void>;
}

const HOUR_MS = 3_600_000;
const CONTENT = Buffer.from("content of an object");

/** The promises of the ports of locked objects, as tests. Every implementation runs them. */
export function describeLockedStore(name: string, setUp: () => Promise<LockedStoreUnderTest>): void {
  describe(`${name} keeps the contract of locked objects`, () => {
    let under: LockedStoreUnderTest;
    beforeEach(async () => {
      under = await setUp();
    });
    afterEach(() => under.close?.());

    const inHours = (hours: number) => new Date(under.now().getTime() + hours * HOUR_MS);
    const put = (key: string, body: Uint8Array = CONTENT, hours = 1) =>
      under.store.put({ key, body, retainUntil: inHours(hours) });
    const putLapsed = async (key: string) => {
      if (under.putLapsed) await under.putLapsed(key, CONTENT);
      else await put(key, CONTENT, -1);
    };
    const keys = (prefix: string, after?: string) => collect(under.store.list(prefix, after));

    it.each([0, 1, 65_536, 300_000])(
      "gives back an object of %d bytes, also after a restart",
      async (size) => {
        const body = Buffer.alloc(size, "0123456789");
        await expect(put("a/b", body)).resolves.toEqual({ created: true });

        for (const store of [under.store, await under.reopen()]) {
          expect(Buffer.compare(await store.get("a/b"), body)).toBe(0);
          expect(Buffer.compare(Buffer.concat(await collect(store.stream("a/b"))), body)).toBe(0);
          await expect(store.stat("a/b")).resolves.toMatchObject({ sizeBytes: size, legalHold: false });
        }
      },
    );

    it("stores a body that is opened as a stream", async () => {
      const body = { sizeBytes: CONTENT.length, open: () => pieces(CONTENT) };
      const sha256 = createHash("sha256").update(CONTENT).digest("hex");
      await under.store.put({ key: "a", body, retainUntil: inHours(1), sha256 });

      expect(Buffer.from(await under.store.get("a"))).toEqual(CONTENT);
    });

    it.each([
      { name: "its digest does not fit", sizeBytes: CONTENT.length, sha256: "00".repeat(32) },
      { name: "it is shorter than announced", sizeBytes: CONTENT.length + 1 },
      { name: "it is longer than announced", sizeBytes: CONTENT.length - 1 },
    ])("refuses a body when $name, and stores nothing", async ({ sizeBytes, sha256 }) => {
      const body = { sizeBytes, open: () => pieces(CONTENT) };
      const object = { key: "a", body, retainUntil: inHours(1), ...(sha256 !== undefined && { sha256 }) };

      await expect(under.store.put(object)).rejects.toMatchObject({ code: "corrupt" });
      await expect(under.store.stat("a")).resolves.toBeUndefined();
      await expect(keys("")).resolves.toEqual([]);
    });

    it("stores nothing when a body fails half way", async () => {
      const body = { sizeBytes: 100_000, open: () => failing(Buffer.alloc(70_000)) };

      await expect(under.store.put({ key: "a", body, retainUntil: inHours(1) })).rejects.toThrow(
        "the source failed",
      );
      await expect(under.store.stat("a")).resolves.toBeUndefined();
      await expect(put("a")).resolves.toEqual({ created: true });
    });

    it("leaves what is stored under a taken key as it was", async () => {
      await put("a", CONTENT, 1);
      await expect(put("a", Buffer.from("other"), 2)).resolves.toEqual({ created: false });

      expect(Buffer.from(await under.store.get("a"))).toEqual(CONTENT);
      expect((await under.store.stat("a"))?.retainUntil.getTime()).toBeLessThan(inHours(1.5).getTime());
    });

    it("lets one of many that store the same key at once create it, and keeps that one's bytes", async () => {
      const bodies = Array.from({ length: 12 }, (_, i) => Buffer.alloc(20_000, i));
      const outcomes = await Promise.all(bodies.map((body) => put("deep/new/key", body)));

      expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
      const winner = bodies[outcomes.findIndex(({ created }) => created)]!;
      expect(Buffer.compare(await under.store.get("deep/new/key"), winner)).toBe(0);
    });

    it("reads a range, and no further than the end", async () => {
      await put("a");

      expect(Buffer.from(await under.store.get("a", { start: 3, end: 7 }))).toEqual(CONTENT.subarray(3, 7));
      expect(Buffer.from(await under.store.get("a", { start: 15, end: 999 }))).toEqual(CONTENT.subarray(15));
      expect(await under.store.get("a", { start: 5, end: 5 })).toHaveLength(0);
      expect(await under.store.get("a", { start: 500, end: 600 })).toHaveLength(0);
      await expect(under.store.get("a", { start: -1, end: 2 })).rejects.toThrow(RangeError);
      await expect(under.store.get("a", { start: 2, end: 1 })).rejects.toThrow(RangeError);
    });

    it("says what is missing", async () => {
      await put("a/b");
      for (const key of ["missing", "a", "a/b/c", "a/missing"]) {
        await expect(under.store.get(key)).rejects.toMatchObject({
          code: "object-missing",
          retryable: false,
        });
        await expect(collect(under.store.stream(key))).rejects.toMatchObject({ code: "object-missing" });
        await expect(under.store.extend(key, inHours(1))).rejects.toMatchObject({ code: "object-missing" });
        await expect(under.store.setLegalHold(key, true)).rejects.toMatchObject({ code: "object-missing" });
        await expect(under.store.stat(key)).resolves.toBeUndefined();
        await expect(under.store.remove(key)).resolves.toBeUndefined();
      }
      await expect(keys("")).resolves.toEqual(["a/b"]);
    });

    it("lists keys by prefix in byte order, after a given one", async () => {
      const all = ["A", "a-b", "a.b/x", "a/b", "a/b-1", "a/b0", "a/c/d", "a0", "a_", "b/1", "b/10", "b/2"];
      for (const key of all.toReversed()) await put(key);
      const bytewise = all.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));

      await expect(keys("")).resolves.toEqual(bytewise);
      for (const prefix of ["a", "a/", "a/b", "a/c/d", "b/1", "none", "a/c/d/e"]) {
        await expect(keys(prefix)).resolves.toEqual(bytewise.filter((key) => key.startsWith(prefix)));
      }
      for (const after of [...all, "a/", "a/b!", "zzz"]) {
        await expect(keys("", after)).resolves.toEqual(bytewise.filter((key) => key > after));
        await expect(keys("a/", after)).resolves.toEqual(
          bytewise.filter((key) => key.startsWith("a/") && key > after),
        );
      }
    });

    it("tells how large what it holds is", async () => {
      await put("a/b", Buffer.alloc(300_000));
      await put("a/c", Buffer.alloc(0));
      await put("b", Buffer.alloc(7));
      expect(await collect(under.store.sizes!("a/"))).toEqual([
        { key: "a/b", sizeBytes: 300_000 },
        { key: "a/c", sizeBytes: 0 },
      ]);
    });

    it("keeps the date of the lock, to the second and never earlier", async () => {
      const asked = inHours(9_600);
      await under.store.put({ key: "a", body: CONTENT, retainUntil: asked });
      const kept = (await (await under.reopen()).stat("a"))!.retainUntil;

      expect(kept.getTime()).toBeGreaterThanOrEqual(asked.getTime());
      expect(kept.getTime()).toBeLessThan(asked.getTime() + 1_000);
    });

    it("does not remove what is locked or held", async () => {
      await put("locked");
      await putLapsed("held");
      await under.store.setLegalHold("held", true);
      await under.store.setLegalHold("held", true);

      await expect(under.store.remove("locked")).rejects.toMatchObject({
        code: "object-locked",
        retryable: false,
      });
      await expect(under.store.remove("held")).rejects.toMatchObject({
        code: "object-locked",
        retryable: false,
      });
      await expect((await under.reopen()).remove("held")).rejects.toMatchObject({ code: "object-locked" });
      await expect(under.store.stat("held")).resolves.toMatchObject({ legalHold: true });
      await expect(keys("")).resolves.toEqual(["held", "locked"]);
    });

    it("removes what is no longer held, again and again", async () => {
      await putLapsed("a");
      await under.store.setLegalHold("a", true);
      await under.store.setLegalHold("a", false);
      await under.store.setLegalHold("a", false);
      await under.store.remove("a");
      await under.store.remove("a");

      await expect(under.store.stat("a")).resolves.toBeUndefined();
      await expect(under.store.get("a")).rejects.toMatchObject({ code: "object-missing" });
      await expect(keys("")).resolves.toEqual([]);
    });

    it("removes what is no longer locked, and not a moment earlier", async () => {
      if (!under.advance) return;
      await put("a", CONTENT, 1);
      await under.advance(HOUR_MS - 1_500);
      await expect(under.store.remove("a")).rejects.toMatchObject({ code: "object-locked" });
      await under.advance(2_500);
      await under.store.remove("a");

      await expect(under.store.stat("a")).resolves.toBeUndefined();
    });

    it("lengthens a lock and never shortens it, however many do so at once", async () => {
      await putLapsed("a");
      await Promise.all([5, 1, 9, 3, 7].map((hours) => under.store.extend("a", inHours(hours))));
      await under.store.extend("a", inHours(2));

      const kept = (await (await under.reopen()).stat("a"))!.retainUntil;
      expect(kept.getTime()).toBeGreaterThan(inHours(8.9).getTime());
      await expect(under.store.remove("a")).rejects.toMatchObject({ code: "object-locked" });
      expect(Buffer.from(await under.store.get("a"))).toEqual(CONTENT);
    });

    it.each([
      "",
      "/",
      "a/",
      "/a",
      "a//b",
      ".",
      "..",
      "a/../b",
      "a/.",
      "a b",
      "a\\b",
      "ä",
      "a\0",
      "a%2fb",
      "a@",
      "x".repeat(513),
    ])("refuses %j as a key, and touches nothing", async (key) => {
      await expect(put(key)).rejects.toMatchObject({ code: "malformed" });
      await expect(under.store.get(key)).rejects.toMatchObject({ code: "malformed" });
      await expect(under.store.stat(key)).rejects.toMatchObject({ code: "malformed" });
      await expect(under.store.remove(key)).rejects.toMatchObject({ code: "malformed" });
      await expect(keys("")).resolves.toEqual([]);
    });
  });
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error("the source failed");
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
