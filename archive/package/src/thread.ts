import { hash } from "node:crypto";
import type { ArchiveRecord } from "@daybook/archive-core";
import { sortTime } from "@daybook/contract";
import { slug } from "./file-name.ts";
import type { PackageAttachment, PlacedRecord } from "./input.ts";

/** A record as the reading copies show it: without the network's own bytes. */
export type ReadRecord = Omit<ArchiveRecord, "raw" | "salt">;

/** Something that happened in a conversation, and what became of it later. */
export interface ThreadEvent {
  readonly record: ReadRecord;
  readonly shard: string;
  readonly index: number;
  /** SHA-256 of the record, hex. */
  readonly digest: string;
  readonly attachments: readonly PackageAttachment[];
  readonly edits: ReadRecord[];
  readonly deletions: ReadRecord[];
  readonly reactions: ReadRecord[];
  readonly receipts: ReadRecord[];
}

/** One custodian's conversation of one day, or as much of it as one file holds. */
export interface ThreadDay {
  /** Names the files of this day, unique in the package. */
  readonly name: string;
  /** The same for every day of the conversation. */
  readonly collection: string;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly conversation: NonNullable<ArchiveRecord["conversation"]>;
  readonly network: string;
  /** `YYYY-MM-DD`: UTC, or the local day where there is no zone. */
  readonly day: string;
  readonly events: readonly ThreadEvent[];
}

/** Events of a file: what Relativity advises for RSMF. */
const MAX_EVENTS = 10_000;
/** Text that is held back for what may still happen to it, in characters, and other records, in number. */
const MAX_HELD_TEXT = 16 * 1024 * 1024;
const MAX_HELD_RECORDS = 50_000;
/** How long what follows a message usually takes: networks let people delete for some two days. */
const HELD_MS = 3 * 86_400_000;

/** Takes up what belongs to one custodian and conversation, and hands out its days when they are complete. */
export class Thread {
  readonly #custodian: ThreadDay["custodian"];
  readonly #first: ReadRecord & { conversation: ThreadDay["conversation"] };
  readonly #collection: string;
  /** Days in hand, oldest first. */
  readonly #days = new Map<string, ThreadEvent[]>();
  readonly #slices = new Map<string, number>();
  /** Events in hand by what follow-ups name. */
  readonly #targets = new Map<string, ThreadEvent>();
  #heldText = 0;
  #heldRecords = 0;

  constructor(first: ReadRecord & { conversation: ThreadDay["conversation"] }) {
    this.#first = first;
    this.#custodian = first.custodian ?? { id: first.account, name: "" };
    this.#collection = hash(
      "sha256",
      JSON.stringify([this.#custodian.id, first.network, first.conversation.id]),
    ).slice(0, 16);
  }

  /** Adds the next record. @returns the days that are complete by now */
  *add(placed: PlacedRecord, record: ReadRecord): Generator<ThreadDay, void, undefined> {
    this.#heldText += record.text?.length ?? 0;
    this.#heldRecords += 1;
    if (this.#follow(record)) return;
    const { shard, index, attachments } = placed;
    const event: ThreadEvent = {
      record,
      shard,
      index,
      digest: hash("sha256", placed.record),
      attachments,
      edits: [],
      deletions: [],
      reactions: [],
      receipts: [],
    };
    const day = sortTime(record).slice(0, 10);
    const events = this.#days.get(day) ?? [];
    this.#days.set(day, events);
    events.push(event);
    if (record.networkId !== undefined && record.target === undefined) {
      this.#targets.set(targetKey(record.account, record.method, record.networkId), event);
      this.#targets.set(targetKey(record.account, "", record.networkId), event);
    }
    yield* this.#overdue(Date.parse(sortTime(record)) - HELD_MS);
    if (events.length >= MAX_EVENTS) yield* this.#release(day);
    while (this.#heldText > MAX_HELD_TEXT || this.#heldRecords > MAX_HELD_RECORDS) {
      const oldest = this.#days.keys().next();
      if (oldest.done) break;
      yield* this.#release(oldest.value);
    }
  }

  /** Everything still in hand. */
  *end(): Generator<ThreadDay, void, undefined> {
    for (const day of [...this.#days.keys()]) yield* this.#release(day);
  }

  /** Puts an edit, deletion, reaction or receipt to its message, if that is in hand. */
  #follow(record: ReadRecord): boolean {
    const { kind, account, method, target } = record;
    if (target === undefined) return false;
    const event =
      this.#targets.get(targetKey(account, method, target)) ??
      this.#targets.get(targetKey(account, "", target));
    if (kind === "edit") event?.edits.push(record);
    else if (kind === "delete") event?.deletions.push(record);
    else if (kind === "reaction") event?.reactions.push(record);
    else if (kind === "receipt") event?.receipts.push(record);
    else return false;
    return event !== undefined;
  }

  *#overdue(before: number): Generator<ThreadDay, void, undefined> {
    for (const day of this.#days.keys()) {
      if (Date.parse(day) + 86_400_000 > before) return;
      yield* this.#release(day);
    }
  }

  *#release(day: string): Generator<ThreadDay, void, undefined> {
    const events = this.#days.get(day) ?? [];
    this.#days.delete(day);
    for (const { record, ...more } of events) {
      const held = [record, ...more.edits, ...more.deletions, ...more.reactions, ...more.receipts];
      this.#heldRecords -= held.length;
      for (const { text } of held) this.#heldText -= text?.length ?? 0;
      if (record.networkId === undefined) continue;
      this.#targets.delete(targetKey(record.account, record.method, record.networkId));
      this.#targets.delete(targetKey(record.account, "", record.networkId));
    }
    const slice = (this.#slices.get(day) ?? 0) + 1;
    this.#slices.set(day, slice);
    const { network, conversation } = this.#first;
    yield {
      name: this.#fileName(day, slice),
      collection: this.#collection,
      custodian: this.#custodian,
      conversation,
      network,
      day,
      events,
    };
  }

  #fileName(day: string, slice: number): string {
    const { network, conversation } = this.#first;
    const parts = [network, slug(this.#custodian.name), slug(conversation.title), this.#collection, day];
    return `${parts.filter((part) => part !== "").join("-")}${slice === 1 ? "" : `-${slice}`}`;
  }
}

function targetKey(account: string, method: string, networkId: string): string {
  return JSON.stringify([account, method, networkId]);
}
