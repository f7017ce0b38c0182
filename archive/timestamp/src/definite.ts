const MAX_DEPTH = 32;
const CONSTRUCTED = 0x20;
const MAX_LENGTH_BYTES = 4;

/**
 * Whether bytes are one BER value that fills them, with every length stated and every part filling its whole. The
 * parser takes more than that: values whose parts run over their end, which other tools refuse.
 */
export function isDefinite(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return endOfValue(view, 0, view.length, 0) === view.length;
}

/** Where a value ends; undefined for one that does not fit. */
function endOfValue(view: Buffer, at: number, limit: number, depth: number): number | undefined {
  const tag = view[at];
  const short = view[at + 1];
  const isLong = (tag ?? 0x1f) % CONSTRUCTED === 0x1f;
  if (tag === undefined || short === undefined || at + 2 > limit || isLong || depth > MAX_DEPTH)
    return undefined;
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const start = at + 2 + lengthBytes;
  // 0x80 is a length that is not stated.
  if (short === 0x80 || lengthBytes > MAX_LENGTH_BYTES || start > limit) return undefined;
  const end = start + (lengthBytes === 0 ? short : view.readUIntBE(at + 2, lengthBytes));
  if (end > limit) return undefined;
  if ((tag & CONSTRUCTED) === 0) return end;
  let part: number | undefined = start;
  while (part !== undefined && part < end) part = endOfValue(view, part, end, depth + 1);
  return part;
}
