import { checkKey, isKey } from "../identifiers.ts";
import type { CatalogueSession } from "../connection.ts";
import { type Cursor, decodeCursor, encodeCursor } from "../cursor.ts";
import { CatalogueError } from "../error.ts";
import { interval } from "../filters.ts";
import type { RecordRef } from "../record-ref.ts";
import type { OpenCell } from "../vocabulary.ts";
import {
  conversationOf,
  conversationsOf,
  type ConversationSummary,
  type ListPlace,
} from "./conversation-list.ts";
import { everyFollowUpOf, type FollowUps, followUpsOf } from "./follow-ups.ts";
import { listeningOf } from "./listening.ts";
import { FIRST, LAST, type Place, placeBefore, placeOf, type Stretch, stretchOf } from "./stretch.ts";

/** One page of a conversation. */
export interface ThreadPage {
  /** What stands by itself, oldest first: everything but edits, deletions, reactions and receipts of what is there. */
  readonly refs: readonly RecordRef[];
  /** Where the pages beside it begin; undefined where there is nothing more. */
  readonly older: string | undefined;
  readonly newer: string | undefined;
  /** The time that the page covers, in milliseconds since 1970: up to its neighbours, as far as it knows them. */
  readonly from: number;
  readonly to: number;
}

/** Where a page lies: at the end unless given. At most one of them. */
export interface Whereabouts {
  /** Half before and half after: a record that stands by itself, a day or an instant. */
  readonly around?: RecordRef | string | undefined;
  /** Cursors of a page. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** A conversation as one or all accounts saw it. */
export interface ThreadOf {
  /** Keyed numbers, as in `RecordRef.keys`. */
  readonly conversation: string;
  readonly account?: string | undefined;
}

/** Reads conversations in the order of time. Sees what its `CatalogueReader` sees. */
export interface ThreadReader {
  /** Latest first. @throws {CatalogueError} `bad-cursor` */
  list(of: {
    custodian?: string | undefined;
    limit: number;
    cursor?: string | undefined;
  }): Promise<{ conversations: ConversationSummary[]; next: string | undefined }>;

  /** @returns undefined for what is no keyed number, and for a conversation that has no record to be seen */
  summary(key: string): Promise<ConversationSummary | undefined>;

  /**
   * One page. It may be short, or empty, and still go on: no call walks over more than 5,000 records a way.
   *
   * @throws {CatalogueError} `bad-cursor`, `bad-filter`
   */
  page(of: ThreadOf & Whereabouts & { limit: number }): Promise<ThreadPage>;

  /** The first few edits, deletions, reactions and receipts about each of these. See `followUpsOf`. */
  followUps(
    of: ThreadOf & { targets: readonly string[]; others: number; receipts: number },
  ): Promise<FollowUps[]>;

  /** All of them about one, oldest first, in pages. @throws {CatalogueError} `bad-cursor` */
  everyFollowUp(of: {
    ref: RecordRef;
    limit: number;
    cursor?: string | undefined;
  }): Promise<{ refs: RecordRef[]; next: string | undefined }>;

