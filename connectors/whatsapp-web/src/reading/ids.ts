import { idOf } from "./reading.ts";

/** A key of a message, as far as it is told. */
export interface KeyRef {
  readonly serialized: string;
  /** The part that is the same for every account that sees the message. */
  readonly id: string;
}

/** Of a person, group or channel: WhatsApp Web writes them as objects or as strings. */
export function widOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : idOf(value);
  if (typeof value !== "object" || value === null) return undefined;
  const { _serialized: serialized, user, server } = value as Record<string, unknown>;
  if (typeof serialized === "string" && serialized !== "") return idOf(serialized);
  if (typeof user !== "string" || typeof server !== "string" || user === "") return undefined;
  return idOf(`${user}@${server}`);
}

/** `fromMe_chat_id[_participant]`: chats and people have no `_` in their ids. */
const SERIALIZED = /^(?:true|false)_[^_]*_([^_]+)(?:_.*)?$/s;

/** A key as an object or as a string. */
export function keyOf(value: unknown): KeyRef | undefined {
  if (typeof value === "string") {
    const id = SERIALIZED.exec(value)?.[1] ?? value;
    return value === "" ? undefined : { serialized: value, id: idOf(id) };
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { _serialized: serialized, id } = value as Record<string, unknown>;
  if (typeof serialized !== "string" || serialized === "") {
    return typeof id === "string" && id !== "" ? { serialized: id, id: idOf(id) } : undefined;
  }
  return typeof id === "string" && id !== "" ? { serialized, id: idOf(id) } : keyOf(serialized);
}

/** What stands before the `@`: a number, or the digits of a `@lid`. */
export function userOf(wid: string): string {
  return wid.replace(/[@:].*$/s, "");
}

/** What kind of conversation has that id. */
export function kindOf(chat: string): "direct" | "group" | "channel" | "unknown" {
  if (chat.endsWith("@g.us")) return "group";
  if (chat.endsWith("@newsletter") || chat === "status@broadcast") return "channel";
  return /@(?:c\.us|s\.whatsapp\.net|lid|hosted|hosted\.lid|bot)$/.test(chat) ? "direct" : "unknown";
}
