import { createHash } from "node:crypto";
import type { Captured, Party } from "@daybook/contract";
import { z } from "zod";
import { type Observation, observation, type Observed } from "../observation.ts";
import { readDelete, readEdit, readRemoved } from "./change.ts";
import { fieldsOf } from "./fields.ts";
import { keyOf } from "./ids.ts";
import { changesOf } from "./found.ts";
import type { Held } from "./held.ts";
import { readDecrypted, readMessage, seen } from "./message.ts";
import { readAck, readCall, readChat, readFailed, readNumbers, readReaction, readVote } from "./others.ts";
import { People } from "./people.ts";
import { given, type MediaWanted, type Reading } from "./reading.ts";
import { digestOf } from "./stable.ts";

/** How this connector names itself in records. */
export const CONNECTOR = { name: "whatsapp-web", version: "1" } as const;

/** An event that is ready but for its file, which the page is still to be asked for. */
export type Draft = Captured & { readonly media?: MediaWanted };

/** Whose observations they are. */
export interface About {
  readonly account: string;
  /** The account itself, as a sender. */
  readonly own: Party;
  /** What else WhatsApp calls it: its `@lid`, where `own` has its number. */
  readonly otherIds?: readonly string[];
  readonly custodian: Party;
  readonly method: "linked-device";
  /** WhatsApp's own word for what its page is. */
  readonly webVersion: string;
}

/** Raw bytes of one event at most; more go on in further events. */
const MAX_RAW_BYTES = 1_000_000;
const MAX_EVENT_ID = 400;

/**
 * The events of an observation: the same ids and digests at every redelivery, and whether it came or was found by looking
 * again. Never throws: what cannot be read is a gap with its bytes. A number that is known of a `@lid` is an event
 * `identity:<lid>:<number>` at every observation that shows it: it is for the caller to leave out those it has recorded.
 */
export function draftsOf(observed: Observed, about: About, held: Held): Draft[] {
  try {
    const value: unknown = JSON.parse(observed.raw);
    const { data } = observation.safeParse(value);
    if (!data) return unreadable(observed, about, messageIn(value));
    const people = new People(data, about.own, about.otherIds);
    const numbers = readNumbers(data, people);
    const drafts = read(data, people, held).map((reading) => draftOf(reading, about));
    return [...withRaw(drafts, observed.raw), ...numbers.map((reading) => draftOf(reading, about))];
  } catch {
    return unreadable(observed, about);
  }
}

function read(it: Observation, people: People, held: Held): Reading[] {
  switch (it.what) {
    case "message": {
      const message = seen(it.msg, people, it.how === "came" ? it.at : undefined);
      const original = held.original(it.msg.id._serialized);
      if (original && (it.how === "found" || original.type === "ciphertext"))
        return changesOf(message, original, held);
      const learned = it.how === "found" ? "found" : "heard";
      return isDeleted(it.msg) ? readDelete(message, undefined, held, learned) : readMessage(message);
    }
    case "edit":
      if (isDeleted(it.msg)) return readDelete(seen(it.msg, people, it.at), undefined, held);
      return readEdit(seen(it.msg, people, it.at), it.before, held);
    case "decrypted":
      return readDecrypted(seen(it.msg, people, it.at));
    case "revoked":
      return readDelete(seen(it.msg, people, it.at), it.before ? fieldsOf(it.before) : undefined, held);
    case "removed":
      return readRemoved(seen(it.msg, people, it.at));
    case "ack":
      return readAck(it, people);
    case "reaction":
      return readReaction(it, people);
    case "vote":
      return readVote(it, people);
    case "call":
      return readCall(it, people);
    case "chat":
      return readChat(it, people);
    case "failed":
      return readFailed(it, people);
    case "mark":
      return [];
  }
}

/** A deleted message in its place, or the message by which it was deleted. */
function isDeleted({ type, subtype }: { type: string; subtype?: string | null | undefined }): boolean {
  return (
    type === "revoked" || (type === "protocol" && (subtype === "sender_revoke" || subtype === "admin_revoke"))
  );
}

function draftOf({ id, stable, media, raw, ...reading }: Reading, about: About): Draft {
  const { account, custodian, method } = about;
  return {
    eventId: bounded(id),
    stableDigest: digestOf(stable),
    event: {
      v: 1,
      network: "whatsapp",
      method,
      provenance: "captured",
      account,
      custodian,
      ...reading,
      raw: raw === undefined ? "" : Buffer.from(raw).toString("base64"),
      connector: CONNECTOR,
    },
    ...(media && { media }),
  };
}

/** What the page wrote and nobody can read: kept as it came. */
function unreadable({ raw }: Observed, about: About, of?: string): Draft[] {
  const digest = digestOf([raw]);
  const why = `What WhatsApp Web (${about.webVersion.slice(0, 64)}) showed could not be read: its bytes are kept`;
  const gap = { why: why.toWellFormed(), ...given("about", of) };
  return withRaw(
    [draftOf({ kind: "gap", gap, id: `unreadable:${digest}`, stable: ["unreadable", raw] }, about)],
    raw,
  );
}

/** The message that it seems to be about. */
function messageIn(value: unknown): string | undefined {
  const { msg, key } =
    z.object({ msg: z.unknown().optional(), key: z.unknown().optional() }).safeParse(value).data ?? {};
  const { data } = z.object({ id: z.unknown().optional() }).safeParse(msg);
  return keyOf(data?.id ?? key)?.id;
}

/** In place of an event that does not fit the schema. */
export function inPlaceOf({ eventId, stableDigest, event: { conversation: _, ...event } }: Draft): Draft {
  const { v, network, method, provenance, account, custodian, raw, connector } = event;
  const gap = { why: "An event could not be recorded as it was read: its bytes are kept" };
  return {
    eventId,
    stableDigest,
    event: {
      v,
      network,
      method,
      provenance,
      account,
      ...(custodian && { custodian }),
      raw,
      connector,
      kind: "gap",
      gap,
    },
  };
}

/** Each event has the bytes; where they are too many, further events go on with them. */
function withRaw(drafts: readonly Draft[], raw: string): Draft[] {
  const [first] = drafts;
  if (!first) return [];
  const bytes = Buffer.from(raw);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += MAX_RAW_BYTES)
    parts.push(bytes.subarray(at, at + MAX_RAW_BYTES).toString("base64"));
  const more = parts.slice(1).map((part, n): Draft => {
    const { v, network, method, provenance, account, custodian, conversation, connector } = first.event;
    const text = `Bytes of ${first.eventId}, part ${n + 2} of ${parts.length}`;
    return {
      eventId: `${first.eventId}:part:${n + 2}`,
      stableDigest: first.stableDigest,
      event: {
        ...{ v, network, method, provenance, account, connector },
        ...(custodian && { custodian }),
        ...(conversation && { conversation }),
        kind: "notice",
        text,
        raw: part,
      },
    };
  });
  return [...drafts.map((one) => ({ ...one, event: { ...one.event, raw: parts[0] ?? "" } })), ...more];
}

function bounded(id: string): string {
  const isFit = id.length > 0 && id.length <= MAX_EVENT_ID && id.isWellFormed();
  return isFit ? id : `id:${createHash("sha256").update(JSON.stringify(id)).digest("hex")}`;
}
