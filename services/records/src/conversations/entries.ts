import type { ArchiveRecord } from "@daybook/archive-core";
import type { RecordRef } from "@daybook/catalogue";
import { type Party, sortTime } from "@daybook/contract";
import type { z } from "zod";
import { claimedInline } from "../attachments/inline-type.ts";
import type { Entry, entry, FollowUp, Quoted } from "./entry.ts";
import type { Fold } from "./fold.ts";

/** Of a text, in characters: whoever wants all of it opens the record. */
const MAX_TEXT = 20_000;
const MAX_QUOTE = 280;
const MAX_RECIPIENTS = 20;
const MAX_ATTACHMENTS = 100;

/** A record and where it lies. */
export interface Opened {
  readonly ref: RecordRef;
  readonly record: ArchiveRecord;
}

/** The post that a custodian held at a time, where that is known. */
export type PostOf = (custodian: Party, at: string) => string | null;

/** How records are shown on one page. */
export interface Showing {
  readonly postOf: PostOf;
  /** What is marked in a text: code points, `[start, end)`, in order. */
  readonly marksIn: (text: string) => [number, number][];
  /** Ids of those that are in the matter's selection. */
  readonly selected: ReadonlySet<string>;
}

type Person = z.infer<typeof entry>["sender"];

/** An entry of a thread, with what stands with it. */
export function entryOf(
  { ref, record }: Opened,
  with_: {
    readonly fold: Fold | undefined;
    /** Those that could be opened. */
    readonly followUps: readonly Opened[];
    readonly replyTo: Opened | undefined;
    readonly about: Opened | undefined;
    readonly conversationWide: boolean;
    readonly showing: Showing;
    readonly now: Date;
  },
): Entry {
  const { fold, followUps, showing } = with_;
  const of = (kind: FollowUp["kind"]) =>
    followUps.filter((one) => one.ref.kind === kind).map((one) => saidBy(one.record, showing));
  const { recipients = [], relay } = record;
  return {
    ...saidBy(record, showing),
    conversationWide: with_.conversationWide,
    network: record.network,
    method: record.method,
    provenance: record.provenance,
    connector: record.connector,
    account: ref.keys.account,
    custodian: person(record.custodian, record, showing.postOf, record.custodian),
    receivedAt: record.receivedAt ?? null,
    capturedAt: record.capturedAt,
    direction: record.direction ?? null,
    recipients: recipients.slice(0, MAX_RECIPIENTS),
    recipientsTotal: recipients.length,
    forwarded: record.forwarded ?? false,
    viewOnce: record.viewOnce ?? false,
    expiry: expiryOf(record, with_.now),
    replyTo: record.replyTo === undefined ? null : { quoted: quote(with_.replyTo) },
    about: quote(with_.about),
    edits: of("edit"),
    deletions: of("delete"),
    reactions: of("reaction"),
    receipts: of("receipt"),
    followUpsTotal: Math.max(fold?.total ?? 0, followUps.length),
    twins: (fold?.twins ?? []).map(({ id, keys, method }) => ({ id, account: keys.account, method })),
    relay: relay ? { state: relay.state, by: relay.by.name, why: relay.why ?? null } : null,
    gap: record.gap ?? null,
    coverage: record.coverage ?? null,
    source: record.source ?? null,
  };
}

/** What a record says of itself, as a follow-up shows it. */
export function saidBy(record: ArchiveRecord, { postOf, marksIn, selected }: Showing): FollowUp {
  const { id, kind, text, attachments = [] } = record;
  return {
    id,
    kind,
    ...timeOf(record),
    // What goes out of an account is its custodian's, under whichever name.
    sender: person(
      record.sender,
      record,
      postOf,
      record.direction === "outgoing" ? record.custodian : undefined,
    ),
    text: text === undefined ? null : cut(text, MAX_TEXT),
    marks: text === undefined ? [] : marksIn(cut(text, MAX_TEXT)),
    textIsWhole: (text ?? "").length <= MAX_TEXT,
    attachments: attachments.slice(0, MAX_ATTACHMENTS).map(({ name, mediaType, sizeBytes, sha256 }, n) => ({
      n,
      name,
      mediaType,
      sizeBytes,
      sha256,
      inline: claimedInline(mediaType),
    })),
    attachmentsTotal: attachments.length,
    selected: selected.has(id),
  };
}

function timeOf(record: ArchiveRecord): Pick<FollowUp, "at" | "clock"> {
  if (record.sentAt !== undefined) return { at: record.sentAt, clock: "network" };
  if (record.localTime !== undefined) return { at: record.localTime, clock: "source" };
  return { at: record.capturedAt, clock: "capture" };
}

function expiryOf(record: ArchiveRecord, now: Date): Entry["expiry"] {
  const afterSeconds = record.expiresAfterSeconds ?? 0;
  // Of a timer's own event it is what the timer was set to.
  if (record.kind === "timer" || afterSeconds === 0) return null;
  const ms = Date.parse(sortTime(record)) + afterSeconds * 1_000;
  // A sender may name any number: further than dates go, it never comes.
  const at = new Date(Math.min(ms, 253_402_300_799_999)).toISOString();
  return { afterSeconds, at, passed: ms <= now.getTime() };
}

function person(
  party: Party | undefined,
  record: ArchiveRecord,
  postOf: PostOf,
  custodian: Party | undefined,
): Person {
  return party ? { ...party, post: custodian ? postOf(custodian, sortTime(record)) : null } : null;
}

function quote(of: Opened | undefined): Quoted | null {
  if (of === undefined) return null;
  const { id, text, sender } = of.record;
  return {
    id,
    ...timeOf(of.record),
    sender: sender ?? null,
    text: text === undefined ? null : cut(text, MAX_QUOTE),
  };
}

/** The beginning of a text; a character of two halves stays whole. */
function cut(text: string, max: number): string {
  return text.slice(0, max).toWellFormed();
}
