import { readDelete, readEdit } from "./change.ts";
import { type Held, type Original, originalOf } from "./held.ts";
import { readDecrypted, readMessage, type Seen } from "./message.ts";
import type { Reading } from "./reading.ts";

/**
 * What became of a message that Daybook has while nobody listened, by how looking again finds it: an edit or delete that
 * says so, the message itself where it could not be read before; nothing where it is as it was.
 */
export function changesOf(it: Seen, original: Original, held: Held): Reading[] {
  const { msg } = it;
  const now = originalOf(msg);
  if (now.digest === original.digest) return [];
  if (msg.type === "revoked")
    return original.type === "revoked" ? [] : readDelete(it, undefined, held, "found");
  // The page may have forgotten that it could read it, or that it was deleted.
  if (msg.type === "ciphertext" || original.type === "revoked") return [];
  if (original.type === "ciphertext") return readDecrypted(it);
  if (now.words === original.words || msg.type !== original.type) return readMessage(it);
  return readEdit(it, null, held, "found");
}
