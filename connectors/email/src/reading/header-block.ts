import { createHash } from "node:crypto";

/** The largest header block that is looked at, in bytes: RFC 5322 names no limit, `mailparser` has the same. */
export const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_FIELDS = 20_000;

/** One header field, as it stands. */
export interface HeaderField {
  /** In lower case. */
  readonly name: string;
  /** Its bytes after the colon, each a character, folding included. */
  readonly value: string;
  /** Offset of its first byte. */
  readonly start: number;
}

/** The header of a message by its bytes alone: what is known even where no parser can read it. */
export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Offset of the body; the length of the message where it has none. */
  readonly bodyStart: number;
  /** Whether its end was found within `MAX_HEADER_BYTES`, and no more fields than are looked at. */
  readonly isWhole: boolean;
}

/** Reads the header block of a message. Takes anything; bounded by `MAX_HEADER_BYTES`. */
export function readHeaderBlock(message: Uint8Array): HeaderBlock {
  const head = Buffer.from(message.buffer, message.byteOffset, Math.min(message.length, MAX_HEADER_BYTES));
  const fields: { name: string; value: string; start: number }[] = [];
  let at = 0;
  while (at < head.length) {
    const newline = head.indexOf(0x0a, at);
    const end = newline < 0 ? head.length : newline + 1;
    const line = head.toString("latin1", at, end);
    if (line === "\n" || line === "\r\n") return { fields, bodyStart: end, isWhole: true };
    const field = /^([!-9;-~]{1,200})[ \t]*:([^]*)$/.exec(line);
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last) last.value += line;
    else if (field?.[1] !== undefined) {
      if (fields.length >= MAX_FIELDS) return { fields, bodyStart: head.length, isWhole: false };
      fields.push({ name: field[1].toLowerCase(), value: field[2] ?? "", start: at });
    }
    at = end;
  }
  return { fields, bodyStart: head.length, isWhole: head.length === message.length };
}

/** The first field of a name, unfolded and trimmed, at most so many characters. */
export function valueOf({ fields }: HeaderBlock, name: string, most = 4_096): string | undefined {
  const found = fields.find((field) => field.name === name);
  return found?.value
    .slice(0, most * 2)
    .replace(/\r?\n[ \t]/g, " ")
    .trim()
    .slice(0, most);
}

/** A Message-ID without angle brackets; nothing of an empty one. */
export function messageIdOf(value: string | undefined): string | undefined {
  const id = value?.trim().replace(/^<|>$/g, "").trim();
  return id === "" ? undefined : id;
}

/** Fields that RFC 5322 (section 3.6) allows once, and that a client may show another of. */
const ONCE = ["from", "sender", "subject", "date", "message-id", "to", "cc", "content-type"];

/** Those of them that stand there more than once: what one program shows another hides. */
export function repeatedFields({ fields }: HeaderBlock): string[] {
  return ONCE.filter((name) => fields.filter((field) => field.name === name).length > 1);
}

/** What relays put in front of a message on its way. */
const TRACE = new Set([
  ...["received", "return-path", "delivered-to", "x-received"],
  ...["x-original-to", "x-delivered-to", "x-envelope-from", "x-envelope-to"],
]);

/** The message without the trace that relays put in front of it: the same by whichever way it came. */
export function withoutTrace(message: Uint8Array, block: HeaderBlock): Uint8Array {
  const first = block.fields.find(({ name }) => !TRACE.has(name));
  return message.subarray(first?.start ?? 0);
}

/**
 * Whether lines end in other ways than CRLF, as RFC 5321 (section 2.3.8) has them: where relays disagree on such
 * ends, one message is made to look like two.
 */
export function hasBareBreaks(message: Uint8Array): boolean {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    if (at === 0 || bytes[at - 1] !== 0x0d) return true;
  }
  for (let at = bytes.indexOf(0x0d); at >= 0; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] !== 0x0a) return true;
  }
  return false;
}

/** SHA-256, hex. */
export function sha256(...parts: readonly (Uint8Array | string)[]): string {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest("hex");
}
