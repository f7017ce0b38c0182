import { createHash } from "node:crypto";
import { PackageError } from "./error.ts";
import type { PackageAttachment } from "./input.ts";

/**
 * An attachment's content, which must be what its record says: the iteration fails at its end otherwise.
 *
 * @throws {PackageError} `attachment-altered`
 */
export async function* checkedContent(
  attachment: PackageAttachment,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hashing = createHash("sha256");
  let octets = 0;
  for await (const chunk of attachment.open()) {
    hashing.update(chunk);
    octets += chunk.length;
    yield chunk;
  }
  if (octets !== attachment.sizeBytes || hashing.digest("hex") !== attachment.sha256)
    throw new PackageError("attachment-altered", "an attachment's bytes are not those of its record");
}
