import { ArchiveError } from "@daybook/archive-core";
import type { KeyHolder, Recipient } from "./keys.ts";
import { decryptWithKey, encryptToKeys } from "./message.ts";
import { formatSessionKey, parseSessionKey, type SessionKey } from "./session-key.ts";

/** The key of one record, or of one attachment of it. */
export interface KeyLine {
  /** Log index of the record. */
  readonly index: number;
  /** Which of the record's attachments; absent for the record itself. */
  readonly attachment?: number;
  readonly key: SessionKey;
}

const NUMBER = "(0|[1-9][0-9]{0,15})";
const LINE = new RegExp(`^${NUMBER}(?:\\.${NUMBER})? (9:[0-9A-F]{64})$`);

/**
 * Seals the session keys of a segment's records: an ordinary OpenPGP message whose text has one line per
 * record, `<index> 9:HEX`, and per attachment, `<index>.<n> 9:HEX`, in that order. To dispose of a record or to
 * change recipients, build the block again from the lines that stay.
 *
 * @throws {RangeError} for an index given twice, or one that is no safe non-negative integer
 * @throws {ArchiveError} `malformed`: no recipient, or one that can no longer be encrypted to
 */
export async function buildKeyBlock(
  lines: readonly KeyLine[],
  recipients: readonly Recipient[],
): Promise<Buffer> {
  const text = Buffer.from(formatKeyLines(lines));
  const block = await encryptToKeys(text, recipients);
  text.fill(0);
  return block;
}

/** @throws {ArchiveError} `undecryptable`: not for this key, or altered; `malformed` */
export async function readKeyBlock(block: Uint8Array, holder: KeyHolder): Promise<KeyLine[]> {
  return parseKeyLines((await decryptWithKey(block, holder)).toString("latin1"));
}

/** A block's text, which `gpg --decrypt` shows. @throws {RangeError} as `buildKeyBlock` */
export function formatKeyLines(lines: readonly KeyLine[]): string {
  const sorted = lines.toSorted(inOrder);
  sorted.forEach((line, i) => {
    const { index, attachment = 0 } = line;
    const previous = sorted[i - 1];
    if (!isNumber(index) || !isNumber(attachment)) throw new RangeError("an index is a non-negative integer");
    if (previous && inOrder(previous, line) === 0) throw new RangeError("a record's key is given twice");
  });
  return sorted.map((line) => `${nameOf(line)} ${formatSessionKey(line.key)}\n`).join("");
}

/**
 * Reads what `formatKeyLines` writes and nothing else: strictly ascending, every line ended.
 *
 * @throws {ArchiveError} `malformed`
 */
export function parseKeyLines(text: string): KeyLine[] {
  const rows = text.split("\n");
  if (rows.pop() !== "") throw notLines();
  let previous: KeyLine | undefined;
  return rows.map((row) => {
    const [, index, attachment, key] = LINE.exec(row) ?? [];
    if (index === undefined || key === undefined) throw notLines();
    const line = {
      index: Number(index),
      ...(attachment !== undefined && { attachment: Number(attachment) }),
      key: parseSessionKey(key),
    };
    if (!isNumber(line.index) || !isNumber(line.attachment ?? 0)) throw notLines();
    if (previous && inOrder(previous, line) >= 0) throw notLines();
    previous = line;
    return line;
  });
}

function nameOf({ index, attachment }: KeyLine): string {
  return attachment === undefined ? `${index}` : `${index}.${attachment}`;
}

function inOrder(a: KeyLine, b: KeyLine): number {
  return a.index - b.index || (a.attachment ?? -1) - (b.attachment ?? -1);
}

function isNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function notLines(): ArchiveError {
  return new ArchiveError("malformed", "a key block's text is not lines of session keys in order");
}
