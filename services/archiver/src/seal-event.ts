import { hash, type KeyObject } from "node:crypto";
import { type ArchiveRecord, encodeRecord, recordId } from "@daybook/archive-core";
import { envelope, MAX_EVENT_BYTES } from "@daybook/contract";
import { newSessionKey, sealPacket, type SessionKey } from "@daybook/openpgp";

/** An event, made a record and sealed. */
export interface SealedEvent {
  /** The record's id. */
  readonly id: string;
  /** The record's canonical JSON: bytes, and not what they say, because thousands wait for their segment. */
  readonly json: Uint8Array;
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
 * @returns undefined for what is malformed
 */
export function sealEvent(plaintext: Uint8Array, namingKey: KeyObject): SealedEvent | undefined {
  const read = readEnvelope(plaintext, namingKey);
  if (!read) return undefined;
  const key = newSessionKey();
  return { ...read, rec: hash("sha256", read.json), packet: sealPacket(read.json, key), key };
}

/** The record that was sealed. */
export function recordOf({ json }: Pick<SealedEvent, "json">): ArchiveRecord {
  // Written here a moment ago, by its schema.
  return JSON.parse(utf8.decode(json)) as ArchiveRecord;
}

function readEnvelope(
  plaintext: Uint8Array,
  namingKey: KeyObject,
): Pick<SealedEvent, "id" | "json" | "keys"> | undefined {
  if (plaintext.length > MAX_PLAINTEXT_BYTES) return undefined;
  try {
    const { event, eventId, stableDigest, keys } = envelope.parse(JSON.parse(utf8.decode(plaintext)));
    if (keys.length !== (event.attachments?.length ?? 0)) return undefined;
    const id = recordId(namingKey, { network: event.network, account: event.account, eventId, stableDigest });
    return { id, keys, json: Buffer.from(encodeRecord(id, event)) };
  } catch {
    // Not UTF-8, not JSON, not an envelope, or one that has no canonical form.
    return undefined;
  }
}
