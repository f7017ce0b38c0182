import { SignalError } from "../error.ts";

const BLOCK_BYTES = 80;
const END = 0x80;

/** Hides how long a message is: ends it with `0x80` and fills with zeros to a multiple of 80 bytes. */
export function pad(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((message.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(message);
  padded[message.length] = END;
  return padded;
}

/**
 * The message that `pad` hid.
 *
 * @throws {SignalError} `malformed` for what no `0x80` ends
 */
export function unpad(padded: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (end < 0 || padded[end] !== END)
    throw new SignalError("malformed", "a decrypted message has no end mark");
  return padded.subarray(0, end);
}
