import type { Captured } from "@daybook/contract";
import { missingOf, rowsAsEvidence, type ScopedSink } from "@daybook/keeping";
import { z } from "zod";
import type { TestMessages } from "../../canary/tests.ts";
import { CONNECTOR } from "../../options.ts";
import type { Numbers, Sides } from "../../reading/sides.ts";
import { type Draft, draftOf, nameOf, sidesOf } from "../draft.ts";
import { sha256, type WebhookSource } from "../source.ts";
import type { WebhookState, WebhookStateChange } from "../state.ts";
import type { Listed, ProviderList } from "./list.ts";

/** Compared again with each comparison: what a provider lists late is found. */
const MARGIN_MS = 3_600_000;
const NOTE =
  "By reconciliation: the provider's list has this message, and no webhook is known to have told of it";

/** Milliseconds since 1970. */
const agreed = z.object({ since: z.int(), to: z.int() });

export interface CompareOptions {
  readonly source: Pick<WebhookSource, "name" | "provider">;
  readonly list: ProviderList;
  readonly state: WebhookState;
  readonly sink: ScopedSink;
  readonly numbers: Numbers;
  readonly tests: Pick<TestMessages, "isTest">;
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
 * lists and does not give is a gap. Messages of numbers that are not ours are passed over, and so are tests of ours: that the list
 * has one does not say that webhooks tell of it. May be repeated.
 *
 * @throws {ApiRefusal} nothing is agreed, compare again; {ConnectorError} likewise, where it is retryable
 */
export async function compare(options: CompareOptions, signal: AbortSignal): Promise<void> {
  const { source, state, sink, now, graceMs } = options;
  const at = now();
  const last = agreed.safeParse(state.get("agreed", source.name)).data;
  if (!last) return state.write([markAt(source, { since: at.getTime(), to: at.getTime() })]);
  const to = Math.max(last.to, at.getTime() - graceMs);
  const from = Math.max(last.since, last.to - MARGIN_MS);
  const all = await listedBetween(from, to, options, signal);
  const missing: Found[] = [];
  /** Tests, and what scope leaves out: nothing is said of them. */
  const passed: Found[] = [];
  for (const found of all.filter(({ name }) => !state.has("known", name))) {
    const drafts = await draftsOf(found, options, signal);
    const isLeftOut = !drafts && (await sink.excludes?.({ network: "sms", ...found.sides }));
    if (!drafts) (isLeftOut ? passed : missing).push(found);
    else if (drafts.some((one) => options.tests.isTest(one))) passed.push(found);
    else await options.record(drafts);
  }
  const gaps = gapsOf(missing, all, { from: new Date(from), to: new Date(to) });
  if (gaps.length > 0) await sink.capture(gaps);
  // Said once: the next comparison goes over the last hour again.
  const said = [...missing, ...passed].map(({ name }): WebhookStateChange => ({
    kind: "known",
    name,
    value: true,
  }));
  await state.write([...said, markAt(source, { since: last.since, to })]);
}

function markAt({ name }: CompareOptions["source"], value: z.infer<typeof agreed>): WebhookStateChange {
  return { kind: "agreed", name, value };
}

async function listedBetween(
  from: number,
  to: number,
  { list, source, numbers }: CompareOptions,
  signal: AbortSignal,
): Promise<Found[]> {
  const all = new Map<string, Found>();
  for await (const listed of list.between(new Date(from), new Date(to), signal))
    for (const one of listed) {
      // Providers' clocks have whole seconds.
      if (one.at + 1_000 <= from || one.at > to) continue;
      const sides = sidesOf(one, source, numbers, one.at);
      if (!numbers.has(sides.account)) continue;
      const name = nameOf(source, one.id);
      all.set(name, { one, name, sides });
    }
  return [...all.values()];
}

/** By the provider's own answer; undefined where it does not give it. */
async function draftsOf(
  { one, name, sides }: Found,
  { source, numbers, now }: CompareOptions,
  signal: AbortSignal,
): Promise<Draft[] | undefined> {
  const given = await one.give(signal);
  if (!given) return undefined;
  const { url, bytes } = given;
  const head = `GET ${url.href} HTTP/1.1\r\ndaybook-proof: the answer of the provider's API, by reconciliation\r\n\r\n`;
  const bearing = {
    source,
    raw: Buffer.concat([Buffer.from(head), bytes]),
    digest: sha256(bytes),
    receivedAt: now(),
  };
  const drafts = given.said.map((said) => draftOf(said, bearing, numbers));
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
      answer: rowsAsEvidence(found.map(({ one }) => one.entry)),
    });
    return gap ? [gap] : [];
  });
}
