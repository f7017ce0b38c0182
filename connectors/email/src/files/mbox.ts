import type { SuppliedFile } from "@daybook/contract";

/** Where a message lies in a file: offsets in bytes, lines from 1. */
export interface MessagePlace {
  /** Of the `From ` line; of the message itself where there is none. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly line: number;
  /** Whether a line of it begins with `From `, where that is known. */
  readonly hasFromLines?: boolean;
}

/** A `From ` line and the line after it, at most. */
export const LOOK_AHEAD = 4_096;
/** Bytes before a line that tell whether an empty one is before it. */
const MARGIN = 8;
export const SEPARATOR = /^From (?=[^\r\n]*\d{4})[^\r\n]*(\r?\n)(?=[!-9;-~]{1,200}[ \t]*:|\r?\n|$)/;

/**
 * The messages of an mbox file, in order: each begins with a line `From ` that has a year in it, follows an empty line
 * and is followed by a header field (RFC 4155, appendix A, and what programs really write). A line of text that looks
 * like that in every way splits a message: the file itself is kept, and each record says where it stands.
 */
export async function* splitMbox(file: SuppliedFile): AsyncGenerator<MessagePlace> {
  let open: Omit<MessagePlace, "end"> | undefined;
  for await (const found of separators(file)) {
    if (open) yield { ...open, end: found.start };
    open = found;
  }
  if (open) yield { ...open, end: file.sizeBytes };
}

async function* separators(file: SuppliedFile): AsyncGenerator<Omit<MessagePlace, "end">> {
  const scanned = new Scanned();
  for await (const chunk of file.read(0, file.sizeBytes)) {
    scanned.add(chunk);
    yield* scanned.separators(false);
  }
  yield* scanned.separators(true);
}

/** A window on a file that moves on as it is scanned. */
class Scanned {
  #window = Buffer.alloc(0);
  /** Of the window in the file. */
  #offset = 0;
  /** In the window: what is before it is scanned. */
  #from = 0;
  /** Of `#from`, from 1. */
  #line = 1;

  add(chunk: Uint8Array): void {
    // An empty line before what is to come is still asked for.
    const gone = Math.max(0, this.#from - MARGIN);
    this.#window = Buffer.concat([this.#window.subarray(gone), chunk]);
    this.#offset += gone;
    this.#from -= gone;
  }

  *separators(isLast: boolean): Generator<Omit<MessagePlace, "end">> {
    for (;;) {
      const at = nextLineStart(this.#window, this.#from, this.#offset);
      if (at < 0) {
        this.#goTo(isLast ? this.#window.length : Math.max(this.#from, this.#window.length - MARGIN));
        return;
      }
      this.#goTo(at);
      if (!isLast && this.#window.length - at < LOOK_AHEAD) return;
      const match = SEPARATOR.exec(this.#window.toString("latin1", at, at + LOOK_AHEAD));
      const start = this.#offset + at;
      if (match) yield { start, bodyStart: start + match[0].length, line: this.#line };
      this.#goTo(at + 1);
    }
  }

  #goTo(to: number): void {
    for (
      let at = this.#window.indexOf(0x0a, this.#from);
      at >= 0 && at < to;
      at = this.#window.indexOf(0x0a, at + 1)
    )
      this.#line += 1;
    this.#from = to;
  }
}

/** Offset of the next `From ` that follows an empty line or begins the file; -1 for none. */
function nextLineStart(window: Buffer, from: number, offset: number): number {
  for (let at = window.indexOf("From ", from); at >= 0; at = window.indexOf("From ", at + 1)) {
    if (offset + at === 0) return at;
    const before = window.toString("latin1", Math.max(0, at - 4), at);
    if (/\n\r?\n$/.test(before)) return at;
  }
  return -1;
}

/** The message without the empty line that ends it, which belongs to the file. */
export function withoutEnding(message: Buffer): Buffer {
  const ending = /\r?\n\r?\n$/.exec(message.toString("latin1", Math.max(0, message.length - 4)))?.[0];
  const end = ending === undefined ? message.length : message.length - (ending.endsWith("\r\n") ? 2 : 1);
  return message.subarray(0, end);
}

/** The message as it was before the file quoted it: `>From ` loses one mark (mboxrd, which is read of mboxo and mboxcl too). */
export function unquoted(message: Buffer): { message: Buffer; quotedLines: number } {
  let quotedLines = 0;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = message.indexOf(">From "); at >= 0; at = message.indexOf(">From ", at + 1)) {
    let start = at;
    while (start > 0 && message[start - 1] === 0x3e) start -= 1;
    if (start > 0 && message[start - 1] !== 0x0a) continue;
    parts.push(message.subarray(from, start));
    from = start + 1;
    quotedLines += 1;
  }
  parts.push(message.subarray(from));
  return { message: quotedLines === 0 ? message : Buffer.concat(parts), quotedLines };
}
