import type { Sent } from "../page-port.ts";
import { type ChatModel, type Collections, type Key, load, type MessageModel, type Wid } from "./whatsapp.ts";

interface Library {
  getChat(id: string, how: { getAsModel: false }): Promise<ChatModel | null | undefined>;
  sendMessage(chat: ChatModel, text: string, options: { extraOptions: { id: Key } }): Promise<unknown>;
}

/**
 * Texts that Daybook sends. Each is told of once WhatsApp has answered, so that no record says of a message that was not sent
 * that it was.
 */
export class Outgoing {
  readonly #tell: (msg: MessageModel) => void;
  /** By serialized id: whoever waits for the answer. */
  readonly #waiting = new Map<string, () => void>();

  /** @param tell of a message, as of one that came */
  constructor(tell: (msg: MessageModel) => void) {
    this.#tell = tell;
  }

  /** It is not to be told of yet. */
  withholds({ id }: MessageModel): boolean {
    return this.#waiting.has(id._serialized);
  }

  /** WhatsApp has answered, or will not. */
  answered(msg: MessageModel): void {
    const { _serialized } = msg.id;
    const answered = this.#waiting.get(_serialized);
    if (!answered) return;
    this.#waiting.delete(_serialized);
    this.#tell(msg);
    answered();
  }

  /** An id that no message has, as WhatsApp Web makes them; null while nothing can be sent. */
  async newId(): Promise<string | null> {
    const { Socket } = load<{ Socket: { state?: string; hasSynced?: boolean } }>("WAWebSocketModel");
    if (Socket.state !== "CONNECTED" || Socket.hasSynced !== true || !library()) return null;
    return load<{ newId(): Promise<string> }>("WAWebMsgKey").newId();
  }

  /** Sends a text under an id of `newId`. Resolves once it is told of, answered or not. */
  async send(chatId: string, text: string, id: string, withinMs: number): Promise<Sent> {
    const chat = await library()?.getChat(chatId, { getAsModel: false });
    if (!chat) return "no-chat";
    const key = keyIn(chat, id);
    const find = () => load<Collections>("WAWebCollections").Msg.get(key._serialized);
    const answered = new Promise<void>((resolve) => this.#waiting.set(key._serialized, resolve));
    const late = new Promise((resolve) => setTimeout(resolve, withinMs));
    const failed = library()
      ?.sendMessage(chat, text, { extraOptions: { id: key } })
      .then(
        () => answered,
        // Where it got as far as to be shown, WhatsApp may still answer.
        () => (find() ? answered : undefined),
      );
    await Promise.race([failed, late]);
    const msg = find();
    if (msg) this.answered(msg);
    this.#waiting.delete(key._serialized);
    return msg ? "told" : "not-sent";
  }
}

/** As the library makes a message's key, but for the id. */
function keyIn(chat: ChatModel, id: string): Key {
  const { getMaybeMePnUser, getMaybeMeLidUser } =
    load<Record<"getMaybeMePnUser" | "getMaybeMeLidUser", () => Wid | undefined>>("WAWebUserPrefsMeUser");
  const isGroup = chat.id.server === "g.us";
  const isHidden = isGroup ? chat.groupMetadata?.isLidAddressingMode === true : chat.id.server === "lid";
  const from = isHidden ? getMaybeMeLidUser() : getMaybeMePnUser();
  const MsgKey = load<new (of: object) => Key>("WAWebMsgKey");
  return new MsgKey({ from, to: chat.id, id, selfDir: "out", ...(isGroup && { participant: from }) });
}

function library(): Library | undefined {
  return (window as unknown as { WWebJS?: Library }).WWebJS;
}
