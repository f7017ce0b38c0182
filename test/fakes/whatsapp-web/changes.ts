// What happens to messages, chats and calls after, or without, a message.
import { ME, type MessageEvent, newId } from "./messages.ts";
import type { WireCall, WireChat, WireEvent, WireKey } from "./wire.ts";

type Of<Op extends WireEvent["op"]> = Extract<WireEvent, { op: Op }>;
/** A message, or the key of one. */
type About = MessageEvent | WireKey;

export const keyOf = (about: About): WireKey => ("op" in about ? about.message.id : about);

/** @param at when, milliseconds since 1970 */
export function edit(about: About, text: string, at = Date.now()): Of<"edit"> {
  const key = keyOf(about);
  return { op: "edit", key, text, at, editKey: { ...key, id: newId() } };
}

/** Deleted for everyone: by who wrote it, or by an administrator of its group. */
export function revoke(about: About, by: "sender" | "admin" = "sender", at = Date.now()): Of<"revoke"> {
  return { op: "revoke", key: keyOf(about), by, at };
}

export const deleteForMe = (about: About): Of<"deleteForMe"> => ({ op: "deleteForMe", key: keyOf(about) });

/** -1 error, 0 pending, 1 server, 2 device, 3 read, 4 played. */
export const ack = (about: About, level: number): Of<"ack"> => ({
  op: "ack",
  key: keyOf(about),
  ack: level,
});

function addonKey(parent: WireKey, by: string): WireKey {
  const participant = parent.participant === undefined ? {} : { participant: by };
  return { fromMe: by === ME.phone || by === ME.lid, remote: parent.remote, id: newId(), ...participant };
}

/** An empty text takes the reaction back. */
export function reaction(about: About, by: string, text: string, at = Date.now()): Of<"reaction"> {
  const parent = keyOf(about);
  return { op: "reaction", key: addonKey(parent, by), parent, by, text, at };
}

/** @param selected places of all the options that are chosen now */
export function vote(about: About, by: string, selected: readonly number[], at = Date.now()): Of<"vote"> {
  const parent = keyOf(about);
  return { op: "vote", key: addonKey(parent, by), parent, by, selected, at };
}

/** A ciphertext can be read at last: `attributes` hold at least the true type. */
export function decrypt(
  about: About,
  attributes: Readonly<Record<string, unknown>> & { type: string },
): Of<"decrypt"> {
  return { op: "decrypt", key: keyOf(about), attributes };
}

/** How far the page is with an attachment: `NEED_POKE`, `REUPLOADING`, `FETCHING`, `RESOLVED`, `ERROR_UNKNOWN`. */
export const mediaStage = (about: About, stage: string): Of<"mediaStage"> => ({
  op: "mediaStage",
  key: keyOf(about),
  stage,
});

export const call = (from: string, about: Partial<WireCall> = {}): Of<"call"> => ({
  op: "call",
  call: {
    id: newId(),
    peerJid: from,
    isVideo: false,
    isGroup: false,
    outgoing: false,
    participants: [],
    ...about,
  },
});

/** A chat is new, or is archived, renamed, unread, or has other members. */
export const chat = (is: WireChat): Of<"chat"> => ({ op: "chat", chat: is });

export const chatRemoved = (id: string): Of<"chatRemoved"> => ({ op: "chatRemoved", id });
