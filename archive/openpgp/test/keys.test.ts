import { inspect } from "node:util";
import { jest } from "@jest/globals";
import {
  type ArchiveKeyType,
  decryptWithKey,
  encryptToKeys,
  formatSessionKey,
  generateArchiveKey,
  newSessionKey,
  readPublicKeys,
  unlockPrivateKey,
} from "@daybook/openpgp";
import * as openpgp from "openpgp";
import { content, pairOf, PASSPHRASE, publicKeyOf } from "./samples.ts";

const userId = { name: "Archive of a department", email: "archive@example.org" };

describe.each<{ type: ArchiveKeyType; algorithm: string; wrappedBytes: number }>([
  { type: "curve25519", algorithm: "ecdh", wrappedBytes: 96 },
  { type: "rsa3072", algorithm: "rsaEncryptSign", wrappedBytes: 399 },
  { type: "rsa4096", algorithm: "rsaEncryptSign", wrappedBytes: 527 },
])("generateArchiveKey, $type", ({ type, algorithm, wrappedBytes }) => {
  let made: Awaited<ReturnType<typeof generateArchiveKey>>;
  beforeAll(async () => {
    made = await generateArchiveKey({ userId, passphrase: PASSPHRASE, type });
  });

  it("makes a version 4 key that does not expire and asks for nothing newer than GnuPG 2.2 reads", async () => {
    const key = await publicKeyOf(made.publicKey);
    const { selfCertification } = await key.getPrimaryUser();

    expect(key.keyPacket.version).toBe(4);
    expect((await key.getEncryptionKey()).getAlgorithmInfo().algorithm).toBe(algorithm);
    await expect(key.getExpirationTime()).resolves.toBe(Infinity);
    expect([...selfCertification.features!]).toEqual([1]);
  });

  it("makes a pair that fits and that its passphrase opens", async () => {
    const [recipient, ...others] = await readPublicKeys(made.publicKey);
    const privateKey = await unlockPrivateKey(made.privateKey, PASSPHRASE);
    const key = newSessionKey();
    const wrapped = await recipient!.wrap(key);

    expect(others).toEqual([]);
    expect(recipient).toMatchObject({
      fingerprint: made.fingerprint,
      userIds: [`${userId.name} <${userId.email}>`],
    });
    expect(privateKey.fingerprint).toBe(made.fingerprint);
    expect(made.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(wrappedBytes - wrapped.length).toBeLessThan(3);
    expect([...wrapped.subarray(0, 1), wrapped[wrapped[1]! < 192 ? 2 : 3]]).toEqual([0xc1, 3]);
    expect(formatSessionKey(await privateKey.unwrap(wrapped))).toBe(formatSessionKey(key));
  });

  it("makes a certificate that revokes it", async () => {
    const key = await publicKeyOf(made.publicKey);
    const revoked = await openpgp.revokeKey({ key, revocationCertificate: made.revocationCertificate });

    await expect(readPublicKeys(revoked.publicKey)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("revoked") as unknown,
    });
  });
});

describe("generateArchiveKey", () => {
  it("refuses to make a key without a passphrase", async () => {
    await expect(generateArchiveKey({ userId, passphrase: "", type: "curve25519" })).rejects.toMatchObject({
      code: "malformed",
    });
  });
});

describe("unlockPrivateKey", () => {
  it("refuses another passphrase, and says neither", async () => {
    const made = await generateArchiveKey({ userId, passphrase: PASSPHRASE, type: "curve25519" });
    const failure = await unlockPrivateKey(made.privateKey, "guess").catch((error: unknown) => error);

    expect(failure).toMatchObject({ name: "ArchiveError", code: "undecryptable" });
    expect(inspect(failure, { depth: 9 })).not.toMatch(/guess|staple/);
  });

  it("prints as its fingerprint", async () => {
    const { privateKey } = await pairOf();

    expect(inspect(privateKey)).toBe(`[private key ${privateKey.fingerprint}]`);
    expect(JSON.stringify(privateKey)).toBe(
      JSON.stringify({ fingerprint: privateKey.fingerprint, keyIds: privateKey.keyIds }),
    );
  });

  it("refuses what is not one protected private key", async () => {
    const settings = {
      userIDs: { name: "A" },
      curve: "curve25519Legacy",
      type: "ecc",
      format: "armored",
    } as const;
    const open = await openpgp.generateKey(settings);
    const made = await openpgp.generateKey({ ...settings, passphrase: PASSPHRASE });
    const cut = made.privateKey.replace(/\n.{20}/, "\n");
    for (const text of ["", "no key", open.privateKey, made.publicKey, made.privateKey.repeat(2), cut]) {
      await expect(unlockPrivateKey(text, PASSPHRASE)).rejects.toMatchObject({ code: "malformed" });
    }
  });
});

