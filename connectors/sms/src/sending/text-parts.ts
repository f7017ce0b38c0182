import type { DefaultAlphabet } from "../reading/alphabet.ts";
import { encodeGsm } from "../smpp/index.ts";

const UTF_16 = 8;
const ESCAPE = 0x1b;
/** Of a text that is one part, and of a part after a header of 6 or 7 bytes; septets, and bytes. 3GPP TS 23.040, 9.2.3.24.1 */
const SEPTETS = { whole: 160, 8: 153, 16: 152 } as const;
const BYTES = { whole: 140, 8: 134, 16: 132 } as const;
/** A text of more costs as many: who asked for it had better write a mail. */
const MAX_PARTS = 10;
/** The same in every alphabet that data coding 0 may mean, one byte each. */
const IN_EVERY = /^[A-Za-z0-9 !"#%&'()*+,\-./:;<=>?\r\n]*$/;

/** How a text is written: the same for each of its parts, also after a restart. */
export interface Writing {
  /** What data coding 0 means to whom it is given. */
  readonly alphabet: DefaultAlphabet;
  /** Of the number that joins the parts. */
  readonly bits: 8 | 16;
  readonly reference: number;
}

export interface TextPart {
  readonly dataCoding: number;
  /** A header stands before its own bytes. */
  readonly hasHeader: boolean;
  readonly bytes: Buffer;
}

/** As short messages; undefined for a text that would be more than ten. Nothing is written otherwise than it was asked for. */
export function textParts(text: string, { alphabet, bits, reference }: Writing): TextPart[] | undefined {
  const septets = septetsOf(text, alphabet);
  const [dataCoding, all, room] = septets ? [0, septets, SEPTETS] : [UTF_16, utf16(text), BYTES];
  if (all.length <= room.whole) return [{ dataCoding, hasHeader: false, bytes: all }];
  const pieces = cut(all, room[bits], septets ? septetsBefore : unitsBefore);
  if (pieces.length > MAX_PARTS) return undefined;
  return pieces.map((own, n) => ({
    dataCoding,
    hasHeader: true,
    bytes: Buffer.concat([header(bits, reference, pieces.length, n + 1), own]),
  }));
}

/** One in a byte; undefined where data coding 0 cannot say it. Packed septets begin anew after a header: they are not made. */
function septetsOf(text: string, alphabet: DefaultAlphabet): Buffer | undefined {
  if (alphabet === "gsm") return encodeGsm(text);
  return alphabet !== "gsm-packed" && IN_EVERY.test(text) ? Buffer.from(text, "latin1") : undefined;
}

function utf16(text: string): Buffer {
  return Buffer.from(text.toWellFormed(), "utf16le").swap16();
}

/** @param end gives the last place at or before one where a letter ends */
function cut(all: Buffer, room: number, end: (all: Buffer, at: number) => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < all.length;) {
    const next = at + room >= all.length ? all.length : end(all, at + room);
    pieces.push(all.subarray(at, next));
    at = next;
  }
  return pieces;
}

/** An escape stays with what it is before. */
function septetsBefore(all: Buffer, at: number): number {
  return all[at - 1] === ESCAPE ? at - 1 : at;
}

/** A letter of two units stays whole. */
function unitsBefore(all: Buffer, at: number): number {
  const unit = all.readUInt16BE(at - 2);
  return unit >= 0xd800 && unit < 0xdc00 ? at - 2 : at;
}

function header(bits: 8 | 16, reference: number, total: number, number: number): Buffer {
  return bits === 8
    ? Buffer.of(5, 0x00, 3, reference & 0xff, total, number)
    : Buffer.of(6, 0x08, 4, (reference >> 8) & 0xff, reference & 0xff, total, number);
}
