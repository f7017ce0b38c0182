import { MemoryMutableStore } from "@daybook/archive-core/testing";
import {
  buildKeyBlock,
  generateArchiveKey,
  newSessionKey,
  readPublicKeys,
  unlockPrivateKey,
} from "@daybook/openpgp";
import { KeyRing } from "../src/key-ring.ts";
import { KeyringHomes } from "../src/keyring-homes.ts";

describe("the key ring", () => {
  it("gives each line its key, none for a line that is gone, and remembers no more than it may", async () => {
    const made = await generateArchiveKey({ userId: { name: "T" }, passphrase: "t", type: "curve25519" });
    const privateKey = await unlockPrivateKey(made.privateKey, "t");
    const recipients = await readPublicKeys(made.publicKey);
    const store = new MemoryMutableStore();
    const keys = Array.from({ length: 20 }, () => newSessionKey());
    for (let block = 0; block < 10; block += 1) {
      const lines = [0, 1, 3].map((i) => ({ index: block * 4 + i, key: keys[block + i]! }));
      const attachment = { index: block * 4 + 3, attachment: 0, key: keys[block + 5]! };
      await store.put(`keyring/0/${block}`, await buildKeyBlock([...lines, attachment], recipients));
    }
    let reads = 0;
    store.hook = (_, when) => {
      if (when === "before") reads += 1;
    };
    // A block takes some 900 bytes: three fit.
    const ring = new KeyRing(new KeyringHomes({ first: store, holder: privateKey }), 3_000);
    const block = async (n: number) => ring.keys(`keyring/0/${n}`);
    const same = (a: { bytes: Buffer } | undefined, b: { bytes: Buffer }) => a?.bytes.equals(b.bytes);
    for (let n = 0; n < 10; n += 1) {
      const found = await block(n);
      expect(same(found.of(n * 4), keys[n]!)).toBe(true);
      expect(same(found.of(n * 4 + 3), keys[n + 3]!)).toBe(true);
      expect(same(found.of(n * 4 + 3, 0), keys[n + 5]!)).toBe(true);
      for (const missing of [n * 4 + 2, n * 4 - 1, n * 4 + 4]) expect(found.of(missing)).toBeUndefined();
      expect(found.of(n * 4, 0)).toBeUndefined();
    }
    expect(reads).toBe(10);
    await block(9);
    await block(8);
    expect(reads).toBe(10);
    await block(0);
    expect(reads).toBe(11);
    ring.forget();
    await block(0);
    expect(reads).toBe(12);
  });

  it("remembers no failure", async () => {
    const made = await generateArchiveKey({ userId: { name: "T" }, passphrase: "t", type: "curve25519" });
    const store = new MemoryMutableStore();
    const holder = await unlockPrivateKey(made.privateKey, "t");
    const ring = new KeyRing(new KeyringHomes({ first: store, holder }));
    await expect(ring.keys("keyring/0/1")).rejects.toMatchObject({ code: "object-missing" });
    await store.put(
      "keyring/0/1",
      await buildKeyBlock([{ index: 0, key: newSessionKey() }], await readPublicKeys(made.publicKey)),
    );
    expect((await ring.keys("keyring/0/1")).of(0)).toBeDefined();
  });
});
