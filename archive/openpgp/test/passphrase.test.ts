import { newSessionKey, openUnderPassphrase, sealUnderPassphrase } from "@daybook/openpgp";
import * as openpgp from "openpgp";
import { content, pairOf, PASSPHRASE } from "./samples.ts";

describe("a file under a passphrase", () => {
  it.each([0, 1, 5_000])("of %d bytes opens with it here and in openpgp.js", async (size) => {
    const sealed = await sealUnderPassphrase(content(size), PASSPHRASE);
    const message = await openpgp.readMessage({ binaryMessage: sealed });
    const opened: { data: unknown } = await openpgp.decrypt({
      message,
      passwords: PASSPHRASE,
      format: "binary",
    });

    expect((await openUnderPassphrase(sealed, PASSPHRASE)).equals(content(size))).toBe(true);
    expect(Buffer.from(opened.data as Uint8Array).equals(content(size))).toBe(true);
    expect(message.packets.map((packet) => (packet as { version?: number }).version)).toEqual([4, 1]);
  });

  it("hashes the passphrase as often as the format allows", async () => {
    const sealed = await sealUnderPassphrase(content(9), PASSPHRASE);
    // Tag, length, version, AES-256; then iterated and salted, SHA-256, eight octets of salt, the count.
    expect([...sealed.subarray(0, 6)]).toEqual([0xc3, sealed[1], 4, 9, 3, 8]);
    expect(sealed[14]).toBe(255);
  });

  it("opens when openpgp.js sealed it", async () => {
    const sealed: unknown = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: content(500) }),
      passwords: PASSPHRASE,
      format: "binary",
    });
    expect((await openUnderPassphrase(sealed as Uint8Array, PASSPHRASE)).equals(content(500))).toBe(true);
  });

  it("does not open with another passphrase, nor altered, nor when it is something else", async () => {
    const sealed = await sealUnderPassphrase(content(500), PASSPHRASE);
    for (const guess of ["", `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
      await expect(openUnderPassphrase(sealed, guess)).rejects.toMatchObject({
        name: "ArchiveError",
        code: "undecryptable",
        message: expect.stringContaining("passphrase") as unknown,
      });
    }
    for (const at of [7, 20, 60, sealed.length - 1]) {
      const altered = Buffer.from(sealed);
      altered[at]! ^= 1;
      await expect(openUnderPassphrase(altered, PASSPHRASE)).rejects.toMatchObject({ name: "ArchiveError" });
    }
    const { recipients } = await pairOf();
    const wrapped = await recipients[0]!.wrap(newSessionKey());
    for (const other of [Buffer.alloc(0), content(90), sealed.subarray(0, 40)]) {
      await expect(openUnderPassphrase(other, PASSPHRASE)).rejects.toMatchObject({ code: "malformed" });
    }
    await expect(openUnderPassphrase(wrapped, PASSPHRASE)).rejects.toMatchObject({ code: "undecryptable" });
  });
});
