import type { Measured, MutableStore } from "../src/index.ts";

/** A mutable store, empty, and what the suite needs to test it. */
export interface MutableStoreUnderTest {
  readonly store: MutableStore & Partial<Measured>;
  /** The same objects through a fresh client, as after a restart. */
  readonly reopen: () => Promise<MutableStore>;
  /** Its tags are digests of the content: the same bytes have the same tag. */
  readonly hasContentTags?: boolean;
  /** It cannot hold both `k` and `k/x`. */
  readonly isTree?: boolean;
  readonly close?: () => void | Promise<void>;
}

const bytes = (text: string) => Buffer.from(text);

/** The promises of `MutableStore`, as tests. Every implementation runs them. */
export function describeMutableStore(name: string, setUp: () => Promise<MutableStoreUnderTest>): void {
  describe(`${name} keeps the contract of objects that change`, () => {
    let under: MutableStoreUnderTest;
    let store: MutableStore & Partial<Measured>;
    beforeEach(async () => {
      under = await setUp();
      store = under.store;
    });
    afterEach(() => under.close?.());

    const text = async (key: string, of = store) => {
      const object = await of.read(key);
      return object && Buffer.from(object.body).toString();
    };
    const keys = async (prefix: string) => {
      const all: string[] = [];
      for await (const key of store.list(prefix)) all.push(key);
      return all;
    };

    it("creates, replaces and reads back, also after a restart", async () => {
      const first = await store.replace("log/s/head", bytes("one"), undefined);
      await expect(store.read("log/s/head")).resolves.toMatchObject({ tag: first });
      const second = await store.replace("log/s/head", bytes("two"), first);

      expect(second).not.toBe(first);
      await expect(text("log/s/head")).resolves.toBe("two");
      await expect(text("log/s/head", await under.reopen())).resolves.toBe("two");
      await expect((await under.reopen()).replace("log/s/head", bytes("three"), second)).resolves.toEqual(
        expect.any(String),
      );
    });

    it.each([0, 1, 100_000])("keeps %d bytes", async (size) => {
      const body = Buffer.alloc(size, "xyz");
      await store.put("a", body);

      expect(Buffer.compare((await store.read("a"))!.body, body)).toBe(0);
    });

    it("knows nothing of what was never written", async () => {
      await store.put("a/b", bytes("x"));
      for (const key of ["a", "a/b/c", "none"]) await expect(store.read(key)).resolves.toBeUndefined();
    });

    it("keeps an object apart from those whose keys begin with its own", async () => {
      if (under.isTree) return;
      await store.put("a/b", bytes("inner"));
      await store.put("a", bytes("outer"));
      await store.put("a/b/c", bytes("innermost"));
      await store.remove("a/b");

      await expect(text("a")).resolves.toBe("outer");
      await expect(text("a/b")).resolves.toBeUndefined();
      await expect(text("a/b/c")).resolves.toBe("innermost");
    });

    it("refuses to replace what has changed, was created or is gone", async () => {
      const first = await store.replace("a", bytes("one"), undefined);
      const second = await store.replace("a", bytes("two"), first);

      await expect(store.replace("a", bytes("stale"), first)).rejects.toMatchObject({
        code: "conflict",
        retryable: false,
      });
      await expect(store.replace("a", bytes("again"), undefined)).rejects.toMatchObject({ code: "conflict" });
      await expect(text("a")).resolves.toBe("two");
      await store.remove("a");
      await expect(store.replace("a", bytes("late"), second)).rejects.toMatchObject({ code: "conflict" });
      await expect(store.replace("a", bytes("late"), "no tag of ours")).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(text("a")).resolves.toBeUndefined();
    });

    it("never takes an old tag again, though the same bytes come back", async () => {
      if (under.hasContentTags) return;
      const first = await store.replace("a", bytes("same"), undefined);
      await store.put("a", bytes("other"));
      await store.put("a", bytes("same"));
      await expect(store.replace("a", bytes("stale"), first)).rejects.toMatchObject({ code: "conflict" });

      await store.remove("a");
      await store.replace("a", bytes("same"), undefined);
      await expect(store.replace("a", bytes("stale"), first)).rejects.toMatchObject({ code: "conflict" });
      await expect(text("a")).resolves.toBe("same");
    });

    it("lets one of many creators win", async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => store.replace("new/key", bytes(`${i}`), undefined)),
      );
      const winners = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));

      expect(winners).toHaveLength(1);
      await expect(text("new/key")).resolves.toBe(`${winners[0]}`);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "conflict" });
      }
    });

    it("lets one of many that replace the same version win", async () => {
      let tag = await store.replace("a", bytes("start"), undefined);
      for (let round = 0; round < 10; round += 1) {
        const before = tag;
        const outcomes = await Promise.allSettled(
          Array.from({ length: 6 }, (_, i) => store.replace("a", bytes(`${round}.${i}`), before)),
        );
        const winners = outcomes.flatMap((o, i) => (o.status === "fulfilled" ? [{ i, tag: o.value }] : []));

        expect(winners).toHaveLength(1);
        tag = winners[0]!.tag;
        const now = (await store.read("a"))!;
        expect({ tag: now.tag, text: Buffer.from(now.body).toString() }).toEqual({
          tag,
          text: `${round}.${winners[0]!.i}`,
        });
      }
    });

    it("loses no update of several that read, add and replace", async () => {
      await store.put("count", bytes("0"));
      const add = async () => {
        for (;;) {
          const { body, tag } = (await store.read("count"))!;
          try {
            await store.replace("count", bytes(`${Number(Buffer.from(body).toString()) + 1}`), tag);
            return;
          } catch (error) {
            expect(error).toMatchObject({ code: "conflict" });
          }
        }
      };
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 10; i += 1) await add();
        }),
      );

      await expect(text("count")).resolves.toBe("40");
    });

    it("always has one whole version for readers, while others write and remove", async () => {
      const bodies = ["a", "bb", "ccc"].map((s) => s.repeat(5_000));
      await store.put("k", bytes(bodies[0]!));
      let isDone = false;
      const reading = (async () => {
        const seen = new Set<string | undefined>();
        while (!isDone) seen.add(await text("k"));
        return seen;
      })();
      for (let i = 0; i < 30; i += 1) {
        await Promise.all(bodies.map((body) => store.put("k", bytes(body))));
        if (i % 10 === 9) await store.remove("k");
      }
      isDone = true;

      for (const seen of await reading) expect([undefined, ...bodies]).toContain(seen);
    });

    it("writes whatever was there with put", async () => {
      await store.put("a", bytes("one"));
      await store.put("a", bytes("two"));
      await Promise.all(["x", "y", "z"].map((s) => store.put("a", bytes(s))));

      await expect(text("a")).resolves.toMatch(/^[xyz]$/);
    });

    it("removes for good, again and again, and lets the key be used anew", async () => {
      await store.put("a/b/c", bytes("one"));
      await store.put("a/b/d", bytes("two"));
      await store.remove("a/b/c");
      await store.remove("a/b/c");
      await store.remove("never/there");

      await expect(text("a/b/c")).resolves.toBeUndefined();
      await expect(text("a/b/c", await under.reopen())).resolves.toBeUndefined();
      await expect(keys("")).resolves.toEqual(["a/b/d"]);
      await store.replace("a/b/c", bytes("anew"), undefined);
      await expect(text("a/b/c")).resolves.toBe("anew");
    });

    it("tells how large what it holds is", async () => {
      await store.put("a/b", bytes("seven b"));
      await store.put("a/c", bytes(""));
      await store.put("b/d", bytes("x"));
      await store.put("a/b", bytes("eight by"));
      const sizes: unknown[] = [];
      for await (const one of store.sizes!("a/")) sizes.push(one);
      expect(sizes).toEqual([
        { key: "a/b", sizeBytes: 8 },
        { key: "a/c", sizeBytes: 0 },
      ]);
    });

    it("lists keys by prefix in byte order", async () => {
      const all = ["b/2", "a/b", "a-b", "a.b/x", "a0", "a/b-1", "a/c/d", "b/10", "b/1", "A"];
      if (!under.isTree) all.push("a");
      for (const key of all) await store.put(key, bytes(key));
      const bytewise = all.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));

      await expect(keys("")).resolves.toEqual(bytewise);
      for (const prefix of ["a", "a/", "a/b", "b/1", "none"]) {
        await expect(keys(prefix)).resolves.toEqual(bytewise.filter((key) => key.startsWith(prefix)));
      }
    });

    it.each(["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a b", "ä", "a\0", "a@", "x".repeat(513)])(
      "refuses %j as a key, and touches nothing",
      async (key) => {
        await expect(store.put(key, bytes("x"))).rejects.toMatchObject({ code: "malformed" });
        await expect(store.replace(key, bytes("x"), undefined)).rejects.toMatchObject({ code: "malformed" });
        await expect(store.read(key)).rejects.toMatchObject({ code: "malformed" });
        await expect(store.remove(key)).rejects.toMatchObject({ code: "malformed" });
        await expect(keys("")).resolves.toEqual([]);
      },
    );
  });
}
