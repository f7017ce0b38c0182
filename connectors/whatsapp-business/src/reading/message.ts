import type { Party } from "@daybook/contract";
import { saidIn } from "./content.ts";
import { reasonOf } from "./errors.ts";
import type { People, Who } from "./people.ts";
import { idOf, instantOf, nameOf, type Reading, textOf } from "./reading.ts";
import type { Message } from "./schema.ts";

/** Whose messages they are. */
export interface Own {
  readonly party: Party;
  readonly account: string;
}

/** Where a message came from within a webhook. */
export type Way =
  | "incoming"
  /** Written on the phone that has the number too. */
  | "echo"
  | { /** Whose chat it is from. */ readonly thread: string };

/** The other person, as far as they are told. */
function otherOf(message: Message, way: Way, isOwn: boolean): Who {
  if (typeof way === "object" && way.thread !== "") return phoneOrUser(way.thread);
  return isOwn
    ? { phone: message.to, user: message.to_user_id }
    : { phone: message.from, user: message.from_user_id };
}

function phoneOrUser(id: string): Who {
  return /^\+?\d+$/.test(id) ? { phone: id } : { user: id };
}

/** What a message says: one event, and one more where somebody is seen under an id for the first time. */
export function readMessage(message: Message, way: Way, people: People, own: Own): Reading[] {
  const isOwn = way === "echo" || (way !== "incoming" && isFromUs(message, own));
  const other = otherOf(message, way, isOwn);
  const met = people.meet(other);
  const conversation = message.group_id === undefined ? people.direct(other) : people.group(message.group_id);
  const sentAt = instantOf(message.timestamp);
  const base = {
    direction: isOwn ? ("outgoing" as const) : ("incoming" as const),
    ...(isOwn ? { sender: own.party } : met && { sender: met.party }),
    ...(isOwn && met ? { recipients: [met.party] } : !isOwn && { recipients: [own.party] }),
    ...(conversation && { conversation }),
    ...(sentAt !== undefined && { sentAt }),
    networkId: idOf(message.id),
  };
  if (!isOwn && way === "incoming" && conversation) people.opens(conversation.id, sentAt);
  const readings: Reading[] = [{ ...base, ...whatOf(message) }];
  const seen = met?.observed ? people.observation(other) : undefined;
  if (seen) readings.push({ ...seen, ...(sentAt !== undefined && { sentAt }), observation: "seen" });
  return readings;
}

function isFromUs(message: Message, own: Own): boolean {
  return message.history_context?.from_me ?? message.from?.replace(/^\+/, "") === own.party.id;
}

function whatOf(message: Message): Reading {
  const { type, context, errors } = message;
  const replyTo = context?.id === undefined ? undefined : idOf(context.id);
  const forwarded = context?.forwarded === true || context?.frequently_forwarded === true;
  const linked = { ...(replyTo !== undefined && { replyTo }), ...(forwarded && { forwarded }) };
  if (message.reaction && type === "reaction") {
    const { message_id: about, emoji } = message.reaction;
    return { kind: "reaction", target: idOf(about), text: (emoji ?? "").slice(0, 64) };
  }
  if (message.edit && type === "edit") {
    const said = message.edit.message ? saidIn(message.edit.message) : undefined;
    return { kind: "edit", target: idOf(message.edit.original_message_id), ...said };
  }
  if (message.revoke && type === "revoke")
    return { kind: "delete", target: idOf(message.revoke.original_message_id) };
  if (message.system && type === "system") {
    const { type: what, body, wa_id: phone, user_id: user } = message.system;
    const now = [phone && `number ${phone}`, user && `user id ${user}`].filter(Boolean).join(", ");
    const text = textOf(`${body ?? what ?? "A change of the system"}${now === "" ? "" : ` (now ${now})`}`);
    return { kind: what?.startsWith("user_changed_") ? "identity" : "notice", text };
  }
  if (type === "media_placeholder")
    return missing(message, "WhatsApp tells of a medium alone: it follows, if it is less than 14 days old");
  if (type === "unsupported" || message.unsupported)
    return missing(
      message,
      `${reasonOf(errors) ?? "WhatsApp does not hand over this message"} [${message.unsupported?.type ?? "no type"}]`,
    );
  const said = saidIn(message);
  if (said) return { kind: "message", ...linked, ...said };
  if (errors && errors.length > 0)
    return missing(message, reasonOf(errors) ?? "WhatsApp does not hand over this message");
  return {
    kind: "notice",
    ...linked,
    text: `A message of a type that this version cannot read: ${nameOf(type).slice(0, 100)}`,
  };
}

function missing({ id, timestamp }: Message, why: string): Reading {
  const at = instantOf(timestamp);
  return {
    kind: "gap",
    gap: { why: why.slice(0, 1_024), about: idOf(id), ...(at !== undefined && { from: at, to: at }) },
  };
}
