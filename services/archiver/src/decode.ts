import { type PayloadOpener, StreamError, type StreamMessage } from "@daybook/stream";
import type { EventSealer } from "./event-sealer.ts";
import type { SealedEvent } from "./seal-event.ts";

/** An event that can be archived. */
export interface Arrival extends SealedEvent {
  readonly offset: number;
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
 * Decrypts, reads and seals a batch. What cannot be read is told apart, in its place.
 *
 * @throws {StreamError} other than `undecryptable`
 */
export async function decodeBatch(
  messages: readonly StreamMessage[],
  from: { opener: PayloadOpener; topic: string; partition: number; eventSealer: EventSealer },
): Promise<(Arrival | Poison)[]> {
  const context = payloadContext(from.topic, from.partition);
  const opened = await Promise.all(
    messages.map(({ payload }) => from.opener.open(payload, context).catch(undecryptable)),
  );
  const sealed = (await from.eventSealer.seal(opened.filter((one) => one !== undefined))).values();
  return messages.map(({ offset, payload }, i) => {
    const plaintext = opened[i];
    if (!plaintext) return { offset, reason: "undecryptable", payload };
    const event = sealed.next().value;
    return event ? Object.assign(event, { offset }) : { offset, reason: "malformed", payload: plaintext };
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
