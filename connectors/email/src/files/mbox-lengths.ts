import type { SuppliedFile } from "@daybook/contract";
import { MAX_HEADER_BYTES, readHeaderBlock } from "../reading/header-block.ts";
import { LOOK_AHEAD, type MessagePlace, SEPARATOR } from "./mbox.ts";

/** A header has fewer, nearly always. */
const MOST_HEADERS_BYTES = 16_384;
const FROM = Buffer.from("\nFrom ");

/**
 * How an mbox file is split. `lengths`: each message has a Content-Length that leads to the next one's `From ` line, and text is as it
 * was (mboxcl2); `quoted-lengths`: so it has, and no line of text begins with `From `, so that those were quoted (mboxcl); `lines`:
 * by `From ` lines alone (mboxrd, mboxo), as soon as one Content-Length is missing or leads elsewhere.
 */
export type MboxRule = "lines" | "lengths" | "quoted-lengths";

/** Which rule a file bears out, from its beginning to its end. Reads it once at most; holds a header and a chunk of it. */
export async function mboxRuleOf(file: SuppliedFile): Promise<MboxRule> {
  let hasFromLines = false;
  const places = splitByLengths(file);
  for (;;) {
    const next = await places.next();
    if (next.done && !next.value) return "lines";
    if (next.done) return hasFromLines ? "lengths" : "quoted-lengths";
    hasFromLines ||= next.value.hasFromLines;
  }
}

/** The messages of an mbox file by their Content-Length, in order. @returns whether that led from each to the next, and to the end */
export async function* splitByLengths(file: SuppliedFile): AsyncGenerator<Required<MessagePlace>, boolean> {
  let line = 1;
  for (let start = 0; start < file.sizeBytes;) {
    const separator = SEPARATOR.exec((await bytesOf(file, start, start + LOOK_AHEAD)).toString("latin1"));
    if (!separator) return false;
    const bodyStart = start + separator[0].length;
    const bytes = await statedBytes(file, bodyStart);
    if (bytes === undefined || bytes > file.sizeBytes - bodyStart) return false;
    const end = bodyStart + bytes;
    const next = await separatorAfter(file, end);
    if (next === undefined) return false;
    const { lines, hasFromLines } = await linesOf(file, start, end, next);
    yield { start, bodyStart, end, line, hasFromLines };
    line += lines;
    start = next;
  }
  return true;
}

/** Of a message with its header, by its one Content-Length; undefined where it has none that is a number, or no header that ends. */
async function statedBytes(file: SuppliedFile, start: number): Promise<number | undefined> {
  let head = await bytesOf(file, start, start + MOST_HEADERS_BYTES);
  let block = readHeaderBlock(head);
  if (!endsIn(head, block.bodyStart) && head.length === MOST_HEADERS_BYTES) {
    head = await bytesOf(file, start, start + MAX_HEADER_BYTES);
    block = readHeaderBlock(head);
  }
  if (!endsIn(head, block.bodyStart)) return undefined;
  const length = contentLengthOf(block.fields);
  return length === undefined ? undefined : block.bodyStart + length;
}

/** Whether an empty line is what ends the header there. */
function endsIn(head: Buffer, bodyStart: number): boolean {
  return /(?:^|\n)\r?\n$/.test(head.toString("latin1", Math.max(0, bodyStart - 3), bodyStart));
}

/** Bytes; undefined for none, for several, and for what is no number of bytes. */
export function contentLengthOf(
  fields: readonly { readonly name: string; readonly value: string }[],
): number | undefined {
  const [only, ...more] = fields.filter(({ name }) => name === "content-length");
  const said = only?.value.slice(0, 100).trim() ?? "";
  return more.length === 0 && /^\d{1,15}$/.test(said) ? Number(said) : undefined;
}

/** Where the next message begins, one or two line breaks after the end of one: undefined where none does, and the file goes on. */
async function separatorAfter(file: SuppliedFile, end: number): Promise<number | undefined> {
  const text = (await bytesOf(file, end - 1, end + LOOK_AHEAD)).toString("latin1");
  const breaks = /^[^](?:\r?\n){0,2}/.exec(text)?.[0] ?? "";
  const at = end - 1 + breaks.length;
  if (at === file.sizeBytes) return at;
  return breaks.endsWith("\n") && SEPARATOR.test(text.slice(breaks.length)) ? at : undefined;
}

/** Counts line breaks up to `next`, and asks of the lines after the first, up to `end`, whether one begins with `From `. */
async function linesOf(
  file: SuppliedFile,
  start: number,
  end: number,
  next: number,
): Promise<{ lines: number; hasFromLines: boolean }> {
  let lines = 0;
  let hasFromLines = false;
  let before = Buffer.alloc(0);
  let offset = start;
  for await (const chunk of file.read(start, next)) {
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
    if (!hasFromLines) {
      const window = Buffer.concat([before, chunk]);
      const at = window.indexOf(FROM);
      hasFromLines = at >= 0 && offset - before.length + at + FROM.length <= end;
      before = Buffer.from(window.subarray(Math.max(0, window.length - FROM.length + 1)));
    }
    offset += chunk.length;
  }
  return { lines, hasFromLines };
}

/** Of a file, in one piece: no further than its end. */
export async function bytesOf(file: SuppliedFile, start: number, end: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of file.read(start, Math.min(end, file.sizeBytes))) parts.push(part);
  return Buffer.concat(parts);
}
