import { ConnectorError, type Party } from "@daybook/contract";
import type { Log } from "./log.ts";
import { isKnown, waitingOf, type WaitingMedia, written } from "./media/waiting.ts";
import type { ScopedSink } from "./options.ts";
import { endsLink, isHealth } from "./reading/account-notice.ts";
import { accountOf, type Draft, draftsOf, inPlaceOf, unreadable } from "./reading/drafts.ts";
import { People } from "./reading/people.ts";
import type { Change, StateFile } from "./state/state-file.ts";
import { type Item, splitBody } from "./webhook/items.ts";

export interface DeliverOptions {
  readonly state: StateFile;
  readonly sink: ScopedSink;
  readonly custodianOf: (account: string) => Party | undefined;
  /** Media to be fetched: in the state file by now. */
  readonly onMedia: (media: readonly WaitingMedia[]) => void;
  /** A status of a message that bears a word of ours. */
  readonly onStatus: (item: Item) => Promise<void>;
  readonly log: Log;
  readonly now: () => Date;
}

/** Handed over at a time. */
const BATCH = 500;
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024;

/**
 * Hands on what a signed webhook tells of. Resolves once all of it is durable, media that wait included; delivering it
 * again is harmless. One item that cannot be read harms no other.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable, deliver it again
 */
export async function deliver(body: Buffer, options: DeliverOptions): Promise<void> {
  const { state, now, sink } = options;
  const items = itemsOf(body);
  const people = new Map<string, People>();
  const drafts: Draft[] = [];
  for (const item of items ?? []) {
    const about = accountOf(item, options.custodianOf);
    const known = people.get(about.account) ?? new People(state, about.account);
    people.set(about.account, known);
    try {
      drafts.push(...draftsOf(item, about, known));
    } catch {
      options.log.error({}, "an item of a webhook could not be read: recorded by its bytes alone");
      drafts.push(...unreadable(Buffer.from(item.raw), about.account));
    }
    told(item, options);
  }
  if (items === undefined) drafts.push(...unreadable(body, "unknown"));
  const leftOut = await leftOutOf(drafts, sink);
  const media = drafts
    .filter((draft) => !leftOut.has(placeOf(draft)))
    .flatMap((draft) => waitingOf(draft, now().getTime()))
    .filter((one) => !isKnown(one, state));
  const changes: Change[] = [...people].flatMap(([account, one]) =>
    one.changes((conversation) => leftOut.has(JSON.stringify([account, conversation]))),
  );
  await state.write([...changes, ...media.map(written)]);
  await capture(drafts, options);
  options.onMedia(media);
  for (const item of items ?? []) if (item.list === "statuses") await options.onStatus(item);
}

/** Undefined for bytes that are no webhook. */
function itemsOf(body: Buffer): readonly Item[] | undefined {
  try {
    return splitBody(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body))?.items;
  } catch {
    return undefined;
  }
}

/** What an operator should know of the account. */
function told(item: Item, { log, sink }: DeliverOptions): void {
  if (!isHealth(item)) return;
  const field = /^[a-z_]{1,64}$/.test(item.field) ? item.field : "unknown";
  if (!endsLink(item)) return log.warn({ field }, "WhatsApp says something of the account: see its notices");
  log.error({ field }, "WhatsApp ended the link of an account: see its notices");
  sink.report({ state: "needs-relink", reason: "WhatsApp ended the link of an account" });
}

/** Conversations that scope leaves out: nothing of them is remembered or fetched. */
async function leftOutOf(drafts: readonly Draft[], sink: ScopedSink): Promise<Set<string>> {
  const left = new Set<string>();
  if (!sink.excludes) return left;
  const asked = new Set<string>();
  for (const draft of drafts) {
    const place = placeOf(draft);
    if (asked.has(place)) continue;
    asked.add(place);
    if (await sink.excludes(draft.event)) left.add(place);
  }
  return left;
}

function placeOf({ event: { account, conversation } }: Draft): string {
  return JSON.stringify([account, conversation?.id]);
}

async function capture(drafts: readonly Draft[], options: DeliverOptions): Promise<void> {
  let batch: Draft[] = [];
  let characters = 0;
  for (const draft of drafts) {
    const length = draft.event.raw.length + (draft.event.text?.length ?? 0);
    if (batch.length >= BATCH || (batch.length > 0 && characters + length > MAX_BATCH_CHARACTERS)) {
      await captureBatch(batch, options);
      batch = [];
      characters = 0;
    }
    batch.push(draft);
    characters += length;
  }
  if (batch.length > 0) await captureBatch(batch, options);
}

/** An event that does not fit the schema is recorded by its bytes alone. */
async function captureBatch(batch: readonly Draft[], { sink, log }: DeliverOptions): Promise<void> {
  try {
    await sink.capture(batch.map(bare));
  } catch (cause) {
    if (!isInvalid(cause)) throw cause;
    for (const one of batch) {
      await sink.capture([bare(one)]).catch(async (error: unknown) => {
        if (!isInvalid(error)) throw error;
        log.error({}, "an event does not fit the schema: recorded by its bytes alone");
        await sink.capture([bare(inPlaceOf(one))]);
      });
    }
  }
}

function bare({ eventId, stableDigest, event }: Draft) {
  return { eventId, stableDigest, event };
}

function isInvalid(error: unknown): boolean {
  return error instanceof ConnectorError && error.code === "event-invalid";
}
