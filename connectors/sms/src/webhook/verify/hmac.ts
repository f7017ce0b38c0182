import { createHmac } from "node:crypto";
import type { HmacSource, Received } from "../source.ts";
import { isAny } from "./same.ts";

/** What a secret signed the body with, as it came; undefined where none did. */
export function signedByHmac(source: HmacSource, { headers, body }: Received): string | undefined {
  const { secrets, header, hash, encoding, prefix } = source;
  const given = headers.get(header.toLowerCase());
  if (given === undefined || !given.startsWith(prefix)) return undefined;
  const signature = given.slice(prefix.length).trim();
  const ours = secrets().map((secret) => createHmac(hash, secret).update(body).digest(encoding));
  return isAny(encoding === "hex" ? signature.toLowerCase() : signature, ours)
    ? `${header}, HMAC-${hash.toUpperCase()}`
    : undefined;
}
