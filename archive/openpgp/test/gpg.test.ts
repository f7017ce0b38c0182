import {
  type ArchiveKeyType,
  buildKeyBlock,
  decryptWithKey,
  encryptStreamToKeys,
  encryptToKeys,
  formatSessionKey,
  generateArchiveKey,
  newSessionKey,
  newWrappedKey,
  type PrivateKey,
  type Recipient,
  readPublicKeys,
  rewrap,
  sealPacket,
  sealStream,
  sealUnderPassphrase,
  unlockPrivateKey,
} from "@daybook/openpgp";
import { Gpg, gpgVersion } from "./gpg.ts";
import { collect, content, inPieces, PASSPHRASE, SIZES } from "./samples.ts";

const key = newSessionKey();
const override = ["--override-session-key", formatSessionKey(key)];

if (gpgVersion === undefined) {
  console.warn("gpg is not installed: nothing was checked against it. Install GnuPG 2.2 or later.");
  it.skip("is checked against gpg, which is not installed", () => undefined);
} else {
  describe(gpgVersion, () => {
    let gpg: Gpg;
    beforeAll(async () => {
      gpg = await Gpg.start();
    });
    afterAll(() => gpg.stop());

    it.each(SIZES)("opens a packet and a stream of %d bytes by the session key alone", async (size) => {
      const stream = await collect(sealStream(inPieces(content(size)), key));

      expect((await gpg.decrypt(sealPacket(content(size), key), "", ...override)).equals(content(size))).toBe(
        true,
      );
      expect((await gpg.decrypt(stream, "", ...override)).equals(content(size))).toBe(true);
    });

    it("refuses a packet that was altered, or another key", async () => {
      const altered = sealPacket(content(500), key);
      altered[400]! ^= 1;
      await expect(gpg.decrypt(altered, "", ...override)).rejects.toThrow("gpg exits 2");
      await expect(gpg.decrypt(sealPacket(content(500), newSessionKey()), "", ...override)).rejects.toThrow(
        "gpg exits 2",
      );
    });

    it("opens a file under a passphrase with it and with no other", async () => {
      const sealed = await sealUnderPassphrase(content(5_000), PASSPHRASE);

      expect((await gpg.decrypt(sealed, PASSPHRASE)).equals(content(5_000))).toBe(true);
      const stranger = await Gpg.start();
      await expect(stranger.decrypt(sealed, "guess"))
        .rejects.toThrow("gpg exits 2")
        .finally(() => stranger.stop());
    });
  });

  describe.each<{ type: ArchiveKeyType }>([{ type: "curve25519" }, { type: "rsa3072" }])(
    `${gpgVersion} with a generated key, $type`,
    ({ type }) => {
      let gpg: Gpg;
      let recipients: Recipient[];
      beforeAll(async () => {
        gpg = await Gpg.start();
        const userId = { name: "Archive", email: "archive@example.org" };
        const made = await generateArchiveKey({ userId, passphrase: PASSPHRASE, type });
        recipients = await readPublicKeys(made.publicKey);
        const imported = await gpg.run(["--import"], Buffer.from(made.privateKey), PASSPHRASE);
        expect(imported).toMatchObject({ status: 0 });
        const listed = await gpg.run(["--with-colons", "--list-secret-keys"]);
        expect(listed.stdout.toString()).toContain(`:${made.fingerprint}:`);
      });
      afterAll(() => gpg.stop());

      it("opens a key block, and with a line of it the record", async () => {
        const record = sealPacket(content(700), key);
        const block = await buildKeyBlock(
          [
            { index: 41, key: newSessionKey() },
            { index: 42, key },
            { index: 42, attachment: 0, key: newSessionKey() },
          ],
          recipients,
        );
        const text = (await gpg.decrypt(block, PASSPHRASE)).toString();
        const line = /^42 (9:[0-9A-F]{64})$/m.exec(text)!;

        expect(text).toMatch(/^41 9:\S{64}\n42 9:\S{64}\n42\.0 9:\S{64}\n$/);
        const opened = await gpg.decrypt(record, "", "--override-session-key", line[1]!);
        expect(opened.equals(content(700))).toBe(true);
      });

      it("opens messages, streams and cells", async () => {
        const stream = await collect(encryptStreamToKeys(inPieces(content(300_000)), recipients));
        const { key: cellKey, wrapped } = await newWrappedKey(recipients);
        const cell = Buffer.concat([wrapped, sealPacket(content(30), cellKey)]);

        expect((await gpg.decrypt(await encryptToKeys(Buffer.alloc(0), recipients), PASSPHRASE)).length).toBe(
          0,
        );
        expect((await gpg.decrypt(stream, PASSPHRASE)).equals(content(300_000))).toBe(true);
        expect((await gpg.decrypt(cell, PASSPHRASE)).equals(content(30))).toBe(true);
      });

      it("does not open them without the passphrase", async () => {
        const message = await encryptToKeys(content(9), recipients);
        gpg.forgetPassphrases();
        await expect(gpg.decrypt(message, "guess")).rejects.toThrow("gpg exits 2");
      });
    },
  );

  describe.each<{ from: ArchiveKeyType; to: ArchiveKeyType }>([
    { from: "curve25519", to: "rsa3072" },
    { from: "rsa3072", to: "curve25519" },
  ])(`${gpgVersion} after a change of the archive key from $from to $to`, ({ from, to }) => {
    /** A key, and a gpg that has no other. */
    const owner = async (type: ArchiveKeyType) => {
      const made = await generateArchiveKey({ userId: { name: type }, passphrase: PASSPHRASE, type });
      const own = await Gpg.start();
      await own.run(["--import"], Buffer.from(made.privateKey), PASSPHRASE);
      return {
        gpg: own,
        recipients: await readPublicKeys(made.publicKey),
        privateKey: await unlockPrivateKey(made.privateKey, PASSPHRASE),
      };
    };
    let old: Awaited<ReturnType<typeof owner>>;
    let next: Awaited<ReturnType<typeof owner>>;
    beforeAll(async () => {
      [old, next] = await Promise.all([owner(from), owner(to)]);
    });
    afterAll(() => Promise.all([old.gpg.stop(), next.gpg.stop()]));

    it("opens the old block with the old key, the re-wrapped one with the new, and an old record by its line", async () => {
      const record = sealPacket(content(700), key);
      const before = await buildKeyBlock([{ index: 7, key }], old.recipients);
      const both = await rewrap(before, old.privateKey, { add: next.recipients, drop: [] });
      const after = await rewrap(both, old.privateKey, { add: next.recipients, drop: old.recipients });
      const text = `7 ${formatSessionKey(key)}\n`;

      expect((await old.gpg.decrypt(before, PASSPHRASE)).toString()).toBe(text);
      expect((await old.gpg.decrypt(both, PASSPHRASE)).toString()).toBe(text);
      expect((await next.gpg.decrypt(both, PASSPHRASE)).toString()).toBe(text);
      expect((await next.gpg.decrypt(after, PASSPHRASE)).toString()).toBe(text);
      await expect(old.gpg.decrypt(after, PASSPHRASE)).rejects.toThrow("gpg exits 2");
      expect((await next.gpg.decrypt(record, "", ...override)).equals(content(700))).toBe(true);
    });
  });

  describe.each(["rsa3072", "cv25519"])(`${gpgVersion} with its own key, %s`, (subkey) => {
    let gpg: Gpg;
    let recipients: Recipient[];
    let privateKey: PrivateKey;
    beforeAll(async () => {
      gpg = await Gpg.start();
      const primary = subkey === "cv25519" ? "ed25519" : subkey;
      await gpg.run(
        ["--quick-generate-key", "auditor@example.org", primary, "sign", "1y"],
        undefined,
        PASSPHRASE,
      );
      const listed = await gpg.run(["--with-colons", "--list-keys"]);
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed.stdout.toString())![1]!;
      await gpg.run(["--quick-add-key", fingerprint, subkey, "encr", "1y"], undefined, PASSPHRASE);
      const exported = async (kind: string) =>
        (await gpg.run(["--armor", kind], undefined, PASSPHRASE)).stdout.toString();
      recipients = await readPublicKeys(await exported("--export"));
      privateKey = await unlockPrivateKey(await exported("--export-secret-keys"), PASSPHRASE);
      expect(recipients.map((recipient) => recipient.fingerprint)).toEqual([fingerprint]);
    });
    afterAll(() => gpg.stop());

    it("opens what is encrypted to it, and so does the same key here", async () => {
      const message = await encryptToKeys(content(5_000), recipients);

      expect((await gpg.decrypt(message, PASSPHRASE)).equals(content(5_000))).toBe(true);
      expect((await decryptWithKey(message, privateKey)).equals(content(5_000))).toBe(true);
    });
  });
}
