import { captureBatches, isKnown, type Log, type ScopedSink, written } from "@daybook/keeping";
import type { TestMessages } from "../canary/tests.ts";
import type { Talks } from "../intake/talks.ts";
import type { Numbers } from "../reading/sides.ts";
import { bytesOf, type Draft, draftOf } from "./draft.ts";
import { envelopeOf } from "./envelope.ts";
import { fetchSmall } from "./media/fetch-media.ts";
import { type WaitingMedium, waitingOf } from "./media/waiting.ts";
import { readWebhook } from "./read.ts";
import { type Received, sha256, type WebhookSource } from "./source.ts";
import type { WebhookState, WebhookStateChange } from "./state.ts";

export interface DeliverOptions {
  readonly state: WebhookState;
  readonly sink: ScopedSink;
  readonly numbers: Numbers;
  readonly tests: TestMessages;
  readonly talks: Talks;
  /** Media to be fetched: in the state file by now. */
  readonly onMedia: (media: readonly WaitingMedium[]) => void;
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
  const { numbers, now, tests } = options;
  const bearing = {
    source,
    raw: envelopeOf(source, received, proof),
    digest: sha256(received.body),
    receivedAt: now(),
  };
  const drafts = readWebhook(source, received).map((said) => draftOf(said, bearing, numbers));
  const others = await tests.without(drafts);
  await record(others, source, options);
  // Should it be lost, they are taken for tests once more where the provider's list tells of them.
  if (others.length < drafts.length) remember(options.state.write(knownOf(drafts)), options);
}

/** Has drafts captured, with the media that are had soon; others wait, durably by the time that it resolves. */
export async function record(
  drafts: readonly Draft[],
  source: WebhookSource,
  options: DeliverOptions,
): Promise<void> {
  const { state, sink, log, now, onMedia } = options;
  await hear(drafts, options);
  const pending: WaitingMedium[] = [];
  const complete: Draft[] = [];
  for (const draft of drafts) {
    const wanted = await mediaOf(draft, source, { state, sink, now });
    const soon = await fetchSmall(wanted, source, sink);
    pending.push(...wanted.filter((_, n) => soon[n] === undefined));
    const attachments = soon.filter((one) => one !== undefined);
    complete.push(attachments.length > 0 ? { ...draft, attachments } : draft);
  }
  // Before anything is recorded, for the record of a message is the first that was kept, perhaps without them.
  await state.write(pending.map(written));
  try {
    await captureBatches(complete, { sink, log, inPlaceOf: bytesOf });
  } finally {
    if (pending.length > 0) onMedia(pending);
  }
  // Should it be lost, the provider's list is what tells of them again: they are the same records.
  remember(state.write(knownOf(drafts)), options);
}

/** Who wrote to whom is remembered before anything is answered: of what is recorded already, it was. */
async function hear(
  drafts: readonly Draft[],
  { state, sink, talks, now }: Pick<DeliverOptions, "state" | "sink" | "talks" | "now">,
): Promise<void> {
  for (const { known, event } of drafts) {
    if (known === undefined || state.has("known", known) || (await sink.excludes?.(event))) continue;
    const at = now().getTime();
    talks.hear(event, event.sentAt === undefined ? at : Math.min(at, Date.parse(event.sentAt)), event.text);
  }
  const { changes } = talks;
  if (changes.length === 0) return;
  await state.write(changes);
  talks.written(changes);
}

function knownOf(drafts: readonly Draft[]): WebhookStateChange[] {
  return drafts.flatMap(({ known: name }) =>
    name === undefined ? [] : [{ kind: "known" as const, name, value: true }],
  );
}

function remember(writing: Promise<void>, { log }: Pick<DeliverOptions, "log">): void {
  writing.catch(() => log.warn({}, "the disk takes nothing of what SMS's webhooks remember"));
}

/** None of what is recorded or waits already, or scope leaves out. */
async function mediaOf(
  draft: Draft,
  source: WebhookSource,
  { state, sink, now }: Pick<DeliverOptions, "state" | "sink" | "now">,
): Promise<readonly WaitingMedium[]> {
  if (draft.media.length === 0 || draft.known === undefined || state.has("known", draft.known)) return [];
  if (await sink.excludes?.(draft.event)) return [];
  return waitingOf(draft, source, now().getTime()).filter((one) => !isKnown(one, state));
}
