import { type DayPart, dayPartOf, wordKey } from "./day-part.ts";
import { type Era, eraOf } from "./calendar.ts";
import { isMark, isSpace, plain, zeroOf } from "./characters.ts";
import { HOUR, MINUTE, SECOND, type Shape, type Step } from "./shape.ts";

/** A word found in a header, the same object each time it is found. */
export interface Word {
  readonly text: string;
  readonly key: string;
  /** Which of the words of its place it is, in order of first appearance, from 0. */
  readonly nth: number;
  /** What it says of the half of the day, where known. */
  readonly part: DayPart | undefined;
  readonly era: Era | undefined;
}

/** What a header holds. One object is filled again and again: copy what must last. */
export interface Header {
  /** The date's three numbers in the order written, hour, minute, second. */
  readonly numbers: Int32Array;
  /** How many digits each number has. */
  readonly digits: Int32Array;
  readonly words: (Word | undefined)[];
  /** Where the header ends. */
  end: number;
}

/** An empty header to fill. */
export function newHeader(): Header {
  return { numbers: new Int32Array(6), digits: new Int32Array(6), words: [], end: 0 };
}

/** Matches the headers of one shape on bytes. */
export interface Matcher {
  /** Whether a line that begins with this byte can be a header: to be asked first. */
  readonly firstBytes: Uint8Array;
  /** Fills `header` if one begins at `at`, and says whether it did. Reads no further than `end`. */
  match(bytes: Buffer, at: number, end: number, header: Header): boolean;
  /** The words seen so far in each place. */
  readonly words: readonly (readonly Word[])[];
}

/** More words than any clock has in one place: a line that brings another is no header. */
const MAX_WORDS = 16;
const MAX_WORD_BYTES = 64;

const CHARACTER = 0;
const NUMBER = 1;
const WORD = 2;
const OPERATIONS = { character: CHARACTER, number: NUMBER, word: WORD, "space, if any": 3 } as const;

