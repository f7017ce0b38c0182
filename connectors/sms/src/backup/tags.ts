import { createHash, type Hash } from "node:crypto";
import { malformed } from "./malformed.ts";

/** A value that is left in the file: an attachment's bytes, or what is longer than any text. */
export interface LeftValue {
  /** Of the value in the file, bytes, without its quotes. */
  readonly start: number;
  readonly end: number;
  /** SHA-256, hex, of it as it is written. */
  readonly sha256: string;
}

/** A start or end tag of a file. */
export interface Tag {
  /** Of its `<` in the file, bytes. */
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly line: number;
  /** As it is written, with the space before it, but for the values that are left. */
  readonly bytes: Buffer;
  /** By the name of their attribute. */
  readonly left: ReadonlyMap<string, LeftValue>;
}

/** The attribute that holds an attachment's bytes. */
export const DATA = "data";
/** Of any other value that is read, bytes. */
const MAX_VALUE_BYTES = 256 * 1024;
const MAX_TAG_BYTES = 1024 * 1024;
/** Of a value's name and what stands around it. */
const MAX_NAME_BYTES = 128;
/** How an instruction that names an encoding begins, at most. */
const MAX_INSTRUCTION_BYTES = 256;

const [NEWLINE, LESS, GREATER, QUOTE, APOSTROPHE, EQUALS] = [0x0a, 0x3c, 0x3e, 0x22, 0x27, 0x3d];
/** Of the name `data`. */
const LAST_OF_DATA = 0x61;
const NONE = Buffer.alloc(0);

/** Markup that holds no message, and what ends it. */
const PASSED = [
  { begins: "<?", ends: "?>" },
  { begins: "<!--", ends: "-->" },
  { begins: "<![CDATA[", ends: "]]>" },
] as const;

type Mode = "space" | "opened" | "tag" | "value" | "passed";

/**
 * Cuts a file into its tags, in memory that does not grow with it: long values are left where they are. Whether the tags
 * are well-formed and stand in each other is for others to say; comments and instructions are passed over.
 */
export class Tags {
  #mode: Mode = "space";
  #chunk: Buffer = NONE;
  /** Of the chunk in the file. */
  #offset: number;
  /** In the chunk: what of it is kept begins here. */
  #from = 0;
  /** What is kept of earlier chunks, of the markup that is read and the space before it. */
  #pieces: Buffer[] = [];
  #keptBytes = 0;
  #start = 0;
  #startLine = 1;
  #line = 1;
  /** In the chunk: up to where its lines are counted. */
  #counted = 0;
  /** How the markup begins, until its kind is known. */
  #begun = "";
  #quote = QUOTE;
  /** Of the value that is read: what was kept before it, and where it stands in the file. */
  #keptBefore = 0;
  #valueStart = 0;
  /** The value is left in the file. */
  #leaving: { readonly name: string; readonly hash: Hash } | undefined;
  #left = new Map<string, LeftValue>();
  #ends = "";
  #passed = "";

  /** @param start of what is pushed, in the file */
  constructor(start: number) {
    this.#offset = start;
  }

  /** Up to where the file is whole tags, bytes: all that was pushed, where it may end there. */
  get reached(): number {
    return this.#mode === "space" ? this.#offset : this.#start;
  }

  get isWhole(): boolean {
    return this.#mode === "space";
  }

  /** @throws {ConnectorError} `malformed`: words between tags, a DOCTYPE, a tag of over a mebibyte, another encoding than UTF-8 */
  *push(chunk: Buffer): Generator<Tag> {
    this.#chunk = chunk;
    this.#from = this.#counted = 0;
    for (let at = 0; at < chunk.length;) {
      switch (this.#mode) {
        case "space":
          at = this.#space(at);
          break;
        case "opened":
          this.#tell(String.fromCharCode(chunk[at] ?? 0), at + 1);
          at += 1;
          break;
        case "tag": {
          const found = endOfPlain(chunk, at);
          at = Math.min(found + 1, chunk.length);
          if (found === chunk.length) break;
          if (chunk[found] === GREATER) yield this.#tag(at);
          else this.#open(at);
          break;
        }
        case "value":
          at = this.#value(at);
          break;
        case "passed":
          at = this.#pass(at);
      }
    }
    this.#keepUpTo(chunk.length);
    this.#count(chunk.length);
    this.#offset += chunk.length;
    this.#chunk = NONE;
  }

