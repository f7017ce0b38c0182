import type { Event, Party } from "@daybook/contract";
import type { Observation } from "../observation.ts";
import { kindOf, userOf } from "./ids.ts";
import { idOf, nameOf } from "./reading.ts";

type Conversation = NonNullable<Event["conversation"]>;

const MAX_RECIPIENTS = 2_000;
/** Of all recipients of an event as JSON: beside its bytes and text they must fit into an event. */
const MAX_RECIPIENTS_BYTES = 150_000;

/** Who is who in one observation. */
export class People {
  readonly own: Party;
  readonly #ownIds: ReadonlySet<string>;
  readonly #members: readonly Party[];
  readonly #names = new Map<string, string>();
  readonly #users = new Map<string, string>();
  readonly #chat: Conversation | undefined;

  constructor(
    { people = [], chat }: Pick<Observation, "people" | "chat">,
    own: Party,
    otherIds: readonly string[] = [],
  ) {
    this.own = own;
    this.#ownIds = new Set([own.id, ...otherIds]);
    for (const { id, name, number } of people) {
      const called = nameOf(name) || (number === undefined ? "" : nameOf(number));
      this.#names.set(idOf(id), called);
      if (called !== "") this.#users.set(userOf(id), called);
    }
    for (const id of this.#ownIds) this.#users.set(userOf(id), own.name);
    this.#chat = chat && { id: idOf(chat.id), title: nameOf(chat.title), kind: chat.kind };
    this.#members = (chat?.members ?? []).map((id) => this.party(idOf(id)));
  }

  isOwn(id: string | undefined): boolean {
    return id !== undefined && this.#ownIds.has(id);
  }

  party(id: string): Party {
    return this.isOwn(id) ? this.own : { id, name: this.#names.get(id) ?? "" };
  }

  /** What somebody is called in a sentence. */
  called(id: string | undefined): string {
    if (id === undefined) return "somebody";
    return this.party(id).name || userOf(id) || "somebody";
  }

  /** What somebody is called of whom only what stands before the `@` is known, where they have a name. */
  mentioned(user: string): string | undefined {
    return this.#users.get(user);
  }

  /** Where it happened: as the page shows it, else by its id alone. */
  conversation(id: string | undefined): Conversation | undefined {
    if (this.#chat) return this.#chat;
    return id === undefined ? undefined : { id, title: this.party(id).name, kind: kindOf(id) };
  }

  /** Everybody else whom a message in that conversation reached, where that is known. */
  recipients(conversation: Conversation | undefined, sender: Party | undefined): Party[] | undefined {
    if (conversation?.kind === "direct")
      return [sender?.id === this.own.id ? this.party(conversation.id) : this.own];
    if (conversation?.kind !== "group" || this.#members.length === 0) return undefined;
    const reached: Party[] = [];
    let bytes = 0;
    // What the account heard reached it, whomever the page lists: it may list nobody anew for a while.
    const isListed = sender?.id === this.own.id || this.#members.some(({ id }) => id === this.own.id);
    for (const member of isListed ? this.#members : [this.own, ...this.#members]) {
      if (member.id === sender?.id) continue;
      bytes += Buffer.byteLength(JSON.stringify(member)) + 1;
      if (reached.length >= MAX_RECIPIENTS || bytes > MAX_RECIPIENTS_BYTES) break;
      reached.push(member);
    }
    return reached;
  }
}
