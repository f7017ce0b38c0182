import type { Party } from "@daybook/contract";
import { captureBatches, isKnown, type Log, type ScopedSink, written } from "@daybook/keeping";
import type { Health } from "./health/health.ts";
import { waitingOf, type WaitingMedia } from "./media/waiting.ts";
import { isHealth } from "./reading/account-notice.ts";
import { accountOf, type Draft, draftsOf, inPlaceOf, unreadable } from "./reading/drafts.ts";
import { People } from "./reading/people.ts";
import type { BusinessState, StateChange } from "./state.ts";
import { type Item, splitBody } from "./webhook/items.ts";

export interface DeliverOptions {
  readonly state: BusinessState;
  readonly sink: ScopedSink;
  readonly custodianOf: (account: string) => Party | undefined;
  /** Media to be fetched: in the state file by now. */
  readonly onMedia: (media: readonly WaitingMedia[]) => void;
  /** How the numbers' links stand. */
  readonly health: Health;
  /** A status of a message that bears a word of ours. */
  readonly onStatus: (item: Item) => Promise<void>;
  readonly log: Log;
  readonly now: () => Date;
}

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
  }
  const { changes: standing, hasEnded } = options.health.hear(items ?? []);
  told(items ?? [], hasEnded, options);
  if (items === undefined) drafts.push(...unreadable(body, "unknown"));
  const leftOut = await leftOutOf(drafts, sink);
  const media = drafts
    .filter((draft) => !leftOut.has(placeOf(draft)))
    .flatMap((draft) => waitingOf(draft, now().getTime()))
    .filter((one) => !isKnown(one, state));
  const changes: StateChange[] = [...people].flatMap(([account, one]) =>
    one.changes((conversation) => leftOut.has(JSON.stringify([account, conversation]))),
  );
  await state.write([...standing, ...changes, ...media.map(written)]);
  try {
    await captureBatches(drafts, { ...options, inPlaceOf });
  } finally {
    // They are known as waiting from here on: what is delivered again does not tell of them any more.
    options.onMedia(media);
  }
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
function told(items: readonly Item[], hasEnded: boolean, { log, sink }: DeliverOptions): void {
  for (const item of items.filter(isHealth)) {
    const field = /^[a-z_]{1,64}$/.test(item.field) ? item.field : "unknown";
    log.warn({ field }, "WhatsApp says something of the account: see its notices");
  }
  if (!hasEnded) return;
  log.error({}, "WhatsApp ended the link of an account, or restricted it: see how the links stand");
  sink.report({ state: "needs-relink", reason: "WhatsApp ended the link of an account, or restricted it" });
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
