import { party } from "@daybook/contract";
import { z } from "zod";
import { SignalError } from "../error.ts";

/** Milliseconds since 1970. */
const at = z.int().nonnegative();

/** From whom, and when: as far as an envelope tells it. */
const from = {
  /** Service id as text: a UUID, or `PNI:` and one. */
  sender: z.string().optional(),
  device: z.int().nonnegative().optional(),
  /** The sender's clock, which names the message. */
  timestamp: at.optional(),
};

/**
 * What happened on an account and is not yet on the stream, in the order in which it happened. What a message says is read
 * from its bytes only when it is handed on, with the names that are known by then.
 */
export const entry = z.discriminatedUnion("what", [
  z.strictObject({
    what: z.literal("content"),
    ...from,
    sender: z.string(),
    device: z.int().nonnegative(),
    timestamp: at,
    receivedAt: at,
    serverAt: at.optional(),
    /** It came to the phone number's identity rather than the account's. */
    toNumber: z.boolean(),
    /** The decrypted content, base64. */
    content: z.base64(),
    /** Somebody wrote it elsewhere, and it was sent from here. */
    relay: z.strictObject({ id: z.uuid(), by: party, why: z.string().max(1024).optional() }).optional(),
  }),
  z.strictObject({ what: z.literal("server-receipt"), ...from, receivedAt: at }),
  z.strictObject({
    what: z.literal("undecryptable"),
    ...from,
    receivedAt: at,
    why: z.string(),
    /** Identifier of the group that its seal names, base64. */
    group: z.string().optional(),
    /** The envelope's digest, hex. */
    envelope: z.string(),
  }),
  z.strictObject({ what: z.literal("recovered"), ...from, receivedAt: at, envelope: z.string() }),
  z.strictObject({ what: z.literal("identity"), ...from, sender: z.string(), receivedAt: at }),
  /** A change that the group's log at Signal had, and no message. */
  z.strictObject({
    what: z.literal("group-change"),
    receivedAt: at,
    /** Identifier of the group, base64. */
    group: z.string(),
    masterKey: z.base64(),
    revision: z.int().nonnegative(),
    change: z.base64(),
    titleBefore: z.string().optional(),
  }),
  /** How the storage service shows a group: when it is first seen, or where how it came so is not known. */
  z.strictObject({
    what: z.literal("group-state"),
    receivedAt: at,
    group: z.string(),
    revision: z.int().nonnegative(),
    title: z.string(),
    members: z.array(z.string()),
    /** In words, what is other than it was known to be. */
    since: z.strictObject({ revision: z.int().nonnegative(), changed: z.string() }).optional(),
  }),
  /** What somebody is called became another name: in the phone's address book, or by their own profile. */
  z.strictObject({
    what: z.literal("renamed"),
    ...from,
    sender: z.string(),
    of: z.enum(["name", "profileName"]),
    from: z.string(),
    to: z.string(),
    receivedAt: at,
  }),
  z.strictObject({
    what: z.literal("coverage"),
    from: at,
    to: at,
    state: z.enum(["live", "catching-up", "down"]),
  }),
  z.strictObject({
    what: z.literal("gap"),
    id: z.string(),
    from: at.optional(),
    to: at.optional(),
    why: z.string(),
    about: z.string().optional(),
  }),
  z.strictObject({
    what: z.literal("notice"),
    id: z.string(),
    receivedAt: at,
    text: z.string(),
    /** Network id of the message that it is about. */
    target: z.string().optional(),
  }),
]);
export type Entry = z.infer<typeof entry>;
export type EntryOf<What extends Entry["what"]> = Extract<Entry, { what: What }>;

export function encodeEntry(value: Entry): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** @throws {SignalError} `account-unreadable` */
export function decodeEntry(bytes: Uint8Array): Entry {
  const parsed = entry.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success)
    throw new SignalError("account-unreadable", "an entry of an account's file is of another version");
  return parsed.data;
}
