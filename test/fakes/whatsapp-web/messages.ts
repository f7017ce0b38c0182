// Messages of every type that WhatsApp Web shows, as its models have them.
import { randomBytes } from "node:crypto";
import type { MediaFields } from "./media.ts";
import type { WireEvent, WireMessage } from "./wire.ts";

/** Who a fake account is, unless a test says otherwise. */
export const ME = { phone: "15550001000@c.us", lid: "990001000@lid", pushname: "Archive Desk" } as const;

/** Where a message stands. Without `chat` it is in the direct chat with `from`. */
export interface Place {
  /** `…@c.us` or `…@lid`: a direct chat; `…@g.us`: a group. */
  readonly chat?: string;
  /** Who wrote it; the account itself, with `fromMe`. */
  readonly from?: string;
  readonly fromMe?: boolean;
  /** WhatsApp's id of it; a fresh one else. */
  readonly id?: string;
  /** Seconds since 1970; now else. */
  readonly t?: number;
  /** The account's own number, where the server has another than `ME`. */
  readonly me?: string;
}

export type MessageEvent = Extract<WireEvent, { op: "message" }>;
type Fields = Readonly<Record<string, unknown>>;

/** A fresh id, as phones make them. */
export const newId = () => `A5${randomBytes(15).toString("hex").toUpperCase()}`;

/** A message of any type: `fields` are those of WhatsApp Web's model. */
export function message(place: Place, fields: Fields & { type: string }): MessageEvent {
  const { fromMe = false, id = newId(), t = Math.floor(Date.now() / 1000), me = ME.phone } = place;
  const by = fromMe ? me : place.from;
  const chat = place.chat ?? by;
  if (chat === undefined || (fromMe && place.chat === undefined)) throw new Error("a message needs a chat");
  const isGroup = chat.endsWith("@g.us");
  const author = isGroup && by !== undefined ? { author: by } : {};
  const key = { fromMe, remote: chat, id, ...(isGroup && by !== undefined && { participant: by }) };
  const [from, to] = fromMe ? [me, chat] : [chat, me];
  return { op: "message", message: { ...fields, id: key, t, from, to, ...author } satisfies WireMessage };
}

export const text = (place: Place, body: string, fields: Fields = {}) =>
  message(place, { ...fields, type: "chat", body });

/** A photo, film, voice message, document or sticker: `media` is what `MediaStore.add` answers. */
export const attachment = (place: Place, media: MediaFields, fields: Fields = {}) =>
  message(place, { ...media, ...fields });

export const location = (place: Place, at: { lat: number; lng: number; loc?: string }) =>
  message(place, { ...at, type: "location", body: "" });

export const vcard = (place: Place, card: string, name: string) =>
  message(place, { type: "vcard", body: card, vcardFormattedName: name });

export const poll = (place: Place, question: string, options: readonly string[]) =>
  message(place, {
    type: "poll_creation",
    body: "",
    pollName: question,
    pollOptions: options.map((name, localId) => ({ name, localId })),
    pollSelectableOptionsCount: 0,
  });

/** What a `gp2` message says happened to a group. */
export type GroupChange =
  | "add"
  | "invite"
  | "remove"
  | "leave"
  | "promote"
  | "demote"
  | "subject"
  | "description"
  | "announce"
  | "ephemeral"
  | "modify";

/**
 * A change of a group: who (`place.from`) did what to whom.
 *
 * @param body the new subject or description, `on` or `off` of `announce`, seconds of `ephemeral`
 */
export const groupChange = (
  place: Place & { chat: string },
  subtype: GroupChange,
  { recipients = [], body = "" }: { recipients?: readonly string[]; body?: string } = {},
) => message(place, { type: "gp2", subtype, recipients, body });

/** The timer of a direct chat, seconds; 0 is none. */
export const timer = (place: Place, seconds: number) =>
  message(place, { type: "notification_template", subtype: "disappearing_mode", ephemeralDuration: seconds });

/** A person has another number: `place.from` is the old one. */
export const numberChange = (place: Place, to: string) =>
  message(place, {
    type: "notification_template",
    subtype: "change_number",
    templateParams: [place.from, to],
  });

/** Somebody's keys are others than before. */
export const securityChange = (place: Place) =>
  message(place, { type: "e2e_notification", subtype: "identity", body: "" });

export const callLog = (place: Place, { isVideo = false, outcome = "Missed" } = {}) =>
  message(place, { type: "call_log", isVideoCall: isVideo, callOutcome: outcome });

/** What cannot be read yet, or never: with `view_once_unavailable_fanout`, only the phone has it. */
export const ciphertext = (place: Place, subtype?: string) =>
  message(place, { type: "ciphertext", ...(subtype !== undefined && { subtype }) });

export const protocol = (place: Place, subtype: string) => message(place, { type: "protocol", subtype });
