import { ArchiveError } from "@daybook/archive-core";
import {
  decryptStreamWithKey,
  decryptWithKey,
  encryptStreamToKeys,
  encryptToKeys,
  extractSessionKey,
  formatSessionKey,
  newSessionKey,
  newWrappedKey,
  openPacket,
  readPublicKeys,
  type Recipient,
  sealPacket,
  unwrapKey,
  wrapKey,
} from "@daybook/openpgp";
import fc from "fast-check";
import * as openpgp from "openpgp";
import {
  collect,
  content,
  inPieces,
  literal,
  packet,
  pairOf,
  PASSPHRASE,
  REFUSALS,
  sealRaw,
  publicKeyOf,
} from "./samples.ts";

type Pair = Awaited<ReturnType<typeof pairOf>>;
let archive: Pair;
let escrow: Pair;
let stranger: Pair;
let all: Recipient[];
beforeAll(async () => {
  [archive, escrow, stranger] = [
    await pairOf(),
    await pairOf({ type: "rsa", rsaBits: 3072 }),
    await pairOf(),
  ];
  all = [...archive.recipients, ...escrow.recipients];
});

describe("encryptToKeys", () => {
  it.each([0, 1, 8_383, 70_000])("lets each recipient open %d bytes, and nobody else", async (size) => {
    const message = await encryptToKeys(content(size), all);

    for (const { privateKey } of [archive, escrow]) {
      expect((await decryptWithKey(message, privateKey)).equals(content(size))).toBe(true);
    }
    await expect(decryptWithKey(message, stranger.privateKey)).rejects.toMatchObject({
      code: "undecryptable",
    });
  });

  it("gives a key that opens the sealed part by itself", async () => {
    const message = await encryptToKeys(content(500), all);
    const keys = await Promise.all(
      [archive, escrow].map(({ privateKey }) => extractSessionKey(message, privateKey)),
    );
    const sealed = message.subarray(message.indexOf(Buffer.from([0xd2, 0xc1])));

    expect(formatSessionKey(keys[0]!)).toBe(formatSessionKey(keys[1]!));
    expect(openPacket(sealed, keys[0]!).equals(content(500))).toBe(true);
  });

  it("refuses to encrypt to nobody, to too many, or to one that can no longer be encrypted to", async () => {
    const expired = { ...all[0]!, wrap: () => Promise.reject(new Error("expired")) };

    for (const recipients of [[], Array.from({ length: 65 }, () => all[0]!), [all[0]!, expired]]) {
      await expect(encryptToKeys(content(9), recipients)).rejects.toMatchObject({ code: "malformed" });
      await expect(collect(encryptStreamToKeys(inPieces(content(9)), recipients))).rejects.toMatchObject({
        code: "malformed",
      });
    }
  });
});

describe("encryptStreamToKeys", () => {
  it.each([0, 1, 65_536, 300_000])("lets each recipient open %d bytes, and nobody else", async (size) => {
    const message = await collect(encryptStreamToKeys(inPieces(content(size)), all));

    for (const { privateKey } of [archive, escrow]) {
      const opened = await collect(decryptStreamWithKey(inPieces(message, 777), privateKey));
      expect(opened.equals(content(size))).toBe(true);
      expect((await decryptWithKey(message, privateKey)).equals(content(size))).toBe(true);
    }
    await expect(collect(decryptStreamWithKey(inPieces(message), stranger.privateKey))).rejects.toMatchObject(
      {
        code: "undecryptable",
      },
    );
  });
});

describe("openpgp.js", () => {
  it("opens what was encrypted here", async () => {
    const made = await openpgp.generateKey({ userIDs: [{ name: "A" }], format: "object" });
    const recipients = [...all, ...(await readPublicKeys(made.publicKey.armor()))];
    for (const message of [
      await encryptToKeys(content(70_000), recipients),
      await collect(encryptStreamToKeys(inPieces(content(70_000)), recipients)),
    ]) {
      const opened: { data: unknown } = await openpgp.decrypt({
        message: await openpgp.readMessage({ binaryMessage: message }),
        decryptionKeys: made.privateKey,
        format: "binary",
      });
      expect(Buffer.from(opened.data as Uint8Array).equals(content(70_000))).toBe(true);
    }
  });

  it("makes messages that are opened here", async () => {
    const encryptionKeys = await Promise.all(
      [archive, escrow].map(({ publicKey }) => publicKeyOf(publicKey)),
    );
    const message: unknown = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: content(70_000) }),
      encryptionKeys,
      format: "binary",
    });
    for (const { privateKey } of [archive, escrow]) {
      expect((await decryptWithKey(message as Uint8Array, privateKey)).equals(content(70_000))).toBe(true);
    }
  });
});

