import {
  anyOf,
  buildKeyBlock,
  decryptWithKey,
  encryptToKeys,
  formatSessionKey,
  newSessionKey,
  newWrappedKey,
  type PrivateKey,
  readKeyBlock,
  rewrap,
  sealUnderPassphrase,
  unwrapKey,
  wrappedTo,
} from "@daybook/openpgp";
import { content, PASSPHRASE, pairOf } from "./samples.ts";

const [old, next, escrow, stranger] = await Promise.all([pairOf(), pairOf(), pairOf(), pairOf()]);
const line = { index: 3, key: newSessionKey() };
const text = formatSessionKey(line.key);
const written = async (block: Uint8Array, by: { privateKey: PrivateKey }) =>
  (await readKeyBlock(block, by.privateKey)).map(({ index, key }) => `${index} ${formatSessionKey(key)}`);

describe("a wrapped key", () => {
  it("says by its ids whom it is for, without being opened", async () => {
    const block = await buildKeyBlock([line], [...old.recipients, ...escrow.recipients]);
    const ids = wrappedTo(block);
    expect(ids).toHaveLength(2);
    expect(old.recipients[0]!.keyIds).toContain(ids[0]);
    expect(escrow.recipients[0]!.keyIds).toContain(ids[1]);
    expect(old.privateKey.keyIds).toEqual(old.recipients[0]!.keyIds);
    expect(wrappedTo(await sealUnderPassphrase(content(1), PASSPHRASE))).toEqual([]);
    const { wrapped } = await newWrappedKey(next.recipients);
    expect(wrappedTo(wrapped)).toHaveLength(1);
  });

  it.each([
    { name: "nothing", bytes: Buffer.alloc(0) },
    { name: "a sealed packet alone", bytes: Buffer.from([0xd2, 1, 1]) },
    { name: "a length that goes past the end", bytes: Buffer.from([0xc1, 50, 3]) },
    { name: "half a length", bytes: Buffer.from([0xc1, 0xff, 0, 0]) },
    { name: "a partial length", bytes: Buffer.from([0xc1, 0xe1, 3, 0]) },
    { name: "another version", bytes: Buffer.from([0xc1, 10, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]) },
    { name: "no room for an id", bytes: Buffer.from([0xc1, 2, 3, 0]) },
  ])("is refused where it is $name", ({ bytes }) => {
    expect(() => wrappedTo(bytes)).toThrow(expect.objectContaining({ code: "malformed" }) as Error);
  });

  it("is opened by any of several keys, asked for anew each time", async () => {
    const keys: PrivateKey[] = [old.privateKey];
    const holder = anyOf(() => keys);
    const first = await encryptToKeys(content(40), old.recipients);
    const second = await encryptToKeys(content(50), next.recipients);
    expect((await decryptWithKey(first, holder)).equals(content(40))).toBe(true);
    await expect(decryptWithKey(second, holder)).rejects.toMatchObject({ code: "undecryptable" });
    keys.push(next.privateKey);
    expect((await decryptWithKey(second, holder)).equals(content(50))).toBe(true);
    expect((await decryptWithKey(first, holder)).equals(content(40))).toBe(true);
    await expect(
      decryptWithKey(await encryptToKeys(content(1), stranger.recipients), holder),
    ).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("goes on to the next key where the first that is named cannot open it", async () => {
    const asked: string[] = [];
    const saying = (key: PrivateKey, ids = key.keyIds): PrivateKey => ({
      ...key,
      keyIds: ids,
      unwrap: (wrapped) => {
        asked.push(key.fingerprint);
        return key.unwrap(wrapped);
      },
    });
    const message = await encryptToKeys(content(4), next.recipients);
    const holder = anyOf(() => [
      saying(stranger.privateKey, next.privateKey.keyIds),
      saying(old.privateKey),
      saying(next.privateKey),
    ]);
    expect((await decryptWithKey(message, holder)).equals(content(4))).toBe(true);
    expect(asked).toEqual([stranger.privateKey.fingerprint, next.privateKey.fingerprint]);
  });
});

describe("re-wrapping", () => {
  it("adds a recipient, then drops one; the sealed part and a stranger's wrapping stay as they were", async () => {
    const block = await buildKeyBlock([line], [...old.recipients, ...escrow.recipients]);
    const both = await rewrap(block, old.privateKey, { add: next.recipients, drop: [] });
    const after = await rewrap(both, next.privateKey, { add: next.recipients, drop: old.recipients });
    expect(wrappedTo(both)).toHaveLength(3);
    expect(wrappedTo(after)).toHaveLength(2);
    for (const by of [old, escrow, next]) expect(await written(both, by)).toEqual([`3 ${text}`]);
    for (const by of [escrow, next]) expect(await written(after, by)).toEqual([`3 ${text}`]);
    await expect(readKeyBlock(after, old.privateKey)).rejects.toMatchObject({ code: "undecryptable" });
    const sealed = block.subarray(block.lastIndexOf(0xd2));
    expect(after.subarray(after.length - sealed.length).equals(sealed)).toBe(true);
  });

  it("changes nothing the second time, and adds nobody twice", async () => {
    const block = await buildKeyBlock([line], next.recipients);
    const change = { add: next.recipients, drop: old.recipients };
    // Nobody who could open it is needed for that.
    expect((await rewrap(block, stranger.privateKey, change)).equals(block)).toBe(true);
  });

  it("works on a bare wrapped key too", async () => {
    const { key, wrapped } = await newWrappedKey(old.recipients);
    const again = await rewrap(wrapped, old.privateKey, { add: next.recipients, drop: old.recipients });
    expect(formatSessionKey(await unwrapKey(again, next.privateKey))).toBe(formatSessionKey(key));
  });

  it("refuses to leave nobody, and what it cannot open", async () => {
    const block = await buildKeyBlock([line], old.recipients);
    await expect(rewrap(block, old.privateKey, { add: [], drop: old.recipients })).rejects.toMatchObject({
      code: "malformed",
    });
    await expect(
      rewrap(block, stranger.privateKey, { add: next.recipients, drop: [] }),
    ).rejects.toMatchObject({ code: "undecryptable" });
  });
});
