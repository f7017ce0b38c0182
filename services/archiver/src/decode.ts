import type { KeyObject } from "node:crypto";
import { encodeRecord, recordId } from "@daybook/archive-core";
import { envelope, type Event, MAX_EVENT_BYTES } from "@daybook/contract";
import { type PayloadOpener, StreamError, type StreamMessage } from "@daybook/stream";

/** An event that can be archived. */
export interface Arrival {
  readonly offset: number;
  /** The record's id. */
  readonly id: string;
  readonly event: Event;
  /** The record's canonical JSON, with its salt. */
  readonly json: string;
  /** One session key per attachment, `9:HEX`. */
  readonly keys: readonly string[];
}

/** Why a message cannot be archived. */
export type PoisonReason = "undecryptable" | "malformed";

/** A message that cannot be archived as it is. */
export interface Poison {
  readonly offset: number;
  readonly reason: PoisonReason;
  /** As it was on the stream when undecryptable, else decrypted. */
  readonly payload: Uint8Array;
}

/** What binds a payload to its place, so that none can be moved to another partition. */
export function payloadContext(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/**
 * Decrypts and reads a batch. What cannot be read is told apart, in its place.
 *
 * @throws {StreamError} other than `undecryptable`
 */
export async function decodeBatch(
  messages: readonly StreamMessage[],
  from: { opener: PayloadOpener; topic: string; partition: number; namingKey: KeyObject },
): Promise<(Arrival | Poison)[]> {
  const context = payloadContext(from.topic, from.partition);
  const opened = await Promise.all(
    messages.map(({ payload }) => from.opener.open(payload, context).catch(undecryptable)),
  );
  return messages.map(({ offset, payload }, i) => {
    const plaintext = opened[i];
    if (!plaintext) return { offset, reason: "undecryptable", payload };
    const arrival = readEnvelope(plaintext, from.namingKey);
    return arrival ? { offset, ...arrival } : { offset, reason: "malformed", payload: plaintext };
  });
}

/** Whether the message could be read. */
export function isArrival(item: Arrival | Poison): item is Arrival {
  return "id" in item;
}

function undecryptable(error: unknown): undefined {
  if (error instanceof StreamError && error.code === "undecryptable") return undefined;
  throw error;
}

function readEnvelope(plaintext: Uint8Array, namingKey: KeyObject): Omit<Arrival, "offset"> | undefined {
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

/** The event and what travels beside it: a thousand session keys and some. */
const MAX_PLAINTEXT_BYTES = MAX_EVENT_BYTES + 256 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });
