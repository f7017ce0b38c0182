import { ME } from "./messages.ts";
import type { GroupChange } from "./messages.ts";
import {
  type NumberedEvent,
  type People,
  serialized,
  type WireChat,
  type WireEvent,
  type WireKey,
  type WireMessage,
  type WirePerson,
} from "./wire.ts";

type Members = NonNullable<WireChat["participants"]>;

/** One account at WhatsApp: what its pages can load again, and what they have not received yet. */
export class Account {
  /** What a linked page proves itself with; undefined: no page is linked. */
  creds: string | undefined;
  readonly me: string;
  readonly lid: string;
  readonly pushname: string;
  readonly #chats = new Map<string, WireChat>();
  readonly #people = new Map<string, WirePerson>();
  readonly #phones = new Map<string, string>();
  readonly #messages = new Map<string, WireMessage>();
  /** Serialized keys of a chat's messages, oldest first. */
  readonly #order = new Map<string, string[]>();
  readonly #onPhone = new Map<string, WireMessage[]>();
  readonly #unreceived = new Map<number, WireEvent>();
  #last = 0;

  constructor({
    me = ME.phone,
    lid = ME.lid,
    pushname = ME.pushname,
  }: Partial<Record<"me" | "lid" | "pushname", string>> = {}) {
    this.me = me;
    this.lid = lid;
    this.pushname = pushname;
  }

