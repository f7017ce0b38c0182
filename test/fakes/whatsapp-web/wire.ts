// What goes over the line between the fake's server and its page, as JSON: where WhatsApp speaks Noise and Signal.

/** Key of a message, before WhatsApp Web makes a `MsgKey` of it. */
export interface WireKey {
  readonly fromMe: boolean;
  /** The chat. */
  readonly remote: string;
  readonly id: string;
  /** Who wrote it, in a group. */
  readonly participant?: string | undefined;
}

/** A message, as WhatsApp Web's own models name its fields; any further field goes to the model as it is. */
export interface WireMessage {
  readonly id: WireKey;
  readonly type: string;
  readonly subtype?: string | undefined;
  readonly body?: string | undefined;
  /** Seconds since 1970. */
  readonly t: number;
  readonly from: string;
  readonly to: string;
  /** Who wrote it, in a group. */
  readonly author?: string | undefined;
  readonly [field: string]: unknown;
}

export interface WireChat {
  readonly id: string;
  readonly name?: string;
  /** Of its newest message, seconds since 1970. */
  readonly t?: number;
  readonly archive?: boolean;
  readonly unreadCount?: number;
  /** Of a group: only its administrators may write. */
  readonly announce?: boolean;
  readonly participants?: readonly { readonly id: string; readonly isAdmin: boolean }[];
}

export interface WirePerson {
  readonly id: string;
  /** What they call themselves. */
  readonly pushname?: string;
  /** What the account saved them as. */
  readonly name?: string;
}

export interface WireCall {
  readonly id: string;
  readonly peerJid: string;
  readonly isVideo: boolean;
  readonly isGroup: boolean;
  readonly outgoing: boolean;
  readonly participants: readonly string[];
}

/** One thing that happened at WhatsApp. Times are milliseconds since 1970. */
export type WireEvent =
  | { op: "message"; message: WireMessage }
  | { op: "edit"; key: WireKey; text: string; at: number; editKey: WireKey }
  /** `placeholder`: the message itself never came, and WhatsApp Web shows that there was one. */
  | { op: "revoke"; key: WireKey; by: "sender" | "admin"; at: number; placeholder?: WireMessage }
  | { op: "deleteForMe"; key: WireKey }
  | { op: "ack"; key: WireKey; ack: number }
  | { op: "reaction"; key: WireKey; parent: WireKey; by: string; text: string; at: number }
  | { op: "vote"; key: WireKey; parent: WireKey; by: string; selected: readonly number[]; at: number }
  | { op: "decrypt"; key: WireKey; attributes: Readonly<Record<string, unknown>> }
  | { op: "mediaStage"; key: WireKey; stage: string }
  | { op: "call"; call: WireCall }
  | { op: "chat"; chat: WireChat }
  | { op: "chatRemoved"; id: string };

/** An event and its number: WhatsApp keeps it until a page says that number's `received`. */
export interface NumberedEvent {
  readonly n: number;
  readonly event: WireEvent;
}

export interface People {
  readonly contacts: readonly WirePerson[];
  /** Hidden id and the phone number behind it. */
  readonly mapping: readonly (readonly [lid: string, phone: string])[];
}

interface SignIn {
  me: string;
  lid: string;
  pushname: string;
  people: People;
  chats: readonly WireChat[];
}

/** From the server. */
export type ServerFrame =
  | { t: "unpaired" | "ref"; ref: string }
  /** A page keeps `creds`, and says hello with them. */
  | { t: "paired"; creds: string }
  | ({ t: "login" } & SignIn)
  /** What came while no page was there; `progress` in percent. */
  | { t: "offline"; events: readonly NumberedEvent[]; progress: number }
  | { t: "events"; events: readonly NumberedEvent[] }
  | { t: "synced" | "resync" | "logout" | "reload" | "iframe" }
  | { t: "state"; state: string }
  | ({ t: "people" } & People)
  | { t: "chats"; chats: readonly WireChat[] }
  | { t: "answer"; request: number; value: unknown }
  /** Drops a message from the page's memory, by its serialized key. */
  | { t: "forget"; id: string };

/** From the page. A frame with `request` wants an `answer`. */
export type PageFrame =
  | { t: "hello"; creds?: string; qrKeys: string }
  | { t: "refreshQR" }
  | { t: "takeover" }
  | { t: "logout" }
  | { t: "received"; ns: readonly number[] }
  | { t: "earlier"; request: number; chat: string; before?: string }
  | { t: "messages"; request: number; ids: readonly string[] }
  | { t: "syncHistory"; request: number; chat: string }
  | { t: "send"; request: number; message: WireMessage }
  | { t: "resend"; ids: readonly string[] }
  | { t: "seen"; chat: string }
  | { t: "presence"; available: boolean }
  | { t: "missing"; name: string };

/** `fromMe_chat_id[_participant]`, as WhatsApp Web writes a key. */
export function serialized(key: WireKey): string {
  const parts = [String(key.fromMe), key.remote, key.id, key.participant];
  return parts.filter((part) => part !== undefined).join("_");
}
