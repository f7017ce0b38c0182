import { hash } from "node:crypto";
import type { SealedRecord } from "@daybook/archive-core";
import type { Event } from "@daybook/contract";
import { type KeyLine, newSessionKey, parseSessionKey, sealPacket, type SessionKey } from "@daybook/openpgp";
import type { Arrival } from "./decode.ts";

/** A record, sealed and waiting for its segment. */
export interface Waiting {
  readonly sealed: SealedRecord;
  readonly key: SessionKey;
  /** Kept until its catalogue row is written. */
  readonly arrival: Arrival;
}

/** Seals a record under a fresh session key. */
export function seal(arrival: Arrival): Waiting {
  const json = Buffer.from(arrival.json);
  const key = newSessionKey();
  const sealed = { id: arrival.id, rec: hash("sha256", json), packet: sealPacket(json, key) };
  json.fill(0);
  return { sealed, key, arrival };
}

/** The keyring's lines for a segment's records and their attachments. @param first log index of the first record */
export function keyLines(records: readonly Waiting[], first: number): KeyLine[] {
  return records.flatMap(({ key, arrival }, i) => [
    { index: first + i, key },
    ...arrival.keys.map((text, n) => ({ index: first + i, attachment: n, key: parseSessionKey(text) })),
  ]);
}

/** SHA-256 of the sealed bytes of a record's attachments, hex. */
export function sealedAttachments(event: Event): string[] {
  return (event.attachments ?? []).map((attachment) => attachment.sealed);
}