  /** Lets an event happen: the account has it, and keeps it for its pages until one received it. */
  occur(event: WireEvent): NumberedEvent {
    const whole = event.op === "revoke" ? this.#withPlaceholder(event) : event;
    this.#apply(whole);
    this.#last += 1;
    this.#unreceived.set(this.#last, whole);
    return { n: this.#last, event: whole };
  }

  received(ns: readonly number[]): void {
    for (const n of ns) this.#unreceived.delete(n);
  }

  get unreceived(): NumberedEvent[] {
    return [...this.#unreceived].map(([n, event]) => ({ n, event }));
  }

  get chats(): WireChat[] {
    return [...this.#chats.values()];
  }

  get people(): People {
    return { contacts: [...this.#people.values()], mapping: [...this.#phones] };
  }

  know({ contacts = [], mapping = [] }: Partial<People>): void {
    for (const person of contacts) this.#people.set(person.id, { ...this.#people.get(person.id), ...person });
    for (const [lid, phone] of mapping) this.#phones.set(lid, phone);
  }

  /** Has messages that its pages were told of long ago: they come only to who asks for older ones. */
  remember(messages: Iterable<WireMessage>): void {
    for (const message of messages) this.#keep(message);
  }

  /** Has messages on the phone alone, until a page asks for the chat's history. */
  rememberOnPhone(messages: readonly WireMessage[]): void {
    for (const message of messages) {
      const chat = message.id.remote;
      this.#onPhone.set(chat, [...(this.#onPhone.get(chat) ?? []), message]);
      this.#chats.set(chat, { ...this.#chats.get(chat), id: chat });
    }
  }

  /** The phone hands over what it alone had of a chat. */
  syncFromPhone(chat: string): void {
    this.remember(this.#onPhone.get(chat) ?? []);
    this.#onPhone.delete(chat);
  }

  /** Up to `limit` messages of a chat right before one of them, or its newest; oldest first. */
  earlier(chat: string, before: string | undefined, limit: number): WireMessage[] {
    const order = this.#order.get(chat) ?? [];
    const end = before === undefined ? order.length : Math.max(order.indexOf(before), 0);
    return this.lookUp(order.slice(Math.max(0, end - limit), end));
  }

  /** Those of some messages that the account has. */
  lookUp(ids: readonly string[]): WireMessage[] {
    return ids.map((id) => this.#messages.get(id)).filter((message) => message !== undefined);
  }

  /** A deleted message that never came is shown as one that was there. */
  #withPlaceholder(event: Extract<WireEvent, { op: "revoke" }>): WireEvent {
    const { key } = event;
    if (this.#messages.has(serialized(key))) return event;
    const [from, to] = key.fromMe ? [this.me, key.remote] : [key.remote, this.me];
    const author = key.participant === undefined ? {} : { author: key.participant };
    const about = { id: key, from, to, ...author, t: Math.floor(event.at / 1000), body: "" };
    return { ...event, placeholder: { ...about, type: "revoked" } };
  }

  #apply(event: WireEvent): void {
    if (event.op === "message") this.#keep(event.message);
    else if (event.op === "edit") this.#change(event.key, (m) => edited(m, event));
    else if (event.op === "revoke") {
      if (event.placeholder) this.#keep(event.placeholder);
      const about = { protocolMessageKey: event.key, revokeTimestamp: Math.floor(event.at / 1000) };
      this.#change(event.key, ({ caption: _caption, directPath: _path, ...rest }) => ({
        ...rest,
        ...about,
        type: "revoked",
        subtype: event.by,
        body: "",
      }));
    } else if (event.op === "deleteForMe") this.#drop(event.key);
    else if (event.op === "ack") this.#change(event.key, (m) => ({ ...m, ack: event.ack }));
    else if (event.op === "decrypt") this.#change(event.key, (m) => ({ ...m, ...event.attributes }));
    else if (event.op === "mediaStage")
      this.#change(event.key, (m) => ({ ...m, mediaFault: faultIn(event.stage) }));
    else if (event.op === "chat")
      this.#chats.set(event.chat.id, { ...this.#chats.get(event.chat.id), ...event.chat });
    else if (event.op === "chatRemoved") {
      for (const id of this.#order.get(event.id) ?? []) this.#messages.delete(id);
      this.#order.delete(event.id);
      this.#chats.delete(event.id);
    }
  }

  #keep(message: WireMessage): void {
    const id = serialized(message.id);
    if (this.#messages.has(id)) return;
    const chat = message.id.remote;
    this.#messages.set(id, message);
    const order = this.#order.get(chat) ?? [];
    this.#order.set(chat, order);
    let at = order.length;
    while (at > 0 && this.#messages.get(order[at - 1]!)!.t > message.t) at -= 1;
    order.splice(at, 0, id);
    const known = this.#chats.get(chat);
    this.#chats.set(chat, regrouped({ ...known, id: chat, t: Math.max(known?.t ?? 0, message.t) }, message));
  }

  #change(key: WireKey, change: (message: WireMessage) => WireMessage): void {
    const id = serialized(key);
    const message = this.#messages.get(id);
    if (message) this.#messages.set(id, change(message));
  }

  #drop(key: WireKey): void {
    const id = serialized(key);
    this.#messages.delete(id);
    const order = this.#order.get(key.remote) ?? [];
    this.#order.set(
      key.remote,
      order.filter((one) => one !== id),
    );
  }
}

const faultIn = (stage: string) => (stage === "NEED_POKE" || stage === "RESOLVED" ? undefined : stage);

const edited = (
  message: WireMessage,
  { text, at, editKey }: Extract<WireEvent, { op: "edit" }>,
): WireMessage => ({
  ...message,
  ...(message.directPath === undefined ? { body: text } : { caption: text }),
  latestEditMsgKey: editKey,
  latestEditSenderTimestampMs: at,
});

/** A group, after what a `gp2` message says of it. */
function regrouped(chat: WireChat, message: WireMessage): WireChat {
  if (message.type !== "gp2") return chat;
  const change = message.subtype as GroupChange;
  const whom = message.recipients as readonly string[];
  const others = (chat.participants ?? []).filter(({ id }) => !whom.includes(id));
  const as = (isAdmin: boolean): Members => [...others, ...whom.map((id) => ({ id, isAdmin }))];
  if (change === "add" || change === "invite" || change === "demote")
    return { ...chat, participants: as(false) };
  if (change === "promote") return { ...chat, participants: as(true) };
  if (change === "remove" || change === "leave") return { ...chat, participants: others };
  if (change === "subject") return { ...chat, name: message.body! };
  if (change === "announce") return { ...chat, announce: message.body === "on" };
  return chat;
}