/** Compiles a shape. Matchers keep the words they have seen and are not shared between passes. */
export function matcher(shape: Shape): Matcher {
  const ascii = shape.zero === 0x30;
  const steps = shape.steps;
  const known: { bytes: Buffer; word: Word }[][] = Array.from({ length: shape.words }, () => []);
  const words: Word[][] = known.map(() => []);
  const wordEnd = wordScanner(shape.zero);
  // The steps as flat tables: this runs on every line of the file.
  const operations = Uint8Array.from(steps, ({ kind }) => OPERATIONS[kind]);
  const operands = Int32Array.from(steps, (step) =>
    step.kind === "character" ? step.code : "index" in step ? step.index : 0,
  );
  const minima = Uint8Array.from(steps, (step) => (step.kind === "number" ? step.min : 0));
  const maxima = Uint8Array.from(steps, (step) => (step.kind === "number" ? step.max : 0));

  const intern = (place: number, bytes: Buffer, from: number, to: number): Word | undefined => {
    const entries = known[place] ?? [];
    next: for (const { bytes: seen, word } of entries) {
      if (seen.length !== to - from) continue;
      for (let i = 0; i < seen.length; i += 1) if (seen[i] !== bytes[from + i]) continue next;
      return word;
    }
    const text = plain(bytes.toString("utf8", from, to));
    const key = wordKey(text);
    const list = words[place] ?? [];
    let word = list.find((other) => other.key === key);
    if (word === undefined) {
      if (list.length >= MAX_WORDS) return undefined;
      word = { text, key, nth: list.length, part: dayPartOf(text), era: eraOf(key) };
      list.push(word);
    }
    if (entries.length < 4 * MAX_WORDS) entries.push({ bytes: Buffer.from(bytes.subarray(from, to)), word });
    return word;
  };

  // Most headers repeat the date of the one before, byte for byte: then only the time is read again.
  const timeStep = steps.findIndex(
    (step) => step.kind === "word" || (step.kind === "number" && step.index === HOUR),
  );
  // After a bare number another digit might follow.
  const dateSteps = steps[timeStep - 1]?.kind === "character" ? timeStep : 0;
  const date = Buffer.alloc(64);
  const dateNumbers = new Int32Array(3);
  const dateDigits = new Int32Array(3);
  let dateBytes = 0;
  const hasSeconds = shape.seconds;

  const repeatsDate = (bytes: Buffer, at: number, end: number): boolean => {
    if (dateBytes === 0 || at + dateBytes > end) return false;
    for (let i = 0; i < dateBytes; i += 1) if (bytes[at + i] !== date[i]) return false;
    return true;
  };
  const remember = (bytes: Buffer, at: number, to: number, { numbers, digits }: Header): void => {
    dateBytes = bytes.copy(date, 0, at, to);
    dateNumbers.set(numbers.subarray(0, 3));
    dateDigits.set(digits.subarray(0, 3));
  };

  const match = (bytes: Buffer, at: number, end: number, header: Header): boolean => {
    const { numbers, digits } = header;
    if (!hasSeconds) numbers[SECOND] = 0;
    let p = at;
    let i = 0;
    const repeats = dateSteps > 0 && repeatsDate(bytes, at, end);
    if (repeats) {
      for (let index = 0; index < HOUR; index += 1) {
        numbers[index] = dateNumbers[index] ?? 0;
        digits[index] = dateDigits[index] ?? 0;
      }
      p = at + dateBytes;
      i = dateSteps;
    }
    for (; i < operations.length; i += 1) {
      if (i === dateSteps && !repeats && p - at <= date.length) remember(bytes, at, p, header);
      const operand = operands[i] ?? 0;
      switch (operations[i]) {
        case CHARACTER:
          if (bytes[p] === operand && p < end) p += 1;
          else if ((p = character(bytes, p, end, operand)) < 0) return false;
          break;
        case NUMBER: {
          if ((bytes[p] ?? 0) >= 0x80) p = skipMarks(bytes, p, end);
          const max = maxima[i] ?? 0;
          let value = 0;
          let count = 0;
          if (ascii) {
            for (; count < max && p < end; count += 1, p += 1) {
              const digit = (bytes[p] ?? 0) - 0x30;
              if (digit < 0 || digit > 9) break;
              value = value * 10 + digit;
            }
          } else {
            for (; count < max && p < end; count += 1) {
              const code = codeAt(bytes, p, end);
              if (code < shape.zero || code > shape.zero + 9) break;
              value = value * 10 + code - shape.zero;
              p = skipMarks(bytes, p + widthOf(code), end);
            }
          }
          if (count < (minima[i] ?? 0)) return false;
          numbers[operand] = value;
          digits[operand] = count;
          break;
        }
        case WORD: {
          if ((bytes[p] ?? 0) >= 0x80) p = skipMarks(bytes, p, end);
          const from = p;
          p = wordEnd(bytes, from, end);
          const word = p > from ? intern(operand, bytes, from, p) : undefined;
          if (word === undefined) return false;
          header.words[operand] = word;
          break;
        }
        default:
          if (bytes[p] === 0x20 && p < end) p += 1;
      }
    }
    header.end = p;
    return (numbers[HOUR] ?? 0) <= 23 && (numbers[MINUTE] ?? 0) <= 59 && (numbers[SECOND] ?? 0) <= 59;
  };

  return { firstBytes: firstBytes(steps[0], shape.zero), match, words };
}

function firstBytes(first: Step | undefined, zero: number): Uint8Array {
  const allowed = new Uint8Array(256);
  // The lead bytes of the marks and of the BOM, which may stand before anything.
  for (const lead of [0xe2, 0xef, 0xd8]) allowed[lead] = 1;
  const lead = (code: number) => (allowed[Buffer.from(String.fromCodePoint(code)).readUInt8(0)] = 1);
  if (first?.kind === "character") lead(first.code);
  else if (first?.kind === "number") for (let digit = 0; digit < 10; digit += 1) lead(zero + digit);
  else allowed.fill(1);
  return allowed;
}

