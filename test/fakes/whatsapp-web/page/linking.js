// The keys that a QR code shows besides the server's reference; made once a profile.
import { get, put } from "./kept.js";
import { toBase64 } from "./media.js";

const NAMES = ["staticKey", "identityKey", "advSecretKey"];

async function keyNamed(name) {
  const known = await get(name);
  if (known) return known;
  const made = crypto.getRandomValues(new Uint8Array(32));
  await put(name, made);
  return made;
}

export const PLATFORM = "1";
export const [staticKey, identityKey, advSecretKey] = await Promise.all(NAMES.map(keyNamed));

/** What follows the reference in the QR code's text. */
export const qrKeys = [staticKey, identityKey, advSecretKey].map(toBase64).concat(PLATFORM).join(",");
