import { captureBatches, type Log, type ScopedSink } from "@daybook/keeping";
import type { Numbers } from "../reading/sides.ts";
import { bytesOf, type Draft, draftOf } from "./draft.ts";
import { envelopeOf } from "./envelope.ts";
import { readWebhook } from "./read.ts";
import { type Received, sha256, type WebhookSource } from "./source.ts";
import type { WebhookState, WebhookStateChange } from "./state.ts";

export interface DeliverOptions {
  readonly state: WebhookState;
  readonly sink: ScopedSink;
  readonly numbers: Numbers;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Hands on what a proved webhook tells of. Resolves once all of it is durable; delivering it again is harmless.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable, deliver it again
 */
export async function deliver(
  source: WebhookSource,
  received: Received,
  proof: string,
  options: DeliverOptions,
): Promise<void> {
  const { numbers, now } = options;
  const bearing = {
    source,
    raw: envelopeOf(source, received, proof),
    digest: sha256(received.body),
    receivedAt: now(),
  };
  await record(
    readWebhook(source, received).map((said) => draftOf(said, bearing, numbers)),
    options,
  );
}

/** Has drafts captured, and remembers which messages are. */
export async function record(drafts: readonly Draft[], { state, sink, log }: DeliverOptions): Promise<void> {
  await captureBatches(drafts, { sink, log, inPlaceOf: bytesOf });
  const known = drafts.flatMap(({ known: name }): WebhookStateChange[] =>
    name === undefined ? [] : [{ kind: "known", name, value: true }],
  );
  // Should it be lost, the provider's list is what tells of them again: they are the same records.
  state.write(known).catch(() => log.warn({}, "the disk takes nothing of what SMS's webhooks remember"));
}
