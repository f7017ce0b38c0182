import type { Party } from "@daybook/contract";
import type { Row } from "../database/table.ts";
import { attachmentFile } from "./attachment-file.ts";
import { type Body, bodyOf, joined } from "./body.ts";
import { deletions, edits, OF_A_RECEIPT, receipts, unsends } from "./changes.ts";
import {
  CUSTODIAN,
  digestOf,
  type Entry,
  idOf,
  type MessagesNetwork,
  type Reading,
  sentAtOf,
  sentBy,
} from "./entry.ts";
import type { Found } from "./found.ts";
import { groupChange } from "./group.ts";
import { type History, historyOf } from "./history.ts";
import type { Named } from "./people.ts";
import { type Raw, rawOf, rawOfColumns } from "./raw.ts";
import { tapbackOf } from "./tapback.ts";

const TEXT_MESSAGES = new Set(["SMS", "RCS", "MMS"]);
const MAX_ATTACHMENTS = 1_000;
/** Characters of a text: far more than Messages sends, and little enough for a record in any script. */
const MAX_TEXT = 100_000;

/** A row of `message`, and what its values that are no text or number say. */
export interface Told {
  readonly found: Found;
  readonly people: Reading["people"];
  readonly body: Body;
  readonly history: History;
  /** The evidence, of its events and of a receipt. */
  readonly raw: Buffer;
  readonly rawOfReceipt: () => Buffer;
  /** What could not be read of it, beside what is found out here. */
  readonly problems: readonly string[];
}

/**
 * Everything that a row of `message` tells of, oldest first.
 *
 * @param raw the row as evidence, where it came as bytes
 */
export function entriesOf(found: Found, people: Named, raw: Raw = rawOf(found)): readonly Entry[] {
  const { row } = found;
  return entriesTold({
    found,
    people,
    body: bodyOf(row),
    history: historyOf(row.blob("message_summary_info")),
    raw: raw.bytes,
    rawOfReceipt: () => rawOfColumns(row, OF_A_RECEIPT),
    problems: raw.isCut ? ["values of it are too large for a record: the imported file has them"] : [],
  });
}

/** The same, of a row that came by another way than its database. */
export function entriesTold({ found, people, body, history, raw, ...told }: Told): readonly Entry[] {
  const { row, chats } = found;
  const guid = row.text("guid");
  const reading: Reading = {
    found,
    people,
    guid: guid ?? `row-${String(row.rowid)}`,
    self: selfOf(row),
    rawOfReceipt: told.rawOfReceipt,
    base: {
      network: networkOf(row),
      rowid: Number(row.rowid),
      raw,
      files: [],
      ...(chats[0] && { conversation: chats[0].conversation }),
      ...(chats.length > 1 && { alsoIn: chats.slice(1).map(({ conversation }) => conversation) }),
    },
  };
  const problems: string[] = [];
  if (guid === undefined) problems.push("it has no GUID");
  if (body.isUnreadable) problems.push("its body could not be decoded");
  if (history.isUnreadable) problems.push("its history of edits could not be decoded");
  if (row.integer("date") !== 0n && sentAtOf(row).sentAt === undefined)
    problems.push("its date is none that a message can have");
  problems.push(...told.problems);
  if (found.attachments.length > MAX_ATTACHMENTS)
    problems.push("it names more attachments than a record can have: the imported file has them");

  return [
    ...happened(reading, body, history, problems),
    ...edits(reading, history, problems),
    ...unsends(reading, history),
    ...receipts(reading),
    ...deletions(reading),
    ...unreadable(reading, problems),
  ].map(fitting);
}

/** The message, tapback or change itself, as it was first sent. */
function happened(reading: Reading, body: Body, history: History, problems: string[]): Entry[] {
  const { found, guid, base } = reading;
  const { row } = found;
  const about = {
    ...base,
    ...sentBy(reading),
    ...sentAtOf(row),
    eventId: idOf(guid),
    networkId: idOf(guid),
  };
  const change = groupChange(reading);
  if (change) {
    const digest = digestOf(guid, row.integer("date").toString(), change.text);
    return [{ ...about, ...change, stableDigest: digest }];
  }
  const tapback = tapbackOf(row);
  if (tapback) {
    if (tapback.target === guid) problems.push("it is a tapback on itself");
    const digest = digestOf(guid, row.integer("date").toString(), tapback.target, tapback.text);
    const target = tapback.target === guid ? {} : { target: tapback.target };
    return [{ ...about, kind: "reaction", text: tapback.text, ...target, stableDigest: digest }];
  }
  const text = joined(asSent(body, history));
  const files = found.attachments.slice(0, MAX_ATTACHMENTS).map(attachmentFile);
  // Of what was unsent as a whole nothing is left to keep: an earlier copy of the database may have recorded it.
  if (history.unsent.length > 0 && text === undefined && files.length === 0) return [];
  const reply = row.text("thread_originator_guid");
  return [
    {
      ...about,
      kind: "message",
      ...(text !== undefined && { text }),
      ...(reply !== undefined && { replyTo: idOf(reply) }),
      files,
      stableDigest: digestOf(
        guid,
        row.integer("date").toString(),
        text,
        body.isUnreadable ? digestOf(row.blob("attributedBody")?.toString("base64")) : undefined,
      ),
    },
  ];
}

/** A message's parts as they were before any edit. */
function asSent({ parts }: Body, { versions }: History): ReadonlyMap<number, string> {
  const sent = new Map(parts);
  for (const [part, [first]] of versions) if (first?.text !== undefined) sent.set(part, first.text);
  return sent;
}

function unreadable({ found, guid, base }: Reading, problems: readonly string[]): Entry[] {
  if (problems.length === 0) return [];
  return [
    {
      ...base,
      kind: "notice",
      ...sentAtOf(found.row),
      text: `Part of this message could not be read: ${problems.join("; ")}. Its row is kept.`,
      target: idOf(guid),
      eventId: idOf(guid, "unreadable"),
      stableDigest: digestOf(guid, ...problems),
    },
  ];
}

function networkOf(row: Row): MessagesNetwork {
  return TEXT_MESSAGES.has(row.text("service") ?? "") ? "sms" : "imessage";
}

/** The address of the custodian's that a message came to or was sent from. */
function selfOf(row: Row): Party {
  const id = row.text("destination_caller_id") ?? row.text("account")?.replace(/^[A-Za-z]:/, "");
  return { id: (id ?? "").slice(0, 512), name: CUSTODIAN };
}

function fitting(entry: Entry): Entry {
  if (entry.text === undefined || entry.text.length <= MAX_TEXT) return entry;
  return { ...entry, text: entry.text.slice(0, MAX_TEXT) };
}
