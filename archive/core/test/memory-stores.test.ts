import {
  describeLockedStore,
  describeMutableStore,
  MemoryLockedStore,
  MemoryMutableStore,
  memoryStores,
} from "../testing/index.ts";

describeLockedStore("memory", async () => {
  let ms = Date.now();
  const now = () => new Date(ms);
  const store = new MemoryLockedStore(now);
  return { store, now, advance: (by) => void (ms += by), reopen: async () => store };
});

describeMutableStore("memory", async () => {
  const store = new MemoryMutableStore();
  return { store, reopen: async () => store };
});

describe("a memory store that is told to fail", () => {
  const put = { key: "a", body: Buffer.from("x"), retainUntil: new Date(0) };

  it("loses a write, keeps it without an answer, or is full, in the order and for the operation given", async () => {
    const store = new MemoryLockedStore();
    store.fail("put", "lost", "full", "kept");
    store.fail("remove", "kept");

    await expect(store.put(put)).rejects.toMatchObject({ code: "store-unavailable" });
    await expect(store.put(put)).rejects.toMatchObject({ code: "store-full" });
    await expect(store.stat("a")).resolves.toBeUndefined();
    await expect(store.put(put)).rejects.toMatchObject({ code: "store-unavailable" });
    await expect(store.stat("a")).resolves.toBeDefined();
    await expect(store.put(put)).resolves.toEqual({ created: false });
    await expect(store.remove("a")).rejects.toMatchObject({ code: "store-unavailable" });
    await expect(store.stat("a")).resolves.toBeUndefined();
  });

  it("does so with what changes, too", async () => {
    const store = new MemoryMutableStore();
    store.fail("replace", "lost", "kept");

    await expect(store.replace("a", Buffer.from("x"), undefined)).rejects.toMatchObject({ retryable: true });
    await expect(store.read("a")).resolves.toBeUndefined();
    await expect(store.replace("a", Buffer.from("x"), undefined)).rejects.toMatchObject({ retryable: true });
    await expect(store.replace("a", Buffer.from("x"), undefined)).rejects.toMatchObject({ code: "conflict" });
  });

  it("tells its hook of each operation, whose error stops it before or after", async () => {
    const { keyring } = memoryStores();
    const seen: string[] = [];
    let crashAt = "after replace";
    keyring.hook = ({ operation, key }, when) => {
      seen.push(`${when} ${operation} ${key}`);
      if (`${when} ${operation}` === crashAt) throw new Error("crash");
    };

    await expect(keyring.replace("a", Buffer.from("x"), undefined)).rejects.toThrow("crash");
    crashAt = "before put";
    await expect(keyring.put("a", Buffer.from("y"))).rejects.toThrow("crash");
    expect(Buffer.from((await keyring.read("a"))!.body).toString()).toBe("x");
    expect(seen).toEqual([
      "before replace a",
      "after replace a",
      "before put a",
      "before read a",
      "after read a",
    ]);
  });

  it("has a second copy of the keyring where asked for", () => {
    expect(memoryStores()).not.toHaveProperty("keyringCopy");
    expect(memoryStores({ keyringCopy: true }).keyringCopy).toBeInstanceOf(MemoryMutableStore);
  });
});
