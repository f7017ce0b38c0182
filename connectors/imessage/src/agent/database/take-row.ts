import { AGENT_LIMITS } from "@daybook/contract";
import type { Row } from "../../database/table.ts";
import { attachmentFile } from "../../reading/attachment-file.ts";
import { entriesOf as entriesOfFound } from "../../reading/entries.ts";
import { digestOf, type Entry, idOf } from "../../reading/entry.ts";
import type { Found } from "../../reading/found.ts";
import { type Named, partyOf } from "../../reading/people.ts";
import { type AboutMessage, handedIn } from "../reading/handed.ts";
import { jsonOfRow } from "../../reading/raw.ts";
import { bytesOfRow, type FileState } from "../reading/handed-row.ts";
import { entriesIn } from "../reading/mac-reader.ts";
import { knownAs, type KnownRows } from "../spool/known-rows.ts";
import type { Outgoing } from "../spool/outbox.ts";
import { asGap, keyOf, newWaiting, type WaitingFile } from "../spool/waiting-files.ts";
import type { Attachments } from "./attachments.ts";
import type { ReadRow } from "./seen-rows.ts";

/** Of rows of other tables, and of all: what has more is read as it is handed over. */
const MOST_PLAIN = 1_000;
const MOST_PLAIN_BYTES = 64 * 1024;

export interface RowDeps {
  readonly known: KnownRows;
  readonly attachments: Attachments;
  /** Whether these words are a test message of ours, and no message. */
  readonly isTest: (text: string) => Promise<boolean>;
  /** Whether files go by themselves, and not with their messages. */
  readonly areFilesApart: () => boolean;
  readonly now: () => Date;
}

/** What a row gives to hand over. */
export interface Taken {
  /** Undefined where nothing of it is new. */
  readonly outgoing: Outgoing | undefined;
  readonly waiting: readonly WaitingFile[];
  /** What is to be remembered where nothing is handed over, and what was before may not be answered yet. */
  readonly noted: Outgoing["changes"];
}

/**
 * What is new of a row, as it is handed over; and what of its files is not there yet.
 *
 * @param of which database it is of
 * @throws {ConnectorError} `store-unavailable`, retryable
 */
export async function take(read: ReadRow, of: number, deps: RowDeps): Promise<Taken> {
  const { guid, rowid, found, mark, state } = read;
  const now = deps.now();
  const at = now.getTime();
  const bytes = bytesOfRow(found, [], at);
  const entries = entriesOf(found, bytes);
  const ids = entries?.map(({ eventId, stableDigest }) => short(eventId, stableDigest)) ?? [
    short(guid, [guid, ...state.values].join("/")),
  ];
  const before = deps.known.get(guid);
  const [first] = entries ?? [];
  const about: AboutMessage = {
    guid: idOf(guid),
    network: first?.network ?? "imessage",
    ...(first?.conversation && { conversation: first.conversation }),
    ...(first?.alsoIn && { alsoIn: [...first.alsoIn] }),
  };
  const row = String(rowid);
  const events = [...new Set([...(before?.events ?? []), ...ids])];
  const message = entries?.find(({ kind }) => kind === "message");
  const listed = message?.files ?? [];
  const ofFiles = listed.map(({ id }) => id);
  const files = [...new Set([...(before?.files ?? []), ...ofFiles])];
  const wasTest = before ? before.isTest : message?.text !== undefined && (await deps.isTest(message.text));
  // One that was edited since says something else.
  const isTest = wasTest && !entries?.some(({ kind }) => kind === "edit");
  const change = knownAs(guid, { ...about, guid, row, of, events, files, isGone: false, isTest, mark });
  const silent = (): Taken => ({
    outgoing: { raw: Buffer.alloc(0), parts: [], changes: [change] },
    waiting: [],
    noted: [],
  });
  const isKnown = !message || before?.events.includes(short(message.eventId, message.stableDigest));
  const context = { guid, row, found, ofFiles, about, now };
  const taken =
    isKnown || deps.areFilesApart() ? laterFilesOf(listed, before?.files ?? [], context) : undefined;
  if (events.length === before?.events.length) {
    const waiting = taken?.waiting ?? [];
    const isElsewhere = before.row !== row || before.of !== of || before.isGone;
    const noted = waiting.length > 0 || before.mark !== mark ? [change, ...waiting.map(kept)] : [];
    return isElsewhere ? { ...silent(), waiting, noted } : { outgoing: undefined, waiting, noted };
  }
  if (isTest) return silent();
  const { files: states, parts, waiting } = taken ?? (await filesOf(listed, context, deps));
  return {
    outgoing: {
      raw: states.length > 0 ? bytesOfRow(found, states, at) : bytes,
      parts,
      changes: [change, ...waiting.map(kept)],
    },
    waiting,
    noted: [],
  };
}

interface Context extends Pick<ReadRow, "guid" | "found"> {
  readonly row: string;
  /** By what each file is known. */
  readonly ofFiles: readonly string[];
  readonly about: AboutMessage;
  readonly now: Date;
}

