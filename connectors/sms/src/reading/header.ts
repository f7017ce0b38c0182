import { languageOf, type Shift } from "../smpp/index.ts";

/** Where a part stands in its message. */
export interface Place {
  readonly reference: number;
  /** Of the reference: 8 or 16 bits. One of each width may be the same number. */
  readonly width: 8 | 16;
  readonly total: number;
  /** From 1. */
  readonly number: number;
}

/** What stands before a message's own bytes, as far as it is read. */
export interface UserDataHeader {
  /** With the byte that says how long it is. */
  readonly sizeBytes: number;
  readonly place: Place | undefined;
  readonly shift: Shift;
  /** A national alphabet is named whose table is not here. */
  readonly hasUnknownShift: boolean;
  /** The application's port that it goes to: it is not for a person's eyes. */
  readonly port: number | undefined;
}

const CONCATENATED = 0x00;
const CONCATENATED_WIDE = 0x08;
const PORTS = 0x04;
const PORTS_WIDE = 0x05;
const SINGLE_SHIFT = 0x24;
const LOCKING_SHIFT = 0x25;

/**
 * Reads a user data header; undefined where its own lengths contradict each other. Of an element that stands twice the last is meant.
 *
 * @see 3GPP TS 23.040, 9.2.3.24
 */
export function readHeader(bytes: Buffer): UserDataHeader | undefined {
  const sizeBytes = 1 + (bytes[0] ?? 0);
  if (bytes.length < sizeBytes || sizeBytes < 3) return undefined;
  const elements = new Map<number, Buffer>();
  for (let at = 1; at < sizeBytes;) {
    const length = bytes[at + 1];
    if (length === undefined || at + 2 + length > sizeBytes) return undefined;
    elements.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const single = shiftIn(elements, SINGLE_SHIFT);
  const locking = shiftIn(elements, LOCKING_SHIFT);
  return {
    sizeBytes,
    place: placeIn(elements),
    shift: {
      single: single === undefined ? undefined : languageOf(single),
      locking: locking === undefined ? undefined : languageOf(locking),
    },
    hasUnknownShift: [single, locking].some((id) => id !== undefined && languageOf(id) === undefined),
    port: sized(elements, PORTS_WIDE, 4)?.readUInt16BE(0) ?? sized(elements, PORTS, 2)?.readUInt8(0),
  };
}

/** A place that a part of a message can have. */
export function isPlace({ total, number }: Place): boolean {
  return total >= 1 && number >= 1 && number <= total;
}

function placeIn(elements: ReadonlyMap<number, Buffer>): Place | undefined {
  const wide = sized(elements, CONCATENATED_WIDE, 4);
  const narrow = sized(elements, CONCATENATED, 3);
  const [of, width] = wide ? [wide, 16 as const] : [narrow, 8 as const];
  if (!of) return undefined;
  const place = {
    reference: width === 16 ? of.readUInt16BE(0) : of.readUInt8(0),
    width,
    total: of.readUInt8(of.length - 2),
    number: of.readUInt8(of.length - 1),
  };
  return isPlace(place) ? place : undefined;
}

function shiftIn(elements: ReadonlyMap<number, Buffer>, id: number): number | undefined {
  return sized(elements, id, 1)?.readUInt8(0);
}

/** An element of another size than its kind has is not read. */
function sized(elements: ReadonlyMap<number, Buffer>, id: number, sizeBytes: number): Buffer | undefined {
  const element = elements.get(id);
  return element?.length === sizeBytes ? element : undefined;
}
