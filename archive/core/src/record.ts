import { type KeyObject, randomFillSync } from "node:crypto";
import { event, type Event } from "@daybook/contract";
import { z } from "zod";
import { hmacSha256 } from "./hmac.ts";
import { canonical } from "./json.ts";

/** 16 bytes, hex. Tells an outsider nothing: it is keyed. */
export const recordIdSchema = z.string().regex(/^[0-9a-f]{32}$/);

/** An event, named and salted: what is sealed, logged and exported, as canonical JSON. */
export const record = event.extend({
  id: recordIdSchema,
  /** Random, 32 bytes, hex: without it the logged digest of a short message could be guessed. */
  salt: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ArchiveRecord = z.infer<typeof record>;

/**
 * The id of a record: the same for every redelivery of an event, different for other content under the
 * same network id.
 *
 * @param namingKey 32 bytes, as a key object: made once, since each raw key costs more than its HMAC
 * @returns HMAC-SHA-256 cut to 16 bytes, hex
 */
export function recordId(
  namingKey: KeyObject,
  of: { network: string; account: string; eventId: string; stableDigest: string },
): string {
  const named = JSON.stringify([of.network, of.account, of.eventId, of.stableDigest]);
  return hmacSha256(namingKey, named).toString("hex", 0, 16);
}

/** The canonical JSON of a new record of this event. A fresh salt each time: keep the result. */
export function encodeRecord(id: string, captured: Event): string {
  return canonical({ ...captured, id, salt: freshSalt() });
}

const SALT_BYTES = 32;
const salts = Buffer.alloc(128 * SALT_BYTES);
let used = salts.length;

/** Drawn many at a time: asking the system for each costs more than hashing the record. */
function freshSalt(): string {
  if (used === salts.length) {
    randomFillSync(salts);
    used = 0;
  }
  used += SALT_BYTES;
  return salts.toString("hex", used - SALT_BYTES, used);
}