describe("a wrapped key", () => {
  it("opens every cell sealed with it, for each recipient", async () => {
    const { key, wrapped } = await newWrappedKey(all);
    const cells = ["a name", "", "a number"].map((text) => sealPacket(Buffer.from(text), key));

    for (const { privateKey } of [archive, escrow]) {
      const opened = await unwrapKey(wrapped, privateKey);
      expect(cells.map((cell) => openPacket(cell, opened).toString())).toEqual(["a name", "", "a number"]);
      expect((await decryptWithKey(Buffer.concat([wrapped, cells[2]!]), privateKey)).toString()).toBe(
        "a number",
      );
    }
    await expect(unwrapKey(wrapped, stranger.privateKey)).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("can be wrapped anew for somebody else, and what it sealed stays as it is", async () => {
    const { key, wrapped } = await newWrappedKey(archive.recipients);
    const sealed = sealPacket(content(9), key);
    const again = await wrapKey(await unwrapKey(wrapped, archive.privateKey), stranger.recipients);

    expect(openPacket(sealed, await unwrapKey(again, stranger.privateKey)).equals(content(9))).toBe(true);
    await expect(unwrapKey(again, archive.privateKey)).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("is refused when something follows or is missing", async () => {
    const { wrapped } = await newWrappedKey(archive.recipients);
    for (const bytes of [
      Buffer.concat([wrapped, Buffer.from([0])]),
      wrapped.subarray(0, -1),
      Buffer.alloc(0),
    ]) {
      await expect(unwrapKey(bytes, archive.privateKey)).rejects.toMatchObject({ code: "malformed" });
    }
  });
});

describe("decryptWithKey", () => {
  it("refuses a message in which any byte was changed, or that was cut", async () => {
    const message = await encryptToKeys(content(40), archive.recipients);
    for (let at = 0; at < message.length; at += 1) {
      const altered = Buffer.from(message);
      altered[at]! ^= 0x10;
      // The recipient's name is not authenticated: without it gpg, too, tries every key.
      const outcome = await decryptWithKey(altered, archive.privateKey).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(ArchiveError);
      expect(REFUSALS).toContain((outcome as ArchiveError).code);
      await expect(decryptWithKey(message.subarray(0, at), archive.privateKey)).rejects.toMatchObject({
        name: "ArchiveError",
      });
    }
  });

  it("refuses whatever else it is given, before it looks for a key", async () => {
    const wrapped = packet(0xc1, Buffer.alloc(94, 3));
    const sealed = sealRaw(literal("a"), newSessionKey());
    const hostile = [
      Buffer.alloc(0),
      sealed,
      literal("a"),
      wrapped.subarray(0, 50),
      Buffer.concat([literal("a"), wrapped, sealed]),
      Buffer.concat([Buffer.from("c1ffffffffff", "hex"), content(100)]),
      Buffer.concat([packet(0xc1, content(4_097)), sealed]),
      Buffer.concat([Buffer.from([0xc1, 0xe9]), content(512), Buffer.from([0]), sealed]),
      Buffer.concat([...Array.from({ length: 65 }, () => wrapped), sealed]),
    ];
    for (const message of hostile) {
      await expect(decryptWithKey(message, archive.privateKey)).rejects.toMatchObject({ code: "malformed" });
    }
  });

  it("refuses random packets with an error of ours", async () => {
    const tag = fc.constantFrom(0xc1, 0xc3, 0xd2, 0xcb, 0x84, 0xc9, 0xff);
    const packets = fc.array(fc.tuple(tag, fc.uint8Array({ maxLength: 120 })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(packets, async (parts) => {
        const message = Buffer.concat(parts.map(([of, body]) => packet(of, body)));
        const outcome = await decryptWithKey(message, archive.privateKey).catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(ArchiveError);
      }),
    );
  });

  it("does not take a key that was wrapped under a passphrase", async () => {
    const key = newSessionKey();
    const wrapped = await openpgp.encryptSessionKey({
      data: key.bytes,
      algorithm: "aes256",
      passwords: PASSPHRASE,
      format: "binary",
    });
    await expect(
      decryptWithKey(Buffer.concat([wrapped, sealPacket(content(9), key)]), archive.privateKey),
    ).rejects.toMatchObject({ code: "undecryptable" });
  });

  it("refuses a session key of another cipher", async () => {
    const wrapped = await openpgp.encryptSessionKey({
      data: new Uint8Array(16),
      algorithm: "aes128",
      encryptionKeys: await publicKeyOf(archive.publicKey),
      format: "binary",
    });
    await expect(unwrapKey(wrapped, archive.privateKey)).rejects.toMatchObject({ code: "undecryptable" });
  });
});
