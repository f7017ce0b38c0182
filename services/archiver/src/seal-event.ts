import { hash, type KeyObject } from "node:crypto";
import { encodeRecord, recordId } from "@daybook/archive-core";
import { envelope, type Event, MAX_EVENT_BYTES } from "@daybook/contract";
import { newSessionKey, sealPacket, type SessionKey } from "@daybook/openpgp";

/** An event, made a record and sealed. */
export interface SealedEvent {
  /** The record's id. */
  readonly id: string;
  readonly event: Event;
  /** One session key per attachment, `9:HEX`. */
  readonly keys: readonly string[];
  /** SHA-256 of the record's canonical JSON, hex. */
  readonly rec: string;
  readonly packet: Uint8Array;
  /** What opens the packet. */
  readonly key: SessionKey;
}

/** The event and what travels beside it: a thousand session keys and some. */
const MAX_PLAINTEXT_BYTES = MAX_EVENT_BYTES + 256 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads an envelope, makes a record of its event, and seals that under a fresh session key.
 *
 * @returns the sealed event, and the record's canonical JSON; undefined for what is malformed
 */
export function sealEvent(
  plaintext: Uint8Array,
  namingKey: KeyObject,
): (SealedEvent & { readonly json: string }) | undefined {
  const read = readEnvelope(plaintext, namingKey);
  if (!read) return undefined;
  const bytes = Buffer.from(read.json);
  const key = newSessionKey();
  const sealed = { ...read, rec: hash("sha256", bytes), packet: sealPacket(bytes, key), key };
  bytes.fill(0);
  return sealed;
}

function readEnvelope(
  plaintext: Uint8Array,
  namingKey: KeyObject,
): (Pick<SealedEvent, "id" | "event" | "keys"> & { readonly json: string }) | undefined {
  if (plaintext.length > MAX_PLAINTEXT_BYTES) return undefined;
  try {
    const { event, eventId, stableDigest, keys } = envelope.parse(JSON.parse(utf8.decode(plaintext)));
    if (keys.length !== (event.attachments?.length ?? 0)) return undefined;
    const id = recordId(namingKey, { network: event.network, account: event.account, eventId, stableDigest });
    return { id, event, keys, json: encodeRecord(id, event) };
  } catch {
    // Not UTF-8, not JSON, not an envelope, or one that has no canonical form.
    return undefined;
  }
}
