import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { COSIGNATURE_V1, cosignedMessage, readNote } from "../src/index.ts";
import { writeVerifierKey } from "../src/note.ts";

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key of a witness, for tests. */
export interface Cosigner {
  readonly name: string;
  readonly vkey: string;
  /** @returns the signature line, with its LF */
  cosign(note: string, at: Date): string;
}

/** @param seed Ed25519 private key seed, 32 bytes */
export function cosigner(name: string, seed: Uint8Array): Cosigner {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  const { vkey, id } = writeVerifierKey(name, COSIGNATURE_V1, createPublicKey(key));
  return {
    name,
    vkey,
    cosign(note, at) {
      const seconds = BigInt(Math.floor(at.getTime() / 1_000));
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(seconds);
      const signature = sign(null, cosignedMessage(readNote(note).text, seconds), key);
      return `— ${name} ${Buffer.concat([id, time, signature]).toString("base64")}\n`;
    },
  };
}
