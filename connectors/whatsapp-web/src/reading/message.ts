import type { WebMessage } from "../observation.ts";
import { mediaOf, wordsOf } from "./content.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { widOf } from "./ids.ts";
import { readNotification } from "./notification.ts";
import type { People } from "./people.ts";
import { cut, given, idOf, instantOf, joined, nameOf, type Reading, type Said } from "./reading.ts";
import { bodyOf, stableOf } from "./stable.ts";
import { secondsOf } from "./timer.ts";

/** A message and what it is read with. */
export interface Seen {
  readonly msg: WebMessage;
  readonly fields: Fields;
  readonly people: People;
  /** Milliseconds of the page's clock; left out of what was not seen as it came. */
  readonly at?: number;
}

export function seen(msg: WebMessage, people: People, at?: number): Seen {
  return { msg, fields: fieldsOf(msg), people, ...given("at", at) };
}

/** Who, to whom, where and when, as a message tells it. */
export function baseOf({ msg, fields, people, at }: Seen) {
  const remote = widOf(msg.id.remote);
  const told = fields.author ?? widOf(msg.id.participant) ?? fields.from;
  const isOwn = msg.id.fromMe || people.isOwn(told);
  const sender = isOwn ? people.own : told === undefined ? undefined : people.party(told);
  const conversation = people.conversation(remote);
  return {
    ...placeOf({ conversation, sender, isOwn }, people),
    ...given("sentAt", instantOf(fields.t && fields.t * 1_000)),
    ...given("receivedAt", instantOf(at)),
  };
}

/** The same fields of what is about a message, by whoever did it. */
export function placeOf(
  by: Pick<Reading, "conversation" | "sender"> & { readonly isOwn: boolean },
  people: People,
): Pick<Reading, "conversation" | "sender" | "recipients" | "direction"> {
  const { conversation, sender, isOwn } = by;
  return {
    direction: isOwn ? "outgoing" : "incoming",
    ...given("sender", sender),
    ...given("conversation", conversation),
    ...given("recipients", people.recipients(conversation, sender)),
  };
}

/** What a message says. One that had been edited before it was first seen is followed by a gap: its first text is missing. */
export function readMessage(it: Seen): Reading[] {
  const { msg, fields, people } = it;
  const base = baseOf(it);
  const id = msg.id._serialized;
  if (msg.type === "ciphertext") return [{ ...base, ...unread(it) }];
  const by = byOf(it);
  const said = saidOf(fields, people) ?? readNotification(fields, by, people) ?? unknownOf(fields);
  const media = mediaOf(id, fields);
  const whole: Reading = {
    ...base,
    ...linksOf(fields),
    ...said,
    networkId: idOf(msg.id.id),
    id: `message:${id}`,
    stable: stableOf(msg, fields),
    ...given("media", media),
  };
  return isEdited(fields) ? [whole, { ...base, ...editedBefore(it) }] : [whole];
}

/** Who did what a notification tells of; in a conversation of two it is about the other, unless it is ours. */
function byOf({ msg, fields, people }: Seen): string | undefined {
  const remote = widOf(msg.id.remote);
  const told = fields.author ?? widOf(msg.id.participant);
  if (told !== undefined) return told;
  if (msg.id.fromMe) return people.own.id;
  return people.conversation(remote)?.kind === "direct" ? remote : undefined;
}

function saidOf(fields: Fields, people: People): Said | undefined {
  const words = wordsOf(fields, people);
  return words && { kind: "message", ...words };
}

/** What a message says of others, and how long it stays. */
function linksOf(fields: Fields) {
  const { isForwarded, forwardingScore, quotedStanzaID, ephemeralDuration, isViewOnce } = fields;
  const expires = secondsOf(ephemeralDuration);
  return {
    ...(quotedStanzaID && { replyTo: idOf(quotedStanzaID) }),
    ...((isForwarded || (forwardingScore ?? 0) > 0) && { forwarded: true }),
    ...(expires !== undefined && expires > 0 && { expiresAfterSeconds: expires }),
    ...(isViewOnce && { viewOnce: true }),
  };
}

/** Whatever WhatsApp comes to send: its bytes are kept, and its words where they are where words are. */
function unknownOf(fields: Fields): Said {
  const { type, subtype, futureproofType } = fields;
  const kind = [type, subtype, futureproofType].filter(Boolean).join("/");
  const words = bodyOf(fields);
  return {
    kind: words || fields.directPath ? "message" : "notice",
    text: joined(
      [`A WhatsApp message of a kind that Daybook does not know: ${nameOf(kind).slice(0, 256)}`, words],
      "\n",
    ),
  };
}

export function isEdited(fields: Fields): boolean {
  return Boolean(fields.latestEditMsgKey ?? fields.latestEditSenderTimestampMs);
}

const ON_THE_PHONE: Readonly<Record<string, string>> = {
  view_once_unavailable_fanout:
    "A message to be viewed once came: WhatsApp shows what it says on the phone alone",
  hosted_unavailable_fanout:
    "A message of a business came that WhatsApp does not hand to linked devices: what it says is on the phone alone",
  bot_unavailable_fanout:
    "A message of or to an assistant came that WhatsApp does not hand to linked devices: what it says is on the phone alone",
};

/** It came and cannot be read: by this device never, or not yet. */
function unread({ msg, fields }: Seen): Pick<Reading, "kind" | "gap" | "id" | "stable" | "viewOnce"> {
  const subtype = fields.subtype ?? "";
  const at = instantOf(fields.t && fields.t * 1_000);
  const never = Object.hasOwn(ON_THE_PHONE, subtype)
    ? ON_THE_PHONE[subtype]
    : subtype.endsWith("_unavailable_fanout")
      ? "A message came that WhatsApp does not hand to linked devices: what it says is on the phone alone"
      : undefined;
  const id = msg.id._serialized;
  return {
    kind: "gap",
    id: `ciphertext:${id}`,
    stable: ["ciphertext", id, subtype],
    ...(subtype.startsWith("view_once") && { viewOnce: true }),
    gap: {
      why: never ?? "A message came and could not be decrypted: WhatsApp asks the phone for it",
      about: idOf(msg.id.id),
      ...(at !== undefined && { from: at, to: at }),
    },
  };
}

/** What it said before an edit is missing. */
export function editedBefore({ msg }: Seen): Pick<Reading, "kind" | "gap" | "id" | "stable"> {
  const id = msg.id._serialized;
  return {
    kind: "gap",
    id: `edited-before:${id}`,
    stable: ["edited-before", id],
    gap: {
      why: "The message had been edited when it was first seen: what it said before, this link did not see",
      about: idOf(msg.id.id),
    },
  };
}

/** A message that came as one nobody could read, and can be read now. */
export function readDecrypted(it: Seen): Reading[] {
  const base = baseOf(it);
  const id = it.msg.id._serialized;
  return [
    ...readMessage(it),
    {
      ...base,
      kind: "notice",
      id: `recovered:${id}`,
      stable: ["recovered", id],
      target: idOf(it.msg.id.id),
      text: cut("A message that could not be decrypted is recorded now: its gap is closed"),
    },
  ];
}
