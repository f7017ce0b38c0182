import { titleOf } from "./about.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Queue } from "./queue.ts";
import { messageSeen } from "./seen.ts";
import { type ChatModel, type Collections, load, type MessageModel } from "./whatsapp.ts";

/** Chats and when something last happened in them, seconds since 1970; newest first. */
export function chats(): { id: string; title: string; t: number }[] {
  return load<Collections>("WAWebCollections")
    .Chat.getModelsArray()
    .map((chat) => ({ id: chat.id._serialized, title: titleOf(chat), t: chat.t ?? 0 }))
    .sort((a, b) => b.t - a.t);
}

/**
 * Loads a chat's messages until there are as many, or no more come.
 *
 * @returns how many there are, and whether the chat's beginning, as far as this device has it, was reached
 */
export async function loadBack(chatId: string, least: number): Promise<{ loaded: number; isAll: boolean }> {
  const chat = chatOf(chatId);
  const { loadEarlierMsgs } = load<{
    readonly loadEarlierMsgs: (of: { chat: ChatModel }) => Promise<readonly MessageModel[] | undefined>;
  }>("WAWebChatLoadMessages");
  for (;;) {
    const loaded = chat.msgs.getModelsArray().length;
    if (loaded >= least) return { loaded, isAll: false };
    const more = await loadEarlierMsgs({ chat });
    if (!more || more.length === 0) return { loaded, isAll: true };
  }
}

/** Messages of a chat as observations, newest first, `from` so many before the last. */
export function found(chatId: string, from: number, most: number, outgoing: Outgoing): string[] {
  // Of one second, the last is the newest.
  return chatOf(chatId)
    .msgs.getModelsArray()
    .filter((msg) => !outgoing.withholds(msg))
    .toReversed()
    .sort((a, b) => (b.t ?? 0) - (a.t ?? 0))
    .slice(from, from + most)
    .map((msg) => JSON.stringify(messageSeen(msg, "found")));
}

/**
 * Puts messages into the queue as they are now, in order: what was read of them before may have changed since. One that is
 * gone meanwhile is told of too: nothing passes in silence.
 */
export async function noteFound(ids: readonly string[], queue: Queue, outgoing: Outgoing): Promise<void> {
  const { Msg } = load<Collections>("WAWebCollections");
  const away = ids.filter((id) => !Msg.get(id));
  const looked = away.length > 0 ? await Msg.getMessagesById(away).catch(() => undefined) : undefined;
  const kept = new Map((looked?.messages ?? []).map((msg) => [msg.id._serialized, msg]));
  for (const id of ids) {
    const msg = Msg.get(id) ?? kept.get(id);
    if (!msg) queue.put({ what: "failed", at: Date.now(), part: "found" });
    else if (!outgoing.withholds(msg)) queue.put(messageSeen(msg, "found"));
  }
}

/** Asks the phone for the messages that could not be decrypted. @returns how many there are */
export function askAgain(): number {
  const waiting = load<Collections>("WAWebCollections")
    .Msg.getModelsArray()
    .filter(({ type, subtype }) => type === "ciphertext" && !subtype?.endsWith("_unavailable_fanout"));
  if (waiting.length === 0) return 0;
  load<{ handlePlaceholderMsgsSeen(of: readonly MessageModel[], now: boolean): void }>(
    "WAWebNonMessageDataRequestPlaceholderMessageResendUtils",
  ).handlePlaceholderMsgsSeen(waiting, true);
  return waiting.length;
}

function chatOf(id: string): ChatModel {
  const chat = load<Collections>("WAWebCollections").Chat.get(id);
  if (!chat) throw new RangeError("there is no such chat");
  return chat;
}
