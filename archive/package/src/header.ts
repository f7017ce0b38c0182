import { hash } from "node:crypto";

/** Most bytes of UTF-8 in one encoded word: 75 characters with `=?utf-8?B?` and `?=` around base64. */
const WORD_BYTES = 45;
const PRINTABLE = /^[\x20-\x7e]*$/;
const MAX_LOCAL_PART = 200;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A header field with its CRLF. The value is text, whatever is in it: RFC 5322 section 2.2, RFC 2047. */
export function textField(name: string, value: string): string {
  return `${name}: ${words(value)}\r\n`;
}

/** A header field whose value is written already, in parts that may stand on lines of their own. */
export function listField(name: string, parts: readonly string[]): string {
  return `${name}: ${parts.join(",\r\n ")}\r\n`;
}

/** Text as it stands in a header: as it is when short and plain, else as encoded words. */
export function words(value: string): string {
  if (value.length <= 900 && PRINTABLE.test(value) && !value.includes("=?") && value.trim() === value)
    return value;
  const out: string[] = [];
  let chunk = "";
  let bytes = 0;
  for (const character of value.toWellFormed()) {
    const length = Buffer.byteLength(character);
    if (bytes + length > WORD_BYTES) {
      out.push(encodedWord(chunk));
      chunk = "";
      bytes = 0;
    }
    chunk += character;
    bytes += length;
  }
  out.push(encodedWord(chunk));
  return out.join("\r\n ");
}

/**
 * A party as an address. Its id becomes the local part (percent-encoded where RFC 5322 wants it) at
 * `<network>.invalid`, which no mail reaches (RFC 2606); an id that is an address already stays one.
 */
export function address(party: { readonly id: string; readonly name: string }, network: string): string {
  const spec = isAddress(party.id) ? party.id : `${localPart(party.id)}@${network}.invalid`;
  if (party.name === "") return `<${spec}>`;
  if (party.name.length <= 200 && PRINTABLE.test(party.name) && !party.name.includes("=?"))
    return `"${party.name.replace(/["\\]/g, "\\$&")}" <${spec}>`;
  return `${words(party.name)} <${spec}>`;
}

/** Whether an id of the network `email` can stand as an address. */
export function isAddress(id: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(
    id.length <= 254 ? id : "",
  );
}

/** RFC 5322 section 3.3. @param at as if UTC @param zone `-0000` says that the zone is not known */
export function date(at: Date, zone: "+0000" | "-0000"): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const day = `${DAYS[at.getUTCDay()] ?? ""}, ${two(at.getUTCDate())} ${MONTHS[at.getUTCMonth()] ?? ""}`;
  return `${day} ${String(at.getUTCFullYear()).padStart(4, "0")} ${time} ${zone}`;
}

/** A file name as a parameter: plain, or RFC 2231 in pieces that fit a line. */
export function fileNameParameter(name: string): string {
  if (/^[A-Za-z0-9._ ()+-]{1,60}$/.test(name)) return `;\r\n filename="${name}"`;
  const encoded = [...Buffer.from(name.toWellFormed())].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  const pieces: string[] = [];
  for (let at = 0; at < encoded.length; at += 18) pieces.push(encoded.slice(at, at + 18).join(""));
  return pieces.map((piece, i) => `;\r\n filename*${i}*=${i === 0 ? "utf-8''" : ""}${piece}`).join("");
}

/** Base64 in lines of 76 characters, each with CRLF. */
export function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return text.replace(/.{1,76}/g, "$&\r\n");
}

/** As `base64Lines`, in pieces. */
export async function* base64Stream(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of body) {
    const joined = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = joined.length - (joined.length % 57);
    if (whole > 0) yield Buffer.from(base64Lines(joined.subarray(0, whole)), "latin1");
    rest = joined.subarray(whole);
  }
  if (rest.length > 0) yield Buffer.from(base64Lines(rest), "latin1");
}

function encodedWord(text: string): string {
  return `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
}

function localPart(id: string): string {
  const encoded = encodeURIComponent(id.toWellFormed()).replace(/[()]|^\.|\.$|\.(?=\.)/g, percent);
  return encoded.length <= MAX_LOCAL_PART ? encoded : hash("sha256", id);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
