import {
  type CatalogueReader,
  type ConversationSummary,
  FOLLOW_UPS,
  type FollowUps,
  marksOf,
  parseQuery,
  type RecordRef,
  type Whereabouts,
} from "@daybook/catalogue";
import { RecordsError } from "../error.ts";
import type { Reading } from "../reading.ts";
import type { SearchLog } from "../searching/search-log.ts";
import type { AuditTrail } from "../trail.ts";
import { saidBy, type Showing } from "./entries.ts";
import type { FollowUp, ThreadAnswer } from "./entry.ts";
import { fold, follows } from "./fold.ts";
import { openAll } from "./opened.ts";
import { capturesOf, entriesOf, shownWith } from "./page-parts.ts";
import { type PostsHeld, postsThen } from "./posts-then.ts";
import type { Sight } from "./sight.ts";

/** Of what is about one record, a thread shows the first: the rest in pages of its own. */
const OTHERS_SHOWN = 20;
const RECEIPTS_SHOWN = 5;
/** Of what is about all records of a page. */
const MAX_FOLLOW_UPS = 1_000;
/** Gaps and coverage of a page. */
const MAX_LISTENING = 100;

export interface ThreadRequest {
  /** Keyed number. */
  readonly key: string;
  /** Keyed number: what this account captured alone. */
  readonly account?: string | undefined;
  /** A search of the matter: what it found is marked. */
  readonly search?: string | undefined;
  /** A record's id, a day or an instant. */
  readonly around?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Which of these records are in a matter's selection. */
export type SelectedAmong = (matter: string, ids: readonly string[]) => Promise<ReadonlySet<string>>;

/** Reads conversations, under a matter or as one's own. Each answer is given once its audit event is durable. */
export class Conversations {
  readonly #reading: Reading;
  readonly #trail: AuditTrail;
  readonly #postsHeld: PostsHeld;
  readonly #searches: Pick<SearchLog, "get">;
  readonly #selectedAmong: SelectedAmong;
  readonly #now: () => Date;

  constructor(of: {
    reading: Reading;
    trail: AuditTrail;
    postsHeld: PostsHeld;
    searches: Pick<SearchLog, "get">;
    selectedAmong: SelectedAmong;
    now: () => Date;
  }) {
    this.#reading = of.reading;
    this.#trail = of.trail;
    this.#postsHeld = of.postsHeld;
    this.#searches = of.searches;
    this.#selectedAmong = of.selectedAmong;
    this.#now = of.now;
  }

