import * as openpgp from "openpgp";
import { FOR_GNUPG, unwrapWith } from "./keys.ts";
import { collect, once, openMessage } from "./message.ts";
import { sealPacket } from "./packet.ts";
import { newSessionKey } from "./session-key.ts";

/**
 * Protects a small secret file by a passphrase: SKESK version 4 with an iterated and salted hash of the largest
 * count, then SEIPD version 1. `gpg --decrypt` opens it. Takes some tenths of a second, by design.
 */
export async function sealUnderPassphrase(bytes: Uint8Array, passphrase: string): Promise<Buffer> {
  const key = newSessionKey();
  const wrapped = await openpgp.encryptSessionKey({
    data: key.bytes,
    algorithm: "aes256",
    passwords: passphrase,
    format: "binary",
    config: FOR_GNUPG,
  });
  return Buffer.concat([wrapped, sealPacket(bytes, key)]);
}

/**
 * Opens what `sealUnderPassphrase` wrote.
 *
 * @throws {ArchiveError} `undecryptable`: another passphrase, or altered bytes; `malformed`
 */
export async function openUnderPassphrase(sealed: Uint8Array, passphrase: string): Promise<Buffer> {
  return collect(openMessage(once(sealed), (wrapped) => unwrapWith(wrapped, { passwords: passphrase })));
}