describe("readPublicKeys", () => {
  it("reads several blocks, and several keys of a block, each once", async () => {
    const [a, b, c] = [await pairOf(), await pairOf(), await pairOf()];
    const keys = await Promise.all([b, c].map(({ publicKey }) => publicKeyOf(publicKey)));
    const both = openpgp.armor(openpgp.enums.armor.publicKey, Buffer.concat(keys.map((key) => key.write())));
    const file = `Keys of the archive\n\n${a.publicKey}\r\n# the others\n${both}\n${a.publicKey}`;

    const fingerprints = (await readPublicKeys(file)).map((recipient) => recipient.fingerprint);
    expect(fingerprints).toEqual([a, b, c].map(({ privateKey }) => privateKey.fingerprint));
  });

  it("encrypts in a form that GnuPG reads to a key that asks for a newer one", async () => {
    const { recipients, privateKey, publicKey } = await pairOf({ config: { aeadProtect: true } });
    const key = await publicKeyOf(publicKey);
    expect((await key.getPrimaryUser()).selfCertification.features![0]! & 8).toBe(8);
    const plain = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: content(9) }),
      encryptionKeys: key,
      format: "object",
    });
    expect(plain.packets[0]).toMatchObject({ version: 6 });

    const message = await encryptToKeys(content(9), recipients);
    const { packets } = await openpgp.readMessage({ binaryMessage: message });
    expect(packets.map((packet) => (packet as { version?: number }).version)).toEqual([3, 1]);
    expect((await decryptWithKey(message, privateKey)).equals(content(9))).toBe(true);
  });

  it.each<{ what: string; options: Parameters<typeof pairOf>[0] }>([
    { what: "NIST P-256", options: { curve: "nistP256" } },
    { what: "the newer X25519", options: { type: "curve25519" } },
    { what: "RSA-2048", options: { type: "rsa", rsaBits: 2048 } },
  ])("encrypts to somebody's own key of $what", async ({ options }) => {
    const { recipients, privateKey } = await pairOf(options);
    const message = await encryptToKeys(content(9), recipients);

    expect((await decryptWithKey(message, privateKey)).equals(content(9))).toBe(true);
  });

  const day = 86_400_000;
  it.each<{ what: string; why: string; options: Parameters<typeof pairOf>[0] }>([
    {
      what: "has expired",
      why: "expired",
      options: { date: new Date(Date.now() - 2 * day), keyExpirationTime: day / 1_000 },
    },
    { what: "can only sign", why: "no valid encryption key", options: { subkeys: [] } },
    { what: "is of version 6", why: "version 4", options: { type: "curve25519", config: { v6Keys: true } } },
    {
      what: "is too weak",
      why: "no valid encryption key",
      options: { type: "rsa", rsaBits: 1024, config: { minRSABits: 1_000 } },
    },
  ])("refuses a key that $what, though a good one is beside it", async ({ why, options }) => {
    const good = await pairOf();
    const { publicKey } = await openpgp.generateKey({
      type: "ecc",
      curve: "curve25519Legacy",
      userIDs: [{ name: "Somebody" }],
      ...options,
      format: "armored",
    });

    await expect(readPublicKeys(good.publicKey + publicKey)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining(why) as unknown,
    });
  });

  it("encrypts to a key that was made by a clock ahead of this one", async () => {
    const { publicKey, privateKey } = await openpgp.generateKey({
      type: "ecc",
      curve: "curve25519Legacy",
      userIDs: [{ name: "Somebody" }],
      passphrase: PASSPHRASE,
      date: new Date(Date.now() + day),
      format: "armored",
    });
    const [recipient] = await readPublicKeys(publicKey);
    const key = newSessionKey();
    const holder = await unlockPrivateKey(privateKey, PASSPHRASE);

    const opened = await holder.unwrap(await recipient!.wrap(key));
    expect(formatSessionKey(opened)).toBe(formatSessionKey(key));
  });

  it("says so when a key expires between reading and wrapping", async () => {
    const { publicKey } = await openpgp.generateKey({
      type: "ecc",
      curve: "curve25519Legacy",
      userIDs: [{ name: "Somebody" }],
      keyExpirationTime: day / 1_000,
      format: "armored",
    });
    const [recipient] = await readPublicKeys(publicKey);
    const later = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 2 * day);
    await expect(recipient!.wrap(newSessionKey())).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("expired") as unknown,
    });
    later.mockRestore();
  });

  it("refuses private keys, messages, damaged keys and files without a key", async () => {
    const made = await openpgp.generateKey({
      userIDs: [{ name: "A" }],
      passphrase: PASSPHRASE,
      format: "armored",
    });
    const message = openpgp.armor(openpgp.enums.armor.message, content(90));
    const disguised = made.privateKey.replaceAll("PRIVATE", "PUBLIC");
    const damaged = made.publicKey.replace(/\n\n.{9}/, "\n\nAAAAAAAAA");
    for (const text of [
      "",
      "no key",
      made.privateKey,
      message,
      made.publicKey + message,
      disguised,
      damaged,
    ]) {
      await expect(readPublicKeys(text)).rejects.toMatchObject({ name: "ArchiveError", code: "malformed" });
    }
    await expect(readPublicKeys(made.publicKey + " ".repeat(1024 * 1024))).rejects.toMatchObject({
      code: "malformed",
    });
  });
});
