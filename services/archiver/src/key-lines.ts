import { type KeyLine, parseSessionKey } from "@daybook/openpgp";
import type { Arrival } from "./decode.ts";
import { recordOf } from "./seal-event.ts";

/** The keyring's lines for a segment's records and their attachments. @param first log index of the first record */
export function keyLines(records: readonly Arrival[], first: number): KeyLine[] {
  return records.flatMap(({ key, keys }, i) => [
    { index: first + i, key },
    ...keys.map((text, n) => ({ index: first + i, attachment: n, key: parseSessionKey(text) })),
  ]);
}

/** SHA-256 of the sealed bytes of a record's attachments, hex. */
export function sealedAttachments(arrival: Arrival): string[] {
  if (arrival.keys.length === 0) return [];
  return (recordOf(arrival).attachments ?? []).map((attachment) => attachment.sealed);
}
