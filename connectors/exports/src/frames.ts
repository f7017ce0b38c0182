import { isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import type { Header, Matcher } from "./matcher.ts";
import { newHeader } from "./matcher.ts";

/** The most bytes of one record that are held and sealed as its `raw`. The file itself keeps the rest. */
export const MAX_RECORD_BYTES = 768 * 1024;

/** Whatever a source yields is worked through in pieces of this size, so that memory does not depend on it. */
const PIECE_BYTES = 64 * 1024;

/** So much of a line is waited for before it is judged: no header and no author is longer. */
const JUDGED_BYTES = 1_024;

/** One record as it lies in the file: a header line and the lines up to the next. One object, filled again and again. */
export interface Frame {
  /** Holds the record's bytes from `start` to `end`, line ends included. */
  bytes: Buffer;
  start: number;
  end: number;
  /** Line number, from 1, and byte offset, from 0, of its header. */
  line: number;
  offsetBytes: number;
  /** Bytes in the file; more than `end - start` where the record was too long to hold. */
  lengthBytes: number;
  lines: number;
  /** SHA-256, hex, of the whole record, where it was too long to hold. */
  sha256: string | undefined;
  /** Known to hold nothing but UTF-8, and no replacement character. False where it must be looked at. */
  clean: boolean;
  header: Header;
  /** Bytes of the header: what was written begins at `start + headerBytes`. */
  headerBytes: number;
}

/** Where the headers are, and what is done with each record. */
export interface Framing {
  readonly matcher: Matcher;
  /** Whether what looks like a header is one: its date exists. */
  accept(header: Header, line: number): boolean;
  record(frame: Frame): void;
  /** A line that is no header, for those who want to look at it. Only its first bytes may be there. */
  other?(bytes: Buffer, from: number, to: number, line: number): void;
}

/** What was read of a file. */
export interface Extent {
  lines: number;
  /** Bytes and lines before the first header. */
  leadingBytes: number;
  leadingLines: number;
  nulBytes: boolean;
}

/**
 * Cuts a stream of bytes into records, in one pass and in memory that depends on neither the file's length nor a
 * line's. Yields after each piece, so that the consumer can hand on what it has gathered.
 */
export async function* frames(
  chunks: AsyncIterable<Uint8Array>,
  framing: Framing,
): AsyncGenerator<Extent, Extent> {
  const cutter = recordCutter(framing);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      cutter.push(chunk.subarray(at, at + PIECE_BYTES));
      yield cutter.extent;
    }
  }
  cutter.finish();
  return cutter.extent;
}

const REPLACEMENT = Buffer.from("\ufffd");

function isClean(bytes: Buffer): boolean {
  // A character that the piece cuts in two is judged with the next piece.
  let end = bytes.length;
  while (end > 0 && end > bytes.length - 4 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1;
  if (end > 0 && (bytes[end - 1] ?? 0) >= 0xc0) end -= 1;
  else end = bytes.length;
  return isUtf8(bytes.subarray(0, end)) && !bytes.includes(REPLACEMENT);
}

interface Overlong {
  readonly kept: Buffer;
  readonly hash: Hash;
  lengthBytes: number;
}

function recordCutter(framing: Framing) {
  const { matcher } = framing;
  const { firstBytes } = matcher;
  const extent: Extent = { lines: 0, leadingBytes: 0, leadingLines: 0, nulBytes: false };
  const frame: Frame = {
    bytes: Buffer.alloc(0),
    start: 0,
    end: 0,
    line: 0,
    offsetBytes: 0,
    lengthBytes: 0,
    lines: 0,
    sha256: undefined,
    clean: true,
    header: newHeader(),
    headerBytes: 0,
  };
  let scratch = newHeader();
  // What is not yet handed on, and its place in the file.
  let bytes = Buffer.alloc(0);
  let base = 0;
  // All as indexes into `bytes`: the open record, the open line, and how far line ends were looked for.
  let recordAt = -1;
  let lineAt = 0;
  let scanAt = 0;
  let judged = false;
  let line = 1;
  let overlong: Overlong | undefined;

  const close = (at: number) => {
    if (recordAt < 0) return;
    frame.lines = line - frame.line;
    if (overlong === undefined) {
      frame.bytes = bytes;
      frame.start = recordAt;
      frame.end = at;
      frame.lengthBytes = at - recordAt;
      frame.sha256 = undefined;
    } else {
      frame.bytes = overlong.kept;
      frame.start = 0;
      frame.end = overlong.kept.length;
      frame.lengthBytes = overlong.lengthBytes + at - recordAt;
      frame.sha256 = overlong.hash.update(bytes.subarray(recordAt, at)).digest("hex");
      overlong = undefined;
    }
    framing.record(frame);
  };

  const judge = (to: number) => {
    judged = true;
    const isHeader =
      firstBytes[bytes[lineAt] ?? 0] === 1 &&
      matcher.match(bytes, lineAt, to, scratch) &&
      framing.accept(scratch, line);
    if (!isHeader) {
      framing.other?.(bytes, lineAt, to, line);
      return;
    }
    if (recordAt < 0) {
      extent.leadingBytes = base + lineAt;
      extent.leadingLines = line - 1;
    }
    close(lineAt);
    recordAt = lineAt;
    [frame.header, scratch] = [scratch, frame.header];
    frame.headerBytes = frame.header.end - lineAt;
    frame.line = line;
    frame.offsetBytes = base + lineAt;
  };

  const push = (piece: Uint8Array) => {
    if (!extent.nulBytes && piece.includes(0)) extent.nulBytes = true;
    bytes = Buffer.concat([bytes, piece]);
    frame.clean = overlong === undefined && isClean(bytes);
    for (;;) {
      const lineEnd = bytes.indexOf(0x0a, scanAt);
      if (!judged && (lineEnd >= 0 || bytes.length - lineAt >= JUDGED_BYTES)) {
        judge(lineEnd < 0 ? bytes.length : lineEnd);
      }
      if (lineEnd < 0) break;
      line += 1;
      lineAt = scanAt = lineEnd + 1;
      judged = false;
    }
    scanAt = bytes.length;
    forget();
  };

  // Lets go of what no later step needs: handed-on records, and all but the beginning of an overlong one.
  const forget = () => {
    const settled = judged ? bytes.length : lineAt;
    if (recordAt >= 0 && (overlong !== undefined || settled - recordAt > MAX_RECORD_BYTES)) {
      const kept = overlong?.kept ?? Buffer.from(bytes.subarray(recordAt, recordAt + MAX_RECORD_BYTES));
      overlong ??= { kept, hash: createHash("sha256"), lengthBytes: 0 };
      overlong.hash.update(bytes.subarray(recordAt, settled));
      overlong.lengthBytes += settled - recordAt;
      recordAt = settled;
    }
    const keepFrom = recordAt >= 0 ? recordAt : settled;
    bytes = bytes.subarray(keepFrom);
    base += keepFrom;
    if (recordAt >= 0) recordAt = 0;
    lineAt -= keepFrom;
    scanAt -= keepFrom;
  };

  const finish = () => {
    frame.clean = false;
    if (!judged && lineAt < bytes.length) judge(bytes.length);
    if (bytes.length > lineAt) line += 1;
    if (recordAt < 0) {
      extent.leadingBytes = base + bytes.length;
      extent.leadingLines = line - 1;
    }
    close(bytes.length);
    extent.lines = line - 1;
  };

  return { push, finish, extent };
}
