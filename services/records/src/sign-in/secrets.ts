import { createHash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;

/** A secret that is told once: 32 random bytes, base64url. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** SHA-256: what is kept of a secret. */
export function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