  /** Gaps and coverage of accounts, by keyed number, whose interval meets this one. See `listeningOf`. */
  listening(of: {
    accounts: readonly string[];
    from: number;
    to: number;
    limit: number;
  }): Promise<RecordRef[]>;
}

/** Edits of one record that are asked what is about them. */
const MAX_EDITS = 100;

/** @param of.custodians keys of those whom `run`'s sessions see; undefined for everybody */
export function createThreadReader(of: {
  readonly run: <Result>(work: (session: CatalogueSession) => Promise<Result>) => Promise<Result>;
  readonly openCell: OpenCell;
  readonly custodians: readonly bigint[] | undefined;
  readonly custodianKey: (id: string) => bigint;
}): ThreadReader {
  const { run, openCell, custodians, custodianKey } = of;
  return {
    async list({ custodian, limit, cursor }) {
      const name = JSON.stringify(["conversations", custodian ?? null]);
      const after = cursor === undefined ? undefined : listPlace(cursor, name);
      const wanted = custodian === undefined ? custodians : [custodianKey(custodian)];
      const found = await run((session) =>
        conversationsOf(session, openCell, { custodians: wanted, after, limit: limit + 1 }),
      );
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { conversations: page, next: last && listCursor(last, name) };
    },
    summary: async (key) =>
      isKey(key) ? run((session) => conversationOf(session, openCell, { key, custodians })) : undefined,
    page: (about) => run((session) => pageOf(session, about)),
    followUps: (about) => run((session) => followUpsOf(session, about)),
    async everyFollowUp({ ref, limit, cursor }) {
      const { account, conversation, networkId } = ref.keys;
      if (conversation === undefined || networkId === undefined) return { refs: [], next: undefined };
      const name = JSON.stringify(["about", ref.id]);
      const from = cursor === undefined ? FIRST : placeIn(cursor, name);
      const found = await run(async (session) => {
        const [own] = await followUpsOf(session, {
          conversation,
          account,
          targets: [networkId],
          others: MAX_EDITS,
          receipts: 0,
        });
        const edits = (own?.refs ?? []).flatMap(({ kind, keys }) =>
          kind === "edit" ? (keys.networkId ?? []) : [],
        );
        const targets = [...new Set([networkId, ...edits])];
        return everyFollowUpOf(session, { conversation, account, targets, from, limit: limit + 1 });
      });
      const refs = found.slice(0, limit);
      const last = found.length > limit ? refs.at(-1) : undefined;
      return { refs, next: last && cursorAt(placeOf(last), name) };
    },
    listening: (about) => run((session) => listeningOf(session, about)),
  };
}

async function pageOf(
  session: CatalogueSession,
  of: ThreadOf & Whereabouts & { limit: number },
): Promise<ThreadPage> {
  const { conversation, account, around, before, after, limit } = of;
  if ([around, before, after].filter((one) => one !== undefined).length > 1)
    throw new CatalogueError("bad-filter", "a page is around, before or after something, not several");
  checkKey(conversation);
  if (account !== undefined) checkKey(account);
  const name = JSON.stringify(["thread", conversation, account ?? null]);
  const read = (direction: "older" | "newer", from: Place, count: number) =>
    stretchOf(session, { conversation, account, from, direction, limit: count });

  let older: Stretch = { refs: [], next: undefined };
  let newer = older;
  let begin: Place | undefined;
  let end: Place | undefined;
  if (after !== undefined) {
    begin = placeIn(after, name);
    newer = await read("newer", begin, limit);
  } else if (around !== undefined) {
    const middle =
      typeof around === "string" ? { at: interval(around).first, shard: -1, index: -1 } : placeBefore(around);
    newer = await read("newer", middle, limit);
    older = await read("older", beside(middle, 1), limit);
    [older, newer] = halves(older, newer, limit);
  } else {
    end = before === undefined ? undefined : placeIn(before, name);
    older = await read("older", end ?? LAST, limit);
  }
  const refs = [...older.refs, ...newer.refs];
  const first = refs[0] && placeOf(refs[0]);
  const last = refs.at(-1) && placeOf(refs.at(-1) as RecordRef);
  // Where there is nothing on the page, it goes on from where it was looked for, that included.
  const back = begin ? (first ?? beside(begin, 1)) : older.next;
  const on = end ? (last ?? beside(end, -1)) : newer.next;
  return {
    refs,
    older: back && cursorAt(back, name),
    newer: on && cursorAt(on, name),
    from: (begin ?? first ?? end ?? LAST).at,
    to: (on === undefined ? LAST : (end ?? last ?? LAST)).at,
  };
}

/** One place further, so that what is at a place itself is before or after. */
function beside({ at, shard, index }: Place, by: 1 | -1): Place {
  return { at, shard, index: index + by };
}

/** Of two stretches that are each as long as a page, the page in the middle. */
function halves(older: Stretch, newer: Stretch, limit: number): [Stretch, Stretch] {
  const after = Math.min(newer.refs.length, Math.max(Math.ceil(limit / 2), limit - older.refs.length));
  const before = Math.min(older.refs.length, limit - after);
  const cutOlder = older.refs.slice(older.refs.length - before);
  const cutNewer = newer.refs.slice(0, after);
  return [
    { refs: cutOlder, next: before < older.refs.length ? firstPlace(cutOlder, cutNewer) : older.next },
    { refs: cutNewer, next: after < newer.refs.length ? lastPlace(cutNewer, cutOlder) : newer.next },
  ];
}

function firstPlace(older: readonly RecordRef[], newer: readonly RecordRef[]): Place {
  return placeOf((older[0] ?? newer[0]) as RecordRef);
}

function lastPlace(newer: readonly RecordRef[], older: readonly RecordRef[]): Place {
  return placeOf((newer.at(-1) ?? older.at(-1)) as RecordRef);
}

function cursorAt(place: Place, name: string): string {
  return encodeCursor({ ...place, index: Math.max(0, place.index), total: 0, exact: false }, name);
}

function placeIn(cursor: string, name: string): Place {
  const { at, shard, index } = decodeCursor(cursor, name);
  return { at, shard, index };
}

function listCursor({ last, key }: ConversationSummary, name: string): string {
  return (
    encodeCursor({ at: Date.parse(last), shard: 0, index: 0, total: 0, exact: false }, `${name}${key}`) +
    `.${key}`
  );
}

function listPlace(cursor: string, name: string): ListPlace {
  const [place = "", key = ""] = cursor.split(".");
  const { at }: Cursor = decodeCursor(place, `${name}${key}`);
  return { last: at, key: checkKey(key) };
}
