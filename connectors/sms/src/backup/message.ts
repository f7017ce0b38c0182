import { createHash } from "node:crypto";
import type { AgentAccount, Event } from "@daybook/contract";
import { type ProviderRow, numberIn } from "../agent/row.ts";
import { boxOf, FROM_TYPE, OWN_ADDRESS, sidesOf, type Sides } from "../agent/sides.ts";
import { standingOf } from "../agent/standing.ts";
import { isText, LAYOUT, textOf } from "../agent/words.ts";
import type { Element, Read } from "./elements.ts";
import { DATA, type LeftValue } from "./tags.ts";

/** An attachment as a backup has it. */
export interface BackupPart {
  readonly name: string;
  readonly mediaType: string;
  /** Base64, in the file; undefined where the backup was made without it. */
  readonly data: LeftValue | undefined;
}

/** What a message of a backup says. */
export interface BackupMessage {
  /** Tells it from all others of an account, in this backup and in later ones. SHA-256, hex. */
  readonly identity: string;
  /** Milliseconds since 1970, as it is written. */
  readonly date: string;
  readonly kind: "message" | "draft" | "not-fetched";
  readonly times: Pick<Event, "sentAt" | "receivedAt">;
  readonly text: string | undefined;
  readonly parts: readonly BackupPart[];
  /** What became of it, of one that was sent from the phone. */
  readonly standing: string | undefined;
  sides(about: Omit<AgentAccount, "agent">): Sides;
}

/** So the app writes what is absent. It is what somebody may have written, too: `raw` has it. */
const ABSENT = "null";
const UNKNOWN_CONTACT = "(Unknown)";
const SEPARATOR = "~";
const NOT_FETCHED = "130";
/** Whoever writes seconds instead of milliseconds writes less: until the year 5138, and after 1973. */
const LEAST_MS = 100_000_000_000;
/** The last instant that RFC 3339 can say. */
const END_OF_TIME = 253_402_300_799_999;
const MAX_NAME = 1_024;

/** Reads an `sms` or `mms` element. Numbers that are written without their country stay so: a backup names none. */
export function readMessage(element: Element): BackupMessage {
  const row = rowOf(element);
  const contact = present(element.attributes["contact_name"]);
  const parts = partsOf(element);
  const kind = kindOf(row, element);
  const text = textOf(row)?.toWellFormed();
  return {
    identity: identityOf(row, element, text),
    date: element.attributes["date"] ?? "",
    kind,
    times: timesOf(row),
    text,
    parts,
    standing: kind === "message" ? standingOf(row) : undefined,
    sides: (about) => named(sidesOf(row, about), contact),
  };
}

function kindOf(row: ProviderRow, { attributes }: Element): BackupMessage["kind"] {
  if (row.table === "mms" && attributes["m_type"] === NOT_FETCHED) return "not-fetched";
  return boxOf(row) === "draft" ? "draft" : "message";
}

/** As an archival agent hands a row of the phone's own database over: the backup is a copy of it. */
function rowOf({ name, attributes, parts, addresses }: Element): ProviderRow {
  const table = name === "mms" ? "mms" : "sms";
  const others = (present(attributes["address"]) ?? "").split(SEPARATOR).filter((one) => one !== "");
  return {
    v: 1,
    device: "backup",
    table,
    row: 0,
    date: 0,
    seen: "new",
    changes: [],
    at: 0,
    columns: Object.fromEntries(
      Object.entries(attributes).flatMap(([key, value]) => (value === ABSENT ? [] : [[key, value]])),
    ),
    ...(table === "mms" && { thread: { recipients: others } }),
    addresses: addresses.flatMap((one) => addressOf(one, others)),
    parts: parts.map(({ attributes: of }, row) => ({
      row,
      ct: mediaTypeOf(of),
      ...(present(of["text"]) !== undefined && { text: of["text"] }),
    })),
  };
}

