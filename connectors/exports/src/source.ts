/**
 * The bytes of an uploaded file, wherever they lie. `read` may be called any number of times, at once too, and
 * yields the bytes from `start` to `end` (exclusive, at most `sizeBytes`) in chunks of any length.
 */
export interface ByteSource {
  readonly sizeBytes: number;
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** A source over bytes in memory, cut into chunks of at most `chunkBytes`. */
export function bytesSource(bytes: Uint8Array, chunkBytes = 262_144): ByteSource {
  return {
    sizeBytes: bytes.length,
    async *read(start, end) {
      for (let at = start; at < end; at += chunkBytes) {
        yield await Promise.resolve(bytes.subarray(at, Math.min(at + chunkBytes, end)));
      }
    },
  };
}

/** Reads a whole range into one buffer. Only for ranges that the caller has bounded. */
export async function readRange(source: ByteSource, start: number, end: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source.read(start, end)) parts.push(part);
  return Buffer.concat(parts);
}
