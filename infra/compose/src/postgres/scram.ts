import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const ITERATIONS = 4_096;

/**
 * What PostgreSQL keeps of a password, so that the password itself is never sent to it.
 *
 * @param password ASCII, as others would have to be prepared first (RFC 4013)
 * @see RFC 5802 section 3, and PostgreSQL's `pg_authid.rolpassword`
 */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const saltText = Buffer.from(salt).toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${saltText}$${storedKey}:${hmac("Server Key").toString("base64")}`;
}