  /** Latest first. */
  async list(
    of: { custodian?: string | undefined; limit: number; cursor?: string | undefined },
    { catalogue, reason }: Sight,
  ): Promise<{ conversations: ConversationSummary[]; next: string | null }> {
    const { conversations, next } = await catalogue.threads.list(of);
    await this.#trail.record({
      ...reason,
      action: "conversation.list",
      detail: {
        ...(of.custodian !== undefined && { custodian: of.custodian }),
        further: of.cursor !== undefined,
        conversations: conversations.map(({ key }) => key),
      },
    });
    return { conversations, next: next ?? null };
  }

  /** One page, with everything that is known of each record in it. @throws {RecordsError} `not-found` */
  async thread(request: ThreadRequest, sight: Sight): Promise<ThreadAnswer> {
    const { key, account, limit } = request;
    const { threads } = sight.catalogue;
    const summary = await threads.summary(key);
    if (!summary) throw new RecordsError("not-found", "there is no such conversation");
    const marksIn = await this.#marking(request, sight);
    const around = await this.#around(request, sight);
    const page = await threads.page({ conversation: key, account, limit, ...whereabouts(request, around) });
    const about = await this.#about(page.refs, { key, account }, sight);
    const beside = await sight.catalogue.named(page.refs);
    const folded = fold(page.refs, about, beside);
    const listening = await this.#listening(page, sight);
    const opening = openAll(this.#reading, [...page.refs, ...shownWith(page.refs, folded), ...listening]);
    opening.catch(() => undefined);
    await this.#trail.record({
      ...sight.reason,
      action: "conversation.view",
      subject: key,
      detail: {
        ...(account !== undefined && { account }),
        records: page.refs.map(({ id }) => id),
        with: [...shownWith(page.refs, folded), ...listening].map(({ id }) => id),
      },
    });
    const opened = await opening;
    const postOf = await postsThen(this.#postsHeld, [...opened.values()]);
    const selected = await this.#selected(opened, sight);
    return {
      conversation: { ...summary, title: summary.titles.at(-1) ?? "" },
      first: summary.first,
      last: summary.last,
      captures: capturesOf(page.refs, opened),
      entries: entriesOf(page, folded, listening, {
        opened,
        showing: { postOf, marksIn, selected },
        now: this.#now(),
      }),
      found: around?.id ?? null,
      older: page.older ?? null,
      newer: page.newer ?? null,
    };
  }

  /** What is about one record, all of it in pages, oldest first. @throws {RecordsError} `not-found` */
  async about(
    id: string,
    of: { limit: number; cursor?: string | undefined },
    sight: Sight,
  ): Promise<{ followUps: FollowUp[]; next: string | null }> {
    const [ref] = await sight.catalogue.byIds([id]);
    if (!ref) throw new RecordsError("not-found", "there is no such record");
    const { refs, next } = await sight.catalogue.threads.everyFollowUp({ ref, ...of });
    await this.#trail.record({
      ...sight.reason,
      action: "record.about",
      subject: id,
      detail: { records: refs.map((one) => one.id) },
    });
    const opened = await openAll(this.#reading, refs);
    const postOf = await postsThen(this.#postsHeld, [...opened.values()]);
    const showing = { postOf, marksIn: () => [], selected: await this.#selected(opened, sight) };
    return {
      followUps: [...opened.values()].map(({ record }) => saidBy(record, showing)),
      next: next ?? null,
    };
  }

  /** Of one's own records none is: a selection is a matter's. */
  async #selected(opened: ReadonlyMap<string, unknown>, { reason }: Sight): Promise<ReadonlySet<string>> {
    return reason.matter === undefined ? new Set() : this.#selectedAmong(reason.matter, [...opened.keys()]);
  }

  /** How to mark what a search of the matter looks for. @throws {RecordsError} `not-found` */
  async #marking({ search }: ThreadRequest, { reason }: Sight): Promise<Showing["marksIn"]> {
    if (search === undefined || reason.matter === undefined) return () => [];
    const { words } = await this.#searches.get(reason.matter, search);
    const query = parseQuery(words);
    return (text) => inPoints(text, marksOf(query, text));
  }

  /** The record that `around` names, or what it stands with. */
  async #around({ key, around }: ThreadRequest, { catalogue }: Sight): Promise<RecordRef | undefined> {
    if (around === undefined || !RECORD_ID.test(around)) return undefined;
    const [ref] = await catalogue.byIds([around]);
    if (ref?.keys.conversation !== key) throw new RecordsError("not-found", "there is no such record in it");
    return (await standsWith(ref, catalogue)) ?? ref;
  }

  /** What may be about the records of a page, and about edits of them. */
  async #about(
    page: readonly RecordRef[],
    { key, account }: { key: string; account: string | undefined },
    { catalogue }: Sight,
  ): Promise<FollowUps[]> {
    const of = (targets: readonly string[]) =>
      catalogue.threads.followUps({
        conversation: key,
        account,
        targets,
        others: OTHERS_SHOWN,
        receipts: RECEIPTS_SHOWN,
      });
    const direct = await of(networkIds(page));
    const known = new Set(networkIds(page));
    const edits = networkIds(direct.flatMap(({ refs }) => refs.filter(({ kind }) => kind === "edit")));
    const all = [...direct, ...(await of(edits.filter((id) => !known.has(id))))];
    let left = MAX_FOLLOW_UPS;
    // What changes a message goes first where not all of it can be shown.
    const inOrder = FOLLOW_UPS.flatMap((kind) => all.map((one) => [kind, one] as const));
    const kept = new Map<FollowUps, RecordRef[]>();
    for (const [kind, one] of inOrder) {
      const refs = one.refs.filter((ref) => ref.kind === kind).slice(0, left);
      left -= refs.length;
      kept.set(one, [...(kept.get(one) ?? []), ...refs]);
    }
    return [...kept].map(([one, refs]) => ({ ...one, refs }));
  }

  async #listening(
    { refs, from, to }: { refs: readonly RecordRef[]; from: number; to: number },
    { catalogue }: Sight,
  ): Promise<RecordRef[]> {
    const accounts = [...new Set(refs.map((ref) => ref.keys.account))];
    return accounts.length === 0
      ? []
      : catalogue.threads.listening({ accounts, from, to, limit: MAX_LISTENING });
  }
}

const RECORD_ID = /^[0-9a-f]{32}$/;

function whereabouts({ around, before, after }: ThreadRequest, record: RecordRef | undefined): Whereabouts {
  return { around: record ?? around, before, after };
}

function networkIds(refs: readonly RecordRef[]): string[] {
  return [...new Set(refs.flatMap(({ keys }) => keys.networkId ?? []))];
}

/** The record with which a follow-up stands: what is about an edit is two steps away. */
async function standsWith(ref: RecordRef, catalogue: CatalogueReader): Promise<RecordRef | undefined> {
  if (!follows(ref)) return ref;
  const about = (await catalogue.named([ref])).filter(
    (one) => one.keys.networkId === ref.keys.target && one.keys.conversation === ref.keys.conversation,
  );
  const direct = fold([], [], about).quotedBy(ref, ref.keys.target);
  if (direct !== undefined || ref.kind === "edit") return direct;
  const edit = about.find(({ kind, keys }) => kind === "edit" && keys.account === ref.keys.account);
  return edit && standsWith(edit, catalogue);
}

/** Stretches of UTF-16 code units as such of code points. */
function inPoints(text: string, spans: ReturnType<typeof marksOf>): [number, number][] {
  let unit = 0;
  let point = 0;
  const pointAt = (wanted: number) => {
    for (; unit < wanted; point += 1) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
    return point;
  };
  return spans.map(({ start, end }) => [pointAt(start), pointAt(end)]);
}