/** The code point at `p`, or -1 where the bytes are none. */
function codeAt(bytes: Buffer, p: number, end: number): number {
  const a = bytes[p] ?? 0;
  if (p >= end) return -1;
  if (a < 0x80) return a;
  const b = p + 1 < end ? (bytes[p + 1] ?? 0) ^ 0x80 : 0xff;
  if (a < 0xe0) return a < 0xc2 || b > 0x3f ? -1 : ((a & 0x1f) << 6) | b;
  const c = p + 2 < end ? (bytes[p + 2] ?? 0) ^ 0x80 : 0xff;
  if (a < 0xf0) return b > 0x3f || c > 0x3f ? -1 : ((a & 0xf) << 12) | (b << 6) | c;
  const d = p + 3 < end ? (bytes[p + 3] ?? 0) ^ 0x80 : 0xff;
  return a > 0xf4 || b > 0x3f || c > 0x3f || d > 0x3f ? -1 : ((a & 7) << 18) | (b << 12) | (c << 6) | d;
}

function widthOf(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

function skipMarks(bytes: Buffer, from: number, end: number): number {
  let p = from;
  while (p < end && (bytes[p] ?? 0) >= 0x80) {
    const code = codeAt(bytes, p, end);
    if (code < 0 || !isMark(code)) break;
    p += widthOf(code);
  }
  return p;
}

/** Past one character that equals `want`, or -1. */
function character(bytes: Buffer, from: number, end: number, want: number): number {
  const p = skipMarks(bytes, from, end);
  const code = codeAt(bytes, p, end);
  if (code < 0 || (code !== want && !(want === 0x20 && isSpace(code)))) return -1;
  return p + widthOf(code);
}

function isPlainLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Where a word ends that begins at `from`: the counterpart, on bytes, of the grammar's words. */
function wordScanner(zero: number): (bytes: Buffer, from: number, end: number) => number {
  const isLetter = (code: number) =>
    isPlainLetter(code) ||
    (code >= 0xaa &&
      !isSpace(code) &&
      !isMark(code) &&
      !(code >= zero && code <= zero + 9) &&
      !isPunctuation(code));
  const isInner = (code: number) => isLetter(code) || code === 0x2e || code === 0x27 || code === 0x22;

  return (bytes, from, end) => {
    const limit = Math.min(end, from + MAX_WORD_BYTES);
    let p = from;
    // Most words are a few plain letters: what comes after them tells whether a closer look is needed.
    while (p < limit && isPlainLetter(bytes[p] ?? 0)) p += 1;
    const next = bytes[p] ?? 0;
    if (p > from && p < limit && (next === 0x5d || (next === 0x20 && bytes[p + 1] === 0x2d))) return p;
    p = from;
    if (!isLetter(codeAt(bytes, p, limit))) return from;
    while (p < limit) {
      const code = codeAt(bytes, p, limit);
      if (code < 0) break;
      const after = p + widthOf(code);
      if (isMark(code) || isSpace(code)) {
        let next = after;
        if (isMark(code)) next = skipMarks(bytes, next, limit);
        else if (!isLetter(codeAt(bytes, skipMarks(bytes, next, limit), limit))) break;
        if (!isInner(codeAt(bytes, skipMarks(bytes, next, limit), limit))) break;
      } else if (!isInner(code)) break;
      p = after;
    }
    return p;
  };
}

/** Commas, dashes and full-width signs that part words without being spaces. */
function isPunctuation(code: number): boolean {
  return (
    code === 0xb7 ||
    code === 0x060c ||
    (code >= 0x2010 && code <= 0x2015) ||
    (code >= 0x3001 && code <= 0x3002) ||
    (code >= 0xff08 && code <= 0xff0f) ||
    (code >= 0x660 && zeroOf(code) >= 0)
  );
}
