import { CatalogueError } from "./error.ts";

/**
 * Arrays in PostgreSQL's binary format, one a column, for `unnest`: cheaper to write here and to read there
 * than text. Layout: dimensions, has-null flag, element type, length, lower bound, then each element behind
 * its length (-1: null).
 */
const HEADER_BYTES = 20;

const OID = { int8: 20, int2: 21, int4: 23, bytea: 17, timestamptz: 1184, uuid: 2950 } as const;
/** PostgreSQL counts microseconds from 2000-01-01. */
const EPOCH_OFFSET_MS = 946_684_800_000;

function fixed<Value>(
  type: keyof typeof OID,
  sizeBytes: number,
  values: readonly (Value | undefined)[],
  put: (into: DataView, value: Value, at: number) => void,
): Buffer {
  const column = Buffer.allocUnsafeSlow(HEADER_BYTES + values.length * (4 + sizeBytes));
  // Several times faster than Buffer's own methods where there are millions of numbers.
  const view = new DataView(column.buffer);
  let at = HEADER_BYTES;
  let nulls = 0;
  for (const value of values) {
    if (value === undefined) {
      view.setInt32(at, -1);
      at += 4;
      nulls += 1;
    } else {
      view.setInt32(at, sizeBytes);
      put(view, value, at + 4);
      at += 4 + sizeBytes;
    }
  }
  return header(column.subarray(0, at), OID[type], values.length, nulls > 0);
}

function header(column: Buffer, oid: number, length: number, nulls: boolean): Buffer {
  column.writeInt32BE(1, 0);
  column.writeInt32BE(nulls ? 1 : 0, 4);
  column.writeInt32BE(oid, 8);
  column.writeInt32BE(length, 12);
  column.writeInt32BE(1, 16);
  return column;
}

export const int2 = (values: readonly (number | undefined)[]) =>
  fixed("int2", 2, values, (into, value: number, at) => into.setInt16(at, value));
export const int4 = (values: readonly (number | undefined)[]) =>
  fixed("int4", 4, values, (into, value: number, at) => into.setInt32(at, value));
export const int8 = (values: readonly (bigint | undefined)[]) =>
  fixed("int8", 8, values, (into, value: bigint, at) => into.setBigInt64(at, value));

/** @param values milliseconds since 1970 */
export const timestamptz = (values: readonly (number | undefined)[]) =>
  fixed("timestamptz", 8, values, (into, ms: number, at) =>
    into.setBigInt64(at, BigInt(ms - EPOCH_OFFSET_MS) * 1_000n),
  );

/**
 * @param values 32 hex digits each
 * @throws {CatalogueError} `bad-filter`
 */
export function uuid(values: readonly string[]): Buffer {
  if (!values.every((value) => HEX_ID.test(value))) {
    throw new CatalogueError("bad-filter", "the id of a record is 32 hex digits");
  }
  const bytes = Buffer.from(values.join(""), "hex");
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return fixed("uuid", 16, [...values.keys()], (into, which, at) => {
    into.setBigInt64(at, from.getBigInt64(which * 16));
    into.setBigInt64(at + 8, from.getBigInt64(which * 16 + 8));
  });
}

const HEX_ID = /^[0-9a-f]{32}$/;

export function bytea(values: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.alloc(HEADER_BYTES)];
  for (const value of values) {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(value.length, 0);
    parts.push(length, value);
  }
  return header(Buffer.concat(parts), OID.bytea, values.length, false);
}