async function filesOf(
  files: Entry["files"],
  { guid, row, found, ofFiles, about, now }: Context,
  { attachments }: RowDeps,
) {
  const states: FileState[] = [];
  const parts: Outgoing["parts"][number][] = [];
  const waiting: WaitingFile[] = [];
  for (const [n, file] of files.entries()) {
    const looked =
      parts.length >= AGENT_LIMITS.partsOfEntry
        ? "waiting"
        : await attachments.take(file, sizeOf(found.attachments[n]), now, false);
    if (looked === "waiting") {
      states.push("waiting");
      const one = { ...about, guid, row, n, file: ofFiles[n], name: file.name };
      waiting.push(newWaiting(one, now.getTime()));
    } else if (typeof looked === "string") states.push({ missing: looked });
    else {
      states.push({ sha256: looked.part.sha256 });
      parts.push({ ...looked.part, name: file.name, mediaType: file.mediaType });
    }
  }
  return { files: states, parts, waiting };
}

/** Of a message that was handed over, or may have been: what it has now and did not have then goes by itself, at once. */
function laterFilesOf(
  files: Entry["files"],
  before: readonly string[],
  { guid, row, ofFiles, about, now }: Context,
) {
  const states: FileState[] = [];
  const waiting: WaitingFile[] = [];
  for (const [n, { name }] of files.entries()) {
    const file = ofFiles[n];
    const isKnown = file === undefined || before.includes(file);
    states.push(isKnown ? "before" : "waiting");
    if (!isKnown) waiting.push(newWaiting({ ...about, guid, row, n, file, name }, now.getTime(), 0));
  }
  return { files: states, parts: [], waiting };
}

/** What one more look at a file came to: nothing, where it may come yet. */
export interface LookedAgain {
  readonly outgoing?: Outgoing;
  /** It is a gap, and waits on. */
  readonly waiting?: WaitingFile;
  /** Nobody looks for it any more. */
  readonly isGivenUp?: boolean;
}

/** One more look at a file. @throws {ConnectorError} `store-unavailable`, retryable */
export async function lookAgain(
  one: WaitingFile,
  row: ReadRow | undefined,
  { attachments, now }: Pick<RowDeps, "attachments" | "now">,
): Promise<LookedAgain> {
  const at = now();
  const isLast = at.getTime() >= one.until;
  const attachment = row?.found.attachments.find((each, n) =>
    one.file === undefined ? n === one.n : attachmentFile(each).id === one.file,
  );
  const file = attachment && attachmentFile(attachment);
  const looked = file ? await attachments.take(file, sizeOf(attachment), at, isLast) : "waiting";
  if (looked === "waiting" && !isLast) return {};
  if (looked === "waiting" && one.isGap) return { isGivenUp: true };
  const waiting = looked === "waiting" ? asGap(one, at.getTime()) : undefined;
  const said = {
    v: 1,
    seen: "file",
    at: at.getTime(),
    guid: idOf(one.guid),
    network: one.network,
    ...(one.conversation && { conversation: one.conversation }),
    ...(one.alsoIn && { alsoIn: one.alsoIn }),
    n: one.n,
    file: one.file,
    name: one.name,
    ...(typeof looked === "object"
      ? { sha256: looked.part.sha256 }
      : { missing: looked === "waiting" ? "not-there" : looked }),
  };
  const whole = Buffer.from(
    JSON.stringify({ ...said, ...(attachment && { attachment: jsonOfRow(attachment) }) }),
  );
  const outgoing: Outgoing = {
    raw: whole.length <= AGENT_LIMITS.rawBytes ? whole : Buffer.from(JSON.stringify(said)),
    parts:
      typeof looked === "object" && file
        ? [{ ...looked.part, name: file.name, mediaType: file.mediaType }]
        : [],
    changes: [waiting ? kept(waiting) : forgotten(one)],
  };
  return { outgoing, ...(waiting && { waiting }) };
}

/** What the server will make of it. Undefined where the row says nothing that can be read. */
function entriesOf(found: Found, bytes: Buffer): readonly Entry[] | undefined {
  if (isPlain(found, bytes)) {
    const people: Named = { party: (id) => partyOf(found.handles.find(({ rowid }) => rowid === id)) };
    return entriesOfFound(found, people, { bytes, isCut: false });
  }
  const handed = handedIn(bytes);
  return handed?.seen === "row" ? entriesIn(handed, bytes) : undefined;
}

/** What is handed over says the same as what was found, so that it need not be read again: nothing is left out, or rounded. */
function isPlain({ row, chats, handles, attachments, binned, isCut }: Found, bytes: Buffer): boolean {
  const isFew = [chats, attachments, binned].every(({ length }) => length <= MOST_PLAIN);
  if (isCut || !isFew || bytes.length > MOST_PLAIN_BYTES || bytes.includes("omittedBytes")) return false;
  return [row, ...chats.map((chat) => chat.row), ...handles, ...attachments, ...binned].every((one) =>
    one.entries().every(([column, value]) => column.length <= 256 && typeof value !== "number"),
  );
}

function sizeOf(attachment: Row | undefined): number {
  return Number(attachment?.integer("total_bytes") ?? 0n);
}

function kept(one: WaitingFile) {
  return { kind: "file" as const, name: keyOf(one), value: one };
}

export function forgotten(one: WaitingFile) {
  return { kind: "file" as const, name: keyOf(one), value: undefined };
}

function short(...parts: readonly string[]): string {
  return digestOf(...parts).slice(0, 20);
}
