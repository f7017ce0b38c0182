import { SignalError } from "../error.ts";
import { Aci, plain, zkgroup } from "../libsignal.ts";
import { openSealed } from "./storage-cipher.ts";

const MAX_NAME = 256;

/** Where a profile under that key is at the server. @param profileKey 32 bytes */
export function profilePath(aci: string, profileKey: Uint8Array): string {
  const version = new zkgroup.ProfileKey(plain(profileKey)).getProfileKeyVersion(Aci.fromUuid(aci));
  return `/v1/profile/${aci}/${version.toString()}`;
}

/**
 * The name in a profile: given and family name, each ended by a zero byte, under the profile's key.
 *
 * @param sealed base64
 * @throws {SignalError} `malformed`, also under another key
 */
export function openProfileName(sealed: string, profileKey: Uint8Array): string {
  try {
    const [given = "", family = ""] = openSealed(Buffer.from(sealed, "base64"), profileKey)
      .toString("utf8")
      .split("\0");
    return fullName(given, family);
  } catch (cause) {
    throw new SignalError("malformed", "a profile does not open", { cause });
  }
}

/** Empty where both are. */
export function fullName(given: string, family: string): string {
  return [given, family]
    .filter((part) => part !== "")
    .join(" ")
    .slice(0, MAX_NAME)
    .toWellFormed();
}
