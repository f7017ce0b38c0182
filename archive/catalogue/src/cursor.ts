import { createHash } from "node:crypto";
import { CatalogueError } from "./error.ts";

/** Where a search goes on: after this row, newest first. */
export interface Cursor {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A shard's code. */
  readonly shard: number;
  readonly index: number;
  /** What the pages so far know of the total. */
  readonly total: number;
  readonly exact: boolean;
}

const MAX_CHARACTERS = 256;

/** @param search what the cursor belongs to, as JSON: it fits no other */
export function encodeCursor(cursor: Cursor, search: string): string {
  const { at, shard, index, total, exact } = cursor;
  return Buffer.from(JSON.stringify([1, at, shard, index, total, exact ? 1 : 0, digest(search)])).toString(
    "base64url",
  );
}

/** @throws {CatalogueError} `bad-cursor` */
export function decodeCursor(text: string, search: string): Cursor {
  const fields = text.length <= MAX_CHARACTERS && /^[\w-]+$/.test(text) ? parse(text) : undefined;
  if (!Array.isArray(fields) || fields.length !== 7) throw bad();
  const [version, at, shard, index, total, exact, about] = fields as unknown[];
  const whole = (value: unknown): value is number => Number.isSafeInteger(value);
  if (version !== 1 || !whole(at) || !whole(shard) || !whole(index) || !whole(total) || !whole(exact))
    throw bad();
  // What PostgreSQL can hold: a year of four digits, a smallint, an index and a total from 0.
  if (Math.abs(at) > 2.6e14 || shard < -1 || shard > 9_999 || index < 0 || total < 0) throw bad();
  if (about !== digest(search)) throw bad();
  return { at, shard, index, total, exact: exact === 1 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function digest(search: string): string {
  return createHash("sha256").update(search).digest("base64url").slice(0, 8);
}

function bad(): CatalogueError {
  return new CatalogueError("bad-cursor", "not a cursor of this search");
}
