import { AGENT_LIMITS } from "@daybook/contract";
import { attachmentFile } from "../../reading/attachment-file.ts";
import { digestOf, type Entry, idOf } from "../../reading/entry.ts";
import { type AboutMessage, handedIn } from "../reading/handed.ts";
import { bytesOfRow, type FileState } from "../reading/handed-row.ts";
import { entriesIn } from "../reading/mac-reader.ts";
import { knownAs, type KnownRows } from "../spool/known-rows.ts";
import type { Outgoing } from "../spool/outbox.ts";
import { keyOf, newWaiting, type WaitingFile } from "../spool/waiting-files.ts";
import type { Attachments } from "./attachments.ts";
import type { ReadRow } from "./live-database.ts";

export interface RowDeps {
  readonly known: KnownRows;
  readonly attachments: Attachments;
  /** Whether these words are a test message of ours, and no message. */
  readonly isTest: (text: string) => Promise<boolean>;
  readonly now: () => Date;
}

/** What a row gives to hand over. */
export interface Taken {
  /** Undefined where nothing of it is new. */
  readonly outgoing: Outgoing | undefined;
  readonly waiting: readonly WaitingFile[];
}

/**
 * What is new of a row, as it is handed over; and what of its files is not there yet.
 *
 * @param of which database it is of
 * @throws {ConnectorError} `store-unavailable`, retryable
 */
export async function take({ guid, rowid, found, mark }: ReadRow, of: number, deps: RowDeps): Promise<Taken> {
  const now = deps.now();
  const at = now.getTime();
  const entries = entriesOf(bytesOfRow(found, [], at));
  const ids = entries?.map(({ eventId, stableDigest }) => short(eventId, stableDigest)) ?? [
    short(guid, mark),
  ];
  const before = deps.known.get(guid);
  const [first] = entries ?? [];
  const about: AboutMessage = {
    guid: idOf(guid),
    network: first?.network ?? "imessage",
    ...(first?.conversation && { conversation: first.conversation }),
  };
  const row = String(rowid);
  const events = [...new Set([...(before?.events ?? []), ...ids])];
  const change = knownAs(guid, { ...about, guid, row, of, events, isGone: false });
  const isNew = events.length > (before?.events.length ?? 0);
  if (!isNew) {
    const isElsewhere = before?.row !== row || before.of !== of || before.isGone;
    return {
      outgoing: isElsewhere ? { raw: Buffer.alloc(0), parts: [], changes: [change] } : undefined,
      waiting: [],
    };
  }
  const message = entries?.find(({ kind }) => kind === "message");
  if (message?.text !== undefined && !before && (await deps.isTest(message.text)))
    return { outgoing: { raw: Buffer.alloc(0), parts: [], changes: [change] }, waiting: [] };
  const isNewMessage = message && !before?.events.includes(short(message.eventId, message.stableDigest));
  const taken = isNewMessage
    ? await filesOf(message, { guid, row, found, about, now }, deps)
    : { files: (message?.files ?? []).map((): FileState => "before"), parts: [], waiting: [] };
  return {
    outgoing: {
      raw: bytesOfRow(found, taken.files, at),
      parts: taken.parts,
      changes: [
        change,
        ...taken.waiting.map((one) => ({ kind: "file" as const, name: keyOf(one), value: one })),
      ],
    },
    waiting: taken.waiting,
  };
}

async function filesOf(
  { files }: Entry,
  {
    guid,
    row,
    found,
    about,
    now,
  }: Pick<ReadRow, "guid" | "found"> & { row: string; about: AboutMessage; now: Date },
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
      waiting.push(newWaiting({ ...about, guid, row, n, name: file.name }, now.getTime()));
    } else if (typeof looked === "string") states.push({ missing: looked });
    else {
      states.push({ sha256: looked.part.sha256 });
      parts.push({ ...looked.part, name: file.name, mediaType: file.mediaType });
    }
  }
  return { files: states, parts, waiting };
}

/** One more look at a file; undefined where it may come yet. */
export async function lookAgain(
  one: WaitingFile,
  row: ReadRow | undefined,
  { attachments, now }: RowDeps,
): Promise<Outgoing | undefined> {
  const at = now();
  const isLast = at.getTime() >= one.until;
  const attachment = row?.guid === one.guid ? row.found.attachments[one.n] : undefined;
  const file = attachment && attachmentFile(attachment);
  const looked = file ? await attachments.take(file, sizeOf(attachment), at, isLast) : "waiting";
  const isHere = typeof looked === "object";
  if (looked === "waiting" && !isLast) return undefined;
  const said = {
    v: 1,
    seen: "file",
    at: at.getTime(),
    guid: idOf(one.guid),
    network: one.network,
    ...(one.conversation && { conversation: one.conversation }),
    n: one.n,
    name: one.name,
    ...(isHere ? { sha256: looked.part.sha256 } : { missing: looked === "too-large" ? looked : "not-there" }),
  };
  return {
    raw: Buffer.from(JSON.stringify(said)),
    parts: isHere && file ? [{ ...looked.part, name: file.name, mediaType: file.mediaType }] : [],
    changes: [{ kind: "file", name: keyOf(one), value: undefined }],
  };
}

/** Undefined where the row says nothing that can be read. */
function entriesOf(bytes: Buffer): readonly Entry[] | undefined {
  const handed = handedIn(bytes);
  return handed?.seen === "row" ? entriesIn(handed, bytes) : undefined;
}

function sizeOf(attachment: ReadRow["found"]["row"] | undefined): number {
  return Number(attachment?.integer("total_bytes") ?? 0n);
}

function short(eventId: string, stableDigest: string): string {
  return digestOf(eventId, stableDigest).slice(0, 20);
}
