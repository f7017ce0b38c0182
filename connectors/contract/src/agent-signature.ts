import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** What an agent's key signs. The line says what for, so that a signature of one thing is never that of another. */
export type Signed =
  | { readonly what: "enrol" }
  | { readonly what: "batch"; readonly agent: string; readonly number: number }
  | { readonly what: "part"; readonly agent: string; readonly sha256: string };

/**
 * The line that is signed, and after it the body's bytes as they are sent (of a part: none, its digest is in the line):
 * `daybook-agent-v1 batch <agent> <number>`, LF.
 */
export function signedLine(signed: Signed): Buffer {
  const words = ["daybook-agent-v1", signed.what];
  if (signed.what === "batch") words.push(signed.agent, String(signed.number));
  if (signed.what === "part") words.push(signed.agent, signed.sha256);
  return Buffer.from(`${words.join(" ")}\n`);
}

/**
 * Reads an agent's public key.
 *
 * @param spki SubjectPublicKeyInfo, DER (RFC 5280 section 4.1)
 * @returns undefined for bytes that are no key, and for keys of other kinds than ECDSA on P-256 and Ed25519
 */
export function agentKey(spki: Uint8Array): KeyObject | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const isKnown = type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1");
  // One key has one name: what is not in its canonical form would have several.
  return isKnown && key.export({ format: "der", type: "spki" }).equals(Buffer.from(spki)) ? key : undefined;
}

/**
 * Whether the key signed these bytes: ECDSA with SHA-256, the signature in DER as Android's keystore and Apple's Secure
 * Enclave write it (SEC 1, C.8), or Ed25519 (RFC 8032). False for any bytes that are no such signature.
 */
export function isSignedBy(
  key: KeyObject,
  signature: Uint8Array,
  signed: Signed,
  body: Uint8Array = Buffer.alloc(0),
): boolean {
  const bytes = Buffer.concat([signedLine(signed), body]);
  try {
    return verify(key.asymmetricKeyType === "ed25519" ? null : "sha256", bytes, key, signature);
  } catch {
    return false;
  }
}
