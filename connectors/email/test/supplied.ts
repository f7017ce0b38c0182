import { createHash } from "node:crypto";
import type { SuppliedFile } from "@daybook/contract";

/** A file that comes in chunks of so many bytes. */
export function supplied(content: string | Buffer, chunkBytes = 7): SuppliedFile {
  const bytes = Buffer.from(content);
  return {
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    async *read(start, end) {
      for (let at = start; at < end; at += chunkBytes)
        yield await Promise.resolve(bytes.subarray(at, Math.min(at + chunkBytes, end)));
    },
  };
}
