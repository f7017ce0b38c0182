// WhatsApp's scheme for media, as `../media.ts` has it, the other way round.

const KEYS_OF = {
  image: "WhatsApp Image Keys",
  sticker: "WhatsApp Image Keys",
  video: "WhatsApp Video Keys",
  audio: "WhatsApp Audio Keys",
  ptt: "WhatsApp Audio Keys",
  document: "WhatsApp Document Keys",
};

export const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

async function keysOf(mediaKey, type) {
  const key = await crypto.subtle.importKey("raw", fromBase64(mediaKey), "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode(KEYS_OF[type]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info };
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(derivation, key, 112 * 8));
  return { iv: bytes.slice(0, 16), cipherKey: bytes.slice(16, 48), macKey: bytes.slice(48, 80) };
}

async function authenticate({ iv, macKey }, body, mac) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", macKey, hmac, false, ["sign"]);
  const signed = new Uint8Array(iv.length + body.length);
  signed.set(iv);
  signed.set(body, iv.length);
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)).slice(0, 10);
  if (toBase64(made) !== toBase64(mac)) throw new Error("media: mac mismatch");
}

async function check(bytes, hash, name) {
  const digest = toBase64(await crypto.subtle.digest("SHA-256", bytes));
  if (digest !== hash) throw new Error(`media: ${name} mismatch`);
}

/** Fetches what a message points to, checks and decrypts it. Its own errors carry the HTTP `status`. */
export async function downloadAndMaybeDecrypt({ directPath, encFilehash, filehash, mediaKey, type, signal }) {
  const response = await fetch(directPath, { signal });
  if (!response.ok) {
    throw Object.assign(new Error(`media: HTTP ${response.status}`), { status: response.status });
  }
  const encrypted = new Uint8Array(await response.arrayBuffer());
  await check(encrypted, encFilehash, "encFilehash");
  const keys = await keysOf(mediaKey, type);
  const body = encrypted.subarray(0, -10);
  await authenticate(keys, body, encrypted.subarray(-10));
  const key = await crypto.subtle.importKey("raw", keys.cipherKey, "AES-CBC", false, ["decrypt"]);
  const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv: keys.iv }, key, body);
  await check(plain, filehash, "filehash");
  return plain;
}