  #count(to: number): void {
    const lines = this.#chunk.subarray(this.#counted, to);
    for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) this.#line += 1;
    this.#counted = to;
  }

  /** Keeps what of the chunk is not kept yet. */
  #keepUpTo(to: number): void {
    if (to <= this.#from) return;
    // The chunk itself is not held.
    this.#pieces.push(Buffer.from(this.#chunk.subarray(this.#from, to)));
    this.#keptBytes += to - this.#from;
    this.#from = to;
    if (this.#keptBytes > MAX_TAG_BYTES) throw malformed("one of its tags is too long");
  }

  /** All that is kept, as one. */
  #kept(): Buffer {
    const kept = Buffer.concat(this.#pieces);
    this.#pieces = [kept];
    return kept;
  }

  /** Nothing of what stands before this is kept. */
  #drop(to: number): void {
    this.#pieces = [];
    this.#keptBytes = 0;
    this.#from = to;
  }

  #space(at: number): number {
    const found = this.#chunk.indexOf(LESS, at);
    const end = found < 0 ? this.#chunk.length : found;
    if (!isSpace(this.#chunk, at, end)) throw malformed("words stand between its tags");
    if (found < 0) return end;
    this.#count(end);
    this.#start = this.#offset + end;
    this.#startLine = this.#line;
    this.#mode = "opened";
    this.#begun = "";
    return end;
  }

  /** What kind of markup it is. */
  #tell(character: string, at: number): void {
    this.#begun += character;
    if (this.#begun.length < 2) return;
    const passed = PASSED.find(({ begins }) => begins === this.#begun);
    if (passed) {
      this.#mode = "passed";
      this.#ends = passed.ends;
      this.#passed = "";
      this.#drop(at);
    } else if (/^<[/A-Z_a-z\u0080-\u00ff]$/.test(this.#begun)) {
      this.#mode = "tag";
    } else if (!PASSED.some(({ begins }) => begins.startsWith(this.#begun)))
      throw malformed("it has a DOCTYPE, or what is no tag");
  }

  /** @param at after the quote that opens a value */
  #open(at: number): void {
    this.#quote = this.#chunk[at - 1] ?? QUOTE;
    this.#mode = "value";
    this.#keptBefore = this.#keptBytes + at - this.#from;
    this.#valueStart = this.#offset + at;
    const isElsewhere =
      at > this.#from + 2 && this.#chunk[at - 2] === EQUALS && this.#chunk[at - 3] !== LAST_OF_DATA;
    if (isElsewhere) return;
    this.#keepUpTo(at);
    if (this.#name() === DATA) this.#leaving = { name: DATA, hash: createHash("sha256") };
  }

  /** Of the attribute before what is kept ends. */
  #name(): string {
    const written = endOf(this.#pieces, MAX_NAME_BYTES).toString("latin1");
    return /([^\s"'<>=/]+)\s*=\s*["']$/.exec(written)?.[1] ?? "";
  }

  #value(at: number): number {
    const found = this.#chunk.indexOf(this.#quote, at);
    const end = found < 0 ? this.#chunk.length : found;
    if (this.#leaving) {
      this.#leaving.hash.update(this.#chunk.subarray(at, end));
      this.#from = end;
    } else if (this.#keptBytes + end - this.#from - this.#keptBefore > MAX_VALUE_BYTES) {
      this.#leave(end);
    }
    if (found < 0) return end;
    if (this.#leaving) {
      const { name, hash } = this.#leaving;
      const of = { start: this.#valueStart, end: this.#offset + end };
      this.#left.set(name, { ...of, sha256: hash.digest("hex") });
      this.#leaving = undefined;
    }
    this.#mode = "tag";
    return end + 1;
  }

  /** Lets go of a value that turns out to be long. */
  #leave(end: number): void {
    const more = this.#chunk.subarray(this.#from, end);
    const kept = Buffer.concat([this.#kept(), more]);
    this.#from = end;
    this.#pieces = [Buffer.from(kept.subarray(0, this.#keptBefore))];
    this.#keptBytes = this.#keptBefore;
    const hash = createHash("sha256").update(kept.subarray(this.#keptBefore));
    this.#leaving = { name: this.#name(), hash };
  }

  /** @returns how far the chunk is passed over */
  #pass(from: number): number {
    const found = this.#chunk.indexOf(GREATER, from);
    const to = found < 0 ? this.#chunk.length : found + 1;
    const kept = this.#ends === PASSED[0].ends ? MAX_INSTRUCTION_BYTES : this.#ends.length;
    const more = this.#chunk.toString("latin1", Math.max(from, to - kept), to);
    this.#passed = (this.#passed + more).slice(-kept);
    this.#from = to;
    if (found < 0 || !this.#passed.endsWith(this.#ends)) return to;
    const encoding = /^xml\s[^>]*\bencoding\s*=\s*["']([^"']*)/.exec(this.#passed)?.[1];
    if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding))
      throw malformed("it is not in UTF-8");
    this.#mode = "space";
    return to;
  }

  #tag(at: number): Tag {
    this.#keepUpTo(at);
    const of = { start: this.#start, end: this.#offset + at, line: this.#startLine };
    const tag = { ...of, bytes: this.#kept(), left: this.#left };
    this.#drop(at);
    this.#left = new Map();
    this.#mode = "space";
    return tag;
  }
}

/** Of the first quote or end of a tag. */
function endOfPlain(chunk: Buffer, from: number): number {
  let at = from;
  for (; at < chunk.length; at += 1) {
    const byte = chunk[at];
    if (byte === QUOTE || byte === APOSTROPHE || byte === GREATER) break;
  }
  return at;
}

function isSpace(chunk: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = chunk[at] ?? 0;
    if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

/** The last bytes of what is in pieces, at most so many. */
function endOf(pieces: readonly Buffer[], bytes: number): Buffer {
  let from = pieces.length;
  for (let have = 0; from > 0 && have < bytes; from -= 1) have += pieces[from - 1]?.length ?? 0;
  return Buffer.concat(pieces.slice(from)).subarray(-bytes);
}
