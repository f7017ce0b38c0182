import { aboutChat, aboutMessage } from "./about.ts";
import { Outgoing } from "./outgoing.ts";
import type { Queue } from "./queue.ts";
import type { Remembered } from "./remembered.ts";
import { keyOf, messageSeen, seen } from "./seen.ts";
import {
  type ChatModel,
  type Collections,
  type Emitter,
  type Key,
  load,
  type MessageModel,
  type Reaction,
  textOf,
  type Vote,
} from "./whatsapp.ts";

/** Parts of what is watched, by the names under which an operator hears that one is missing. */
export type Part = "messages" | "chats" | "reactions" | "votes" | "calls";

const LOOK_MS = 5;

interface Change {
  readonly type?: string;
  body?: string | null;
  caption?: string | null;
}

/** Properties of a message that changed at once. */
interface Changing {
  readonly was: Change;
  /** The message with them, undefined where it could not be read. */
  readonly now: object | undefined;
  readonly isRevoked: boolean;
}

/** Hears what happens in WhatsApp Web, from before it is loaded, and puts it in the queue. */
export class Watch {
  readonly #queue: Queue;
  readonly #remembered: Remembered;
  readonly #watched = new Set<Part>();
  readonly outgoing = new Outgoing((msg) => this.#came(msg));
  readonly #changing = new Map<MessageModel, Changing>();
  #lastAt = 0;

  constructor(queue: Queue, remembered: Remembered) {
    this.#queue = queue;
    this.#remembered = remembered;
  }

  /** Looks for WhatsApp's modules until they are there. */
  begin(): void {
    const parts: readonly [Part, () => void][] = [
      ["messages", () => this.#watchMessages()],
      ["chats", () => this.#watchChats()],
      ["reactions", () => this.#watchReactions()],
      ["votes", () => this.#watchVotes()],
      ["calls", () => this.#watchCalls()],
    ];
    const looking = setInterval(() => {
      for (const [part, watch] of parts) {
        if (this.#watched.has(part)) continue;
        try {
          watch();
          this.#watched.add(part);
        } catch {
          // Not loaded yet, or renamed: `watched` tells.
        }
      }
      if (this.#watched.size === parts.length) clearInterval(looking);
    }, LOOK_MS);
  }

  get watched(): Part[] {
    return [...this.#watched];
  }

  /** When something was last heard, milliseconds since 1970; 0 for never. */
  get lastAt(): number {
    return this.#lastAt;
  }

  #watchMessages(): void {
    const { Msg } = load<Collections>("WAWebCollections");
    hear(Msg, "add", (msg: MessageModel) => {
      this.#remembered.add(msg);
      if (msg.isNewMsg && !this.outgoing.withholds(msg)) this.#came(msg);
    });
    hear(Msg, "change:type", (msg: MessageModel, _now: string, before?: string) => {
      this.#change(msg, before === undefined ? {} : { type: before });
    });
    hear(Msg, "change:body", (msg: MessageModel, _now: string, before?: string | null) => {
      this.#change(msg, { body: before ?? null });
    });
    hear(Msg, "change:caption", (msg: MessageModel, _now: string, before?: string | null) => {
      this.#change(msg, { caption: before ?? null });
    });
    hear(Msg, "change:ack", (msg: MessageModel, ack: number) => {
      if (ack !== 0) this.outgoing.answered(msg);
      this.#note("ack", msg.id, () => ({ what: "ack", ...aboutMessage(msg), key: keyOf(msg.id), ack }));
    });
    hear(Msg, "remove", (msg: MessageModel) => {
      this.#remembered.remove(msg);
      if (msg.isNewMsg) this.#note("removed", msg.id, () => ({ what: "removed", ...seen(msg) }));
    });
  }

  #came(msg: MessageModel): void {
    this.#note("message", msg.id, () => messageSeen(msg, "came"));
  }

  /**
   * Properties change one after another: what came of them is clear when all have. A property that changes again, and a
   * delete after anything else, is a change of its own.
   */
  #change(msg: MessageModel, change: Change): void {
    const isRevoked = msg.type === "revoked";
    const pending = this.#changing.get(msg);
    const isOne =
      pending?.isRevoked === isRevoked && !Object.keys(change).some((name) => name in pending.was);
    if (pending && !isOne) this.#changed(msg);
    const known = isOne ? pending : undefined;
    this.#changing.set(msg, { was: { ...known?.was, ...change }, now: read(msg), isRevoked });
    if (!known) queueMicrotask(() => this.#changed(msg));
  }

  #changed(msg: MessageModel): void {
    const changing = this.#changing.get(msg);
    this.#changing.delete(msg);
    if (!changing) return;
    const { was, now, isRevoked } = changing;
    const note = (what: string, more: () => object) =>
      this.#note(what, msg.id, () => ({ what, ...(now ?? seen(msg)), ...more() }));
    if (isRevoked && was.type !== undefined) note("revoked", () => ({ before: asItWas(msg, was) }));
    else if (was.type === "ciphertext") note("decrypted", () => ({}));
    else if (!isRevoked) {
      // The body of a medium is its thumbnail.
      const text = msg.directPath === undefined ? was.body : was.caption;
      if (text !== undefined) note("edit", () => ({ before: text }));
    }
  }

  #watchChats(): void {
    const { Chat } = load<Collections>("WAWebCollections");
    hear(Chat, "remove", (chat: ChatModel) => this.#noteChat(chat, "removed"));
    hear(Chat, "change:archive", (chat: ChatModel, now: boolean) =>
      this.#noteChat(chat, now ? "archived" : "unarchived"),
    );
  }

  #noteChat(chat: ChatModel, change: string): void {
    this.#note("chat", undefined, () => ({ what: "chat", ...aboutChat(chat.id), change }));
  }

  #watchReactions(): void {
    const { reactionTableMode: table } = load<{
      reactionTableMode: { bulkUpsert(reactions: readonly Reaction[]): unknown };
    }>("WAWebAddonReactionTableMode");
    const upsert = table.bulkUpsert.bind(table);
    table.bulkUpsert = (reactions, ...others: unknown[]) => {
      for (const one of reactions) this.#note("reaction", one.id, () => reactionSeen(one));
      return (upsert as (...all: unknown[]) => unknown)(reactions, ...others);
    };
  }

  #watchVotes(): void {
    const { pollVoteTableMode: table } = load<{
      pollVoteTableMode: { bulkUpsert(votes: readonly Vote[]): unknown };
    }>("WAWebAddonPollVoteTableMode");
    const upsert = table.bulkUpsert.bind(table);
    table.bulkUpsert = (votes, ...others: unknown[]) => {
      for (const one of votes) this.#note("vote", one.id, () => voteSeen(one));
      return (upsert as (...all: unknown[]) => unknown)(votes, ...others);
    };
  }

  #watchCalls(): void {
    const calls = load<Record<string, unknown>>("WAWebCallCollection");
    const map = Object.values(calls).find((one) => one instanceof Map) as Map<string, CallModel> | undefined;
    if (!map) throw new TypeError("calls are kept in another way");
    const set = map.set.bind(map);
    map.set = (id, call) => {
      this.#note("call", undefined, () => callSeen(call));
      return set(id, call);
    };
  }

  /** What cannot be made of something is told too: nothing passes in silence. */
  #note(part: string, key: Key | undefined, made: () => object): void {
    this.#lastAt = Date.now();
    try {
      this.#queue.put(made());
    } catch {
      this.#queue.put({ what: "failed", at: Date.now(), part, ...(key && { key: keyOf(key) }) });
    }
  }
}

interface CallModel {
  readonly id: string;
  readonly peerJid: Key["remote"];
  readonly isVideo?: boolean;
  readonly isGroup?: boolean;
  readonly outgoing?: boolean;
  readonly participants?: readonly Key["remote"][];
}

/** A listener that throws would end WhatsApp's own work on what it tells. */
function hear(emitter: Emitter, name: string, heard: (...about: never[]) => void): void {
  emitter.on(name, (...about) => {
    try {
      heard(...about);
    } catch {
      // `#note` told of it.
    }
  });
}

function read(msg: MessageModel): object | undefined {
  try {
    return seen(msg);
  } catch {
    return undefined;
  }
}

function asItWas(msg: MessageModel, { type, body, caption }: Change): object | null {
  if (body === undefined && caption === undefined) return null;
  return { id: keyOf(msg.id), type, t: msg.t, body, caption };
}

function reactionSeen(one: Reaction): object {
  const sender = one.author ?? one.from ?? "";
  return {
    what: "reaction",
    ...aboutChat(one.reactionParentKey.remote, [sender]),
    key: keyOf(one.id),
    parent: keyOf(one.reactionParentKey),
    sender: textOf(sender),
    text: one.reactionText ?? "",
    time: one.reactionTimestamp,
  };
}

function voteSeen(one: Vote): object {
  const sender = one.author ?? one.from ?? "";
  const poll = load<Collections>("WAWebCollections").Msg.get(one.pollUpdateParentKey._serialized);
  const nameOf = (n: number) => poll?.pollOptions?.find(({ localId }) => localId === n)?.name ?? `#${n}`;
  return {
    what: "vote",
    ...aboutChat(one.pollUpdateParentKey.remote, [sender]),
    key: keyOf(one.id),
    parent: keyOf(one.pollUpdateParentKey),
    sender: textOf(sender),
    choices: (one.selectedOptionLocalIds ?? []).map(nameOf),
    question: poll?.pollName,
    time: one.t,
  };
}

function callSeen(call: CallModel): object {
  const { id, peerJid, isVideo, isGroup, outgoing, participants = [] } = call;
  return {
    what: "call",
    ...aboutChat(peerJid, [peerJid, ...participants]),
    call: { id, peer: textOf(peerJid), isVideo, isGroup, outgoing, participants: participants.map(textOf) },
  };
}
