import { hash } from "node:crypto";
import type { PublicKey, SenderCertificate } from "../libsignal.ts";

const MAX_KNOWN = 4_096;
/** By the roots that vouched: the digests of certificates whose signatures were checked, and when they run out. */
const checked = new WeakMap<readonly PublicKey[], Map<string, number>>();

/**
 * Whether one of the roots vouches for a sender's certificate, at a time in milliseconds since 1970. A sender shows the
 * same one for days: its signatures are checked once.
 */
export function isTrusted(
  certificate: SenderCertificate,
  trustRoots: readonly PublicKey[],
  at: number,
): boolean {
  const known = checked.get(trustRoots) ?? new Map<string, number>();
  checked.set(trustRoots, known);
  const digest = hash("sha256", certificate.serialize(), "base64");
  const expiresAt = known.get(digest);
  if (expiresAt !== undefined) return at <= expiresAt;
  if (!certificate.validateWithTrustRoots([...trustRoots], at)) return false;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(digest, certificate.expiration());
  return true;
}
