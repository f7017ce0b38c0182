import type { PagePort } from "../page-port.ts";
import { askAgain, chats, found, loadBack, noteFound } from "./look.ts";
import { Remembered } from "./remembered.ts";
import { closeMedia, openMedia, sliceOfMedia } from "./media.ts";
import { missingModules } from "./probe.ts";
import { Queue } from "./queue.ts";
import { Watch } from "./watch.ts";
import { load, type Wid } from "./whatsapp.ts";

/**
 * What whatsapp-web.js would tell of each message, and nobody hears: the queue has it. It calls what is there already, and
 * makes none of its own.
 */
const UNHEARD = [
  "onAddMessageEvent",
  "onAddMessageCiphertextEvent",
  "onArchiveChatEvent",
  "onBatteryStateChangedEvent",
  "onChangeMessageEvent",
  "onChangeMessageTypeEvent",
  "onChatUnreadCountEvent",
  "onCiphertextFailedEvent",
  "onEditMessageEvent",
  "onIncomingCall",
  "onMessageAckEvent",
  "onMessageMediaUploadedEvent",
  "onPollVoteEvent",
  "onReaction",
  "onRemoveChatEvent",
  "onRemoveMessageEvent",
];

function version(): string {
  return (window as unknown as { Debug?: { VERSION?: string } }).Debug?.VERSION ?? "";
}

/** Begins to watch, before anything of WhatsApp's is loaded. */
export function begin(): void {
  if (window !== window.top) return;
  const queue = new Queue();
  const remembered = new Remembered();
  const watch = new Watch(queue, remembered);
  watch.begin();
  const page: PagePort = {
    take: (most, mostCharacters, waitMs) => queue.take(most, mostCharacters, waitMs),
    done: (places) => queue.done(places),
    health() {
      const { Socket } = load<{ Socket: { state?: string; hasSynced?: boolean } }>("WAWebSocketModel");
      return {
        state: Socket.state ?? "",
        hasSynced: Socket.hasSynced === true,
        version: version(),
        since: performance.timeOrigin,
        unkept: queue.unkept,
        watched: watch.watched,
        lastAt: watch.lastAt,
      };
    },
    version,
    missingModules,
    me() {
      const { getMaybeMePnUser, getMaybeMeLidUser } =
        load<Record<string, () => Wid | undefined>>("WAWebUserPrefsMeUser");
      const { Conn } = load<{ Conn: { pushname?: string } }>("WAWebConnModel");
      const [pn, lid] = [getMaybeMePnUser?.()?._serialized, getMaybeMeLidUser?.()?._serialized];
      return {
        ...(pn !== undefined && { pn }),
        ...(lid !== undefined && { lid }),
        name: Conn.pushname ?? "",
      };
    },
    sayReady() {
      const { onAppStateHasSyncedEvent } = window as unknown as { onAppStateHasSyncedEvent?: () => void };
      onAppStateHasSyncedEvent?.();
    },
    refreshCode: () => load<{ Cmd: { refreshQR(): void } }>("WAWebCmd").Cmd.refreshQR(),
    ...{ chats, loadBack, askAgain },
    found: (chat, from, most) => found(chat, from, most, watch.outgoing),
    forgotten: (from, most) => remembered.forgotten(from, most),
    note: (ids) => noteFound(ids, queue, watch.outgoing),
    mark: (mark) => queue.put({ what: "mark", at: Date.now(), mark }),
    newMessageId: () => watch.outgoing.newId(),
    send: (chat, text, id, withinMs) => watch.outgoing.send(chat, text, id, withinMs),
    ...{ openMedia, sliceOfMedia, closeMedia },
  };
  for (const name of UNHEARD) Object.defineProperty(window, name, { value: () => undefined });
  Object.defineProperty(window, "daybook", { value: page });
}