/** Of those that a message came to, the phone's own number is the one that it does not name as the other side. */
function addressOf({ attributes }: Read, others: readonly string[]) {
  const type = Number(attributes["type"]);
  const written = present(attributes["address"]);
  if (written === undefined || !Number.isSafeInteger(type)) return [];
  const isOwn = type !== FROM_TYPE && others.length > 0 && !others.some((one) => isSame(one, written));
  return [{ type, address: isOwn ? OWN_ADDRESS : written.slice(0, 512) }];
}

/** One number may be written in two ways: its last digits tell. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [a, b].map((one) => one.replace(/\D/g, "").slice(-9));
  return left !== undefined && left.length >= 7 && left === right;
}

function partsOf({ parts }: Element): BackupPart[] {
  return parts.flatMap(({ attributes, left }) => {
    const mediaType = mediaTypeOf(attributes);
    const data = left.get(DATA);
    if (mediaType === LAYOUT) return [];
    if (!data && isText({ ct: mediaType }) && present(attributes["text"]) !== undefined) return [];
    const names = ["cl", "name", "fn", "cid"].flatMap((key) => present(attributes[key]) ?? []);
    return [{ name: nameOf(names[0] ?? "attachment"), mediaType, data }];
  });
}

function nameOf(written: string): string {
  const last = written.replace(/^<|>$/g, "").split(/[/\\]/).at(-1) ?? "";
  return last.toWellFormed().slice(0, MAX_NAME).toWellFormed() || "attachment";
}

/** Without parameters. */
function mediaTypeOf(attributes: Read["attributes"]): string {
  const [written = ""] = (present(attributes["ct"]) ?? "").split(";", 1);
  const type = written.trim().toLowerCase();
  return /^[!#-'*+.0-9^-z|~-]+\/[!#-'*+.0-9^-z|~-]+$/.test(type) && type.length <= 255
    ? type
    : "application/octet-stream";
}

/** `sentAt` is the sender's clock, or the network's in between; `receivedAt` the phone's. */
function timesOf(row: ProviderRow): BackupMessage["times"] {
  const date = instant(numberIn(row, "date"));
  if (boxOf(row) !== "incoming") return date === undefined ? {} : { sentAt: date };
  const sentAt = instant(numberIn(row, "date_sent")) ?? date;
  return { ...(sentAt !== undefined && { sentAt }), ...(date !== undefined && { receivedAt: date }) };
}

function instant(written: number | undefined): string | undefined {
  if (written === undefined || written <= 0) return undefined;
  const ms = written < LEAST_MS ? written * 1_000 : written;
  return ms <= END_OF_TIME ? new Date(ms).toISOString() : undefined;
}

/** The phone's owner gave the other side a name. Of several nobody can tell whose is whose. */
function named(sides: Sides, contact: string | undefined): Sides {
  const { conversation } = sides;
  if (!conversation || contact === undefined || contact === UNKNOWN_CONTACT) return sides;
  const title = contact.toWellFormed().slice(0, MAX_NAME).toWellFormed();
  if (conversation.kind !== "direct") return { ...sides, conversation: { ...conversation, title } };
  const name = (party: { id: string; name: string }) =>
    party.id === conversation.id ? { ...party, name: title } : party;
  return {
    ...sides,
    conversation: { ...conversation, title },
    ...(sides.sender && { sender: name(sides.sender) }),
    ...(sides.recipients && { recipients: sides.recipients.map(name) }),
  };
}

/** What is the same in every backup: not whether it was read or sent, nor what the phone calls the other side. */
function identityOf(row: ProviderRow, { attributes, parts }: Element, text: string | undefined): string {
  const box = boxOf(row);
  const numbers = [...new Set((present(attributes["address"]) ?? "").split(SEPARATOR))].sort();
  const content = parts.map(({ attributes: of, left }) => [
    mediaTypeOf(of),
    present(of["text"]) ?? null,
    left.get(DATA)?.sha256 ?? null,
  ]);
  const id = present(attributes["m_id"]) ?? null;
  const of = [row.table, numbers, attributes["date"] ?? null, box, attributes["m_type"] ?? null, id];
  return createHash("sha256")
    .update(JSON.stringify([...of, text ?? null, content]))
    .digest("hex");
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value === ABSENT || value === "" ? undefined : value;
}
