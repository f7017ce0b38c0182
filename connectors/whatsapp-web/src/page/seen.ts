import { aboutMessage } from "./about.ts";
import { type Key, type MessageModel, textOf } from "./whatsapp.ts";

/** A message, as WhatsApp writes it out itself. */
export function messageSeen(msg: MessageModel, how: "came" | "found"): object {
  return { what: "message", how, ...seen(msg) };
}

export function seen(msg: MessageModel): object {
  return { ...aboutMessage(msg), msg: { ...msg.serialize(), id: keyOf(msg.id) } };
}

export function keyOf({ _serialized, fromMe, id, remote, participant }: Key): object {
  return {
    _serialized,
    fromMe,
    id,
    remote: textOf(remote),
    ...(participant !== undefined && { participant: textOf(participant) }),
  };
}
