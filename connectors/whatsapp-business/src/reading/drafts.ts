import { createHash } from "node:crypto";
import { type Captured, type Party } from "@daybook/contract";
import { CONNECTOR } from "../options.ts";
import type { Item } from "../webhook/items.ts";
import { readAccountNotice } from "./account-notice.ts";
import { type Own, readMessage, type Way } from "./message.ts";
import { READERS } from "./others.ts";
import type { People } from "./people.ts";
import { nameOf, type Reading } from "./reading.ts";
import { message, metadataOf, status } from "./schema.ts";
import { readStatus, statusId } from "./status.ts";

/** An event that is ready, and what is to be fetched for it. */
export interface Draft extends Captured {
  readonly media: NonNullable<Reading["media"]>;
}

/** What an account is called and whose it is. */
export interface AccountOf {
  readonly account: string;
  readonly custodian?: Party;
}

/** Raw bytes of one event at most; more go on in further events. */
const MAX_RAW_BYTES = 1_000_000;
const MAX_EVENT_ID = 400;

/** Which account an item is about: a number, else the whole business account. */
export function accountOf(item: Item, custodianOf: (account: string) => Party | undefined): AccountOf {
  const account = metadataOf(item.metadata)?.phone_number_id ?? item.entryId ?? "unknown";
  const custodian = custodianOf(account);
  return { account: account.slice(0, MAX_EVENT_ID), ...(custodian && { custodian }) };
}

/** The events of an item: the same ids and digests at every redelivery. What cannot be read is a gap with its bytes. */
export function draftsOf(item: Item, { account, custodian }: AccountOf, people: People): Draft[] {
  const display = metadataOf(item.metadata)?.display_phone_number?.replace(/\D/g, "");
  const own = { account, party: { id: display || account, name: custodian?.name ?? "" } };
  people.introduce(item.contacts);
  const { id, readings } = read(item, people, own);
  const eventId = bounded(id);
  const stableDigest = sha256(item.own);
  const drafts = readings.map(({ media = [], observation, ...reading }) => ({
    eventId: observation === undefined ? eventId : `${eventId}:${observation}`,
    stableDigest,
    media,
    event: {
      v: 1 as const,
      network: "whatsapp" as const,
      method: "business-api" as const,
      provenance: "captured" as const,
      account,
      ...(custodian && { custodian }),
      ...reading,
      raw: "",
      connector: CONNECTOR,
    },
  }));
  return withRaw(drafts, Buffer.from(item.raw));
}

/** What Meta signed and nobody can read: kept as it came. */
export function unreadable(body: Uint8Array, account: string): Draft[] {
  const digest = sha256(body);
  const event = {
    v: 1 as const,
    kind: "gap" as const,
    network: "whatsapp" as const,
    method: "business-api" as const,
    provenance: "captured" as const,
    account,
    gap: { why: "A webhook that WhatsApp signed could not be read: its bytes are kept" },
    raw: "",
    connector: CONNECTOR,
  };
  return withRaw(
    [{ eventId: `unreadable:${digest}`, stableDigest: digest, media: [], event }],
    Buffer.from(body),
  );
}

/** In place of an event that does not fit the schema. */
export function inPlaceOf(draft: Draft): Draft {
  const { v, network, method, provenance, account, custodian, raw, connector } = draft.event;
  const gap = { why: "A message could not be read: its bytes are kept" };
  const about = { v, network, method, provenance, account, raw, connector };
  return {
    eventId: draft.eventId,
    stableDigest: draft.stableDigest,
    media: [],
    event: { ...about, ...(custodian && { custodian }), kind: "gap", gap },
  };
}

function read(item: Item, people: People, own: Own): { id: string; readings: Reading[] } {
  const { list, field } = item;
  const way = wayOf(item);
  if (way !== undefined) {
    const parsed = message.safeParse(item.value);
    if (!parsed.success) return { id: digestOf(item), readings: [notRead(item)] };
    const prefix = field === "history" ? (list === "threads" ? "history:" : "history-media:") : "";
    return { id: `${prefix}${parsed.data.id}`, readings: readMessage(parsed.data, way, people, own) };
  }
  if (list === "statuses") {
    const parsed = status.safeParse(item.value);
    if (!parsed.success) return { id: digestOf(item), readings: [notRead(item)] };
    return { id: statusId(parsed.data), readings: [readStatus(parsed.data, people)] };
  }
  const reader = list === undefined ? undefined : READERS[list];
  return {
    id: digestOf(item),
    readings: [reader ? (reader(item, people) ?? notRead(item)) : readAccountNotice(item)],
  };
}

/** The id of what has none of its own. */
function digestOf({ field, entryId, entryTime, list, own }: Item): string {
  const digest = sha256(JSON.stringify([field, entryId, list === undefined ? entryTime : "", own]));
  return `${nameOf(field).slice(0, 64)}:${digest}`;
}

function wayOf({ list, field, thread }: Item): Way | undefined {
  // Media of a history come by themselves, from either side.
  if (list === "messages" && field === "history") return { thread: "" };
  if (list === "threads") return { thread: thread ?? "" };
  if (list === "message_echoes") return "echo";
  return list === "messages" ? "incoming" : undefined;
}

function notRead({ list, value }: Item): Reading {
  const id = (value as { id?: unknown } | null)?.id;
  const about = typeof id === "string" && id !== "" ? { about: id.slice(0, MAX_EVENT_ID) } : {};
  return {
    kind: "gap",
    gap: { why: `One of ${list ?? "what WhatsApp sent"} could not be read: its bytes are kept`, ...about },
  };
}

/** The first event has the bytes; where they are too many, further events go on with them. */
function withRaw(drafts: readonly Draft[], raw: Buffer): Draft[] {
  const [first, ...others] = drafts;
  if (!first) return [];
  const parts: Buffer[] = [];
  for (let at = 0; at < raw.length; at += MAX_RAW_BYTES) parts.push(raw.subarray(at, at + MAX_RAW_BYTES));
  const encoded = parts.map((part) => part.toString("base64"));
  const more = encoded.slice(1).map((part, n): Draft => {
    const { v, network, method, provenance, account, custodian, connector } = first.event;
    const about = { v, network, method, provenance, account, connector, ...(custodian && { custodian }) };
    const text = `Bytes of ${first.eventId}, part ${n + 2} of ${encoded.length}`;
    return {
      eventId: `${first.eventId}:part:${n + 2}`,
      stableDigest: first.stableDigest,
      media: [],
      event: { ...about, kind: "notice", text, raw: part },
    };
  });
  const whole = { ...first, event: { ...first.event, raw: encoded[0] ?? "" } };
  const rest = others.map((one) => ({ ...one, event: { ...one.event, raw: encoded[0] ?? "" } }));
  return [whole, ...rest, ...more];
}

function bounded(id: string): string {
  return id.length > 0 && id.length <= MAX_EVENT_ID && id.isWellFormed() ? id : `id:${sha256(id)}`;
}

function sha256(of: string | Uint8Array): string {
  return createHash("sha256").update(of).digest("hex");
}
