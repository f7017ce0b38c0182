import type { Captured } from "@daybook/contract";
import { missingOf, type ScopedSink } from "@daybook/keeping";
import { z } from "zod";
import { CONNECTOR } from "../../options.ts";
import type { Numbers, Sides } from "../../reading/sides.ts";
import { type Draft, draftOf, nameOf, sidesOf } from "../draft.ts";
import { sha256, type TwilioSource } from "../source.ts";
import type { WebhookState, WebhookStateChange } from "../state.ts";
import { type Listed, listed, mediaOf, saidBy, sentOf } from "./listed.ts";
import { ApiRefusal, jsonOf, type TwilioApi } from "./twilio-api.ts";

/** Compared again with each comparison: what a provider lists late is found. */
const MARGIN_MS = 3_600_000;
const NOTE =
  "By reconciliation: the provider's list has this message, and no webhook is known to have told of it";

/** Milliseconds since 1970. */
const agreed = z.object({ since: z.int(), to: z.int() });

export interface CompareOptions {
  readonly source: TwilioSource;
  readonly api: TwilioApi;
  readonly state: WebhookState;
  readonly sink: ScopedSink;
  readonly numbers: Numbers;
  readonly graceMs: number;
  readonly now: () => Date;
  /** Has them captured, and their media fetched. Resolves once they are durable. */
  readonly record: (drafts: readonly Draft[]) => Promise<void>;
}

interface Found {
  readonly one: Listed;
  readonly name: string;
  readonly sides: Sides;
}

/**
 * Compares a provider's list with what came, from the last point at which both agreed, and captures what is missing; what it
 * lists and does not give is a gap. Messages of numbers that are not ours are passed over. May be repeated.
 *
 * @throws {ApiRefusal} nothing is agreed, compare again; {ConnectorError} likewise, where it is retryable
 */
export async function compare(options: CompareOptions, signal: AbortSignal): Promise<void> {
  const { source, state, now, graceMs } = options;
  const at = now();
  const last = agreed.safeParse(state.get("agreed", source.name)).data;
  if (!last) return state.write([markAt(source, { since: at.getTime(), to: at.getTime() })]);
  const to = Math.max(last.to, at.getTime() - graceMs);
  const from = Math.max(last.since, last.to - MARGIN_MS);
  const all = await listedBetween(from, to, options, signal);
  const missing: Found[] = [];
  for (const found of all.filter(({ name }) => !state.has("known", name))) {
    const drafts = await draftsOf(found, options, signal);
    if (drafts) await options.record(drafts);
    else missing.push(found);
  }
  const gaps = gapsOf(missing, all, { from: new Date(from), to: new Date(to) });
  if (gaps.length > 0) await options.sink.capture(gaps);
  // Said once: the next comparison goes over the last hour again.
  const said = missing.map(({ name }): WebhookStateChange => ({ kind: "known", name, value: true }));
  await state.write([...said, markAt(source, { since: last.since, to })]);
}

function markAt({ name }: TwilioSource, value: z.infer<typeof agreed>): WebhookStateChange {
  return { kind: "agreed", name, value };
}

async function listedBetween(
  from: number,
  to: number,
  { api, source, numbers }: CompareOptions,
  signal: AbortSignal,
): Promise<Found[]> {
  const all = new Map<string, Found>();
  for await (const items of api.since(new Date(from), signal))
    for (const item of items) {
      const one = listed.safeParse(item).data;
      const sent = one && sentOf(one);
      // Its clock has whole seconds.
      if (!one || sent === undefined || sent + 1_000 <= from || sent > to) continue;
      const sides = sidesOf(one, source, numbers, sent);
      if (!numbers.has(sides.account)) continue;
      const name = nameOf(source, one.sid);
      all.set(name, { one, name, sides });
    }
  return [...all.values()];
}

/** Of the message's own answer, so that its record holds no other message's; undefined where it cannot be had. */
async function draftsOf(
  { one: { sid }, name, sides }: Found,
  { api, source, numbers, now }: CompareOptions,
  signal: AbortSignal,
): Promise<Draft[] | undefined> {
  const url = api.at(`Messages/${sid}.json`);
  const bytes = await had(api.get(url, signal));
  const one = bytes && listed.safeParse(jsonOf(bytes)).data;
  if (!bytes || one?.sid !== sid) return undefined;
  const about =
    one.num_media > 0 ? await had(api.get(api.at(`Messages/${sid}/Media.json`), signal)) : undefined;
  const media = about && mediaOf(jsonOf(about), source.apiUrl);
  const head = `GET ${url.href} HTTP/1.1\r\ndaybook-proof: the answer of the provider's API, by reconciliation\r\n\r\n`;
  const bearing = {
    source,
    raw: Buffer.concat([Buffer.from(head), bytes]),
    digest: sha256(bytes),
    receivedAt: now(),
  };
  const drafts = saidBy(one, media ?? unnamed(one)).map((said) => draftOf(said, bearing, numbers));
  const note: Draft = {
    eventId: `${name}:reconciled`,
    stableDigest: sha256(name),
    event: {
      ...{ v: 1, network: "sms", method: "carrier", provenance: "captured", connector: CONNECTOR },
      ...{ ...sides, kind: "notice", target: name, text: NOTE, raw: "" },
    },
    media: [],
    known: undefined,
  };
  return [...drafts, note];
}

/** Media that are known of by their number alone: each is a gap. */
function unnamed({ num_media: count }: Listed) {
  return Array.from({ length: count }, (_, n) => ({ url: "", mediaType: "", name: `attachment ${n + 1}` }));
}

/** Undefined for what the provider does not have any more. */
async function had(asked: Promise<Buffer>): Promise<Buffer | undefined> {
  return asked.catch((cause: unknown) => {
    if (cause instanceof ApiRefusal && (cause.status === 404 || cause.status === 410)) return undefined;
    throw cause;
  });
}

/** By account; the evidence is what the list says of what cannot be had. */
function gapsOf(
  missing: readonly Found[],
  all: readonly Found[],
  between: { readonly from: Date; readonly to: Date },
): Captured[] {
  const lost = new Set(missing.map(({ name }) => name));
  return [...Map.groupBy(missing, ({ sides }) => sides.account)].flatMap(([account, found]) => {
    const theirs = all.filter(({ sides }) => sides.account === account).map(({ name }) => name);
    const custodian = found[0]?.sides.custodian;
    const gap = missingOf({
      about: {
        network: "sms",
        method: "carrier",
        account,
        connector: CONNECTOR,
        ...(custodian && { custodian }),
      },
      ...between,
      theirs,
      ours: theirs.filter((name) => !lost.has(name)),
      answer: Buffer.from(JSON.stringify(found.map(({ one }) => one))),
    });
    return gap ? [gap] : [];
  });
}
