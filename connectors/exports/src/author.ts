import { plain } from "./characters.ts";

/** No name is longer, in bytes; what stands before a later colon is text. */
const MAX_AUTHOR_BYTES = 512;
const COLON = 0x3a;
const QUOTATION = /["“”„‟«»‹›「」『』＂]/g;

/** Splits who wrote from what was written. */
export interface AuthorSplit {
  /** As shown everywhere: without marks, with plain spaces, trimmed. `undefined` for a line without an author. */
  readonly author: string | undefined;
  /** Where the body begins. */
  readonly bodyAt: number;
}

interface Known {
  readonly spelling: Buffer;
  readonly name: string | undefined;
}

const MAX_REMEMBERED = 20_000;
const MAX_ALIKE = 8;

function isAt(spelling: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (spelling.length !== to - from) return false;
  for (let i = 0; i < spelling.length; i += 1) if (spelling[i] !== bytes[from + i]) return false;
  return true;
}

/**
 * Reads the authors of one file. The author ends at the first `: `, or at a colon that ends the line. A quotation
 * that is still open there is part of a notice ("… changed the subject to "Plan: B"…"), so the line has no author.
 *
 * @param title the conversation's, if known: an author of that name is known even if it holds `: `
 */
export function authorReader(
  title: string | undefined,
): (bytes: Buffer, from: number, end: number) => AuthorSplit {
  const names = new Map<number, Known[]>();
  let remembered = 0;
  const known = title?.includes(": ") === true ? Buffer.from(`${title}: `) : undefined;

  const nameOf = (bytes: Buffer, from: number, to: number): string | undefined => {
    let hash = to - from;
    for (let p = from; p < to; p += 1) hash = (Math.imul(hash, 31) + (bytes[p] ?? 0)) | 0;
    const candidates = names.get(hash);
    if (candidates !== undefined) {
      for (let i = 0; i < candidates.length; i += 1) {
        const candidate = candidates[i];
        if (candidate !== undefined && isAt(candidate.spelling, bytes, from, to)) return candidate.name;
      }
    }
    const text = plain(bytes.toString("utf8", from, to)).trim();
    const open = (text.match(QUOTATION)?.length ?? 0) % 2 === 1;
    const name = text === "" || open ? undefined : text;
    if (remembered < MAX_REMEMBERED && (candidates?.length ?? 0) < MAX_ALIKE) {
      remembered += 1;
      const entry = { spelling: Buffer.from(bytes.subarray(from, to)), name };
      if (candidates === undefined) names.set(hash, [entry]);
      else candidates.push(entry);
    }
    return name;
  };

  return (bytes, from, end) => {
    if (known !== undefined && bytes.subarray(from, from + known.length).equals(known)) {
      return { author: title, bodyAt: from + known.length };
    }
    const colon = colonAt(bytes, from, end);
    const author = colon < 0 ? undefined : nameOf(bytes, from, colon);
    if (author === undefined) return { author, bodyAt: from };
    return { author, bodyAt: bytes[colon + 1] === 0x20 && colon + 1 < end ? colon + 2 : colon + 1 };
  };
}

function colonAt(bytes: Buffer, from: number, end: number): number {
  const limit = Math.min(end, from + MAX_AUTHOR_BYTES);
  let p = from;
  for (; p < limit; p += 1) {
    const byte = bytes[p];
    if (byte === 0x0a) break;
    if (byte === COLON && bytes[p + 1] === 0x20 && p + 1 < end) return p;
  }
  if (p === limit && limit < end) return -1;
  // A colon that ends the line, with nothing after it but marks and the line's end.
  while (p > from && (bytes[p - 1] === 0x0d || bytes[p - 1] === 0x0a)) p -= 1;
  while (p - 3 > from && bytes[p - 3] === 0xe2 && bytes[p - 2] === 0x80 && (bytes[p - 1] ?? 0) >= 0x8e)
    p -= 3;
  return p > from && bytes[p - 1] === COLON ? p - 1 : -1;
}
