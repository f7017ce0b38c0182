import type { Event, Party } from "@daybook/contract";
import { z } from "zod";
import type { BusinessState, StateChange } from "../state.ts";
import { contact } from "./schema.ts";
import { idOf, nameOf, type Reading } from "./reading.ts";

/** As far as Meta tells: a phone number may be missing, and a user id changes with it. */
export interface Who {
  readonly phone?: string | undefined;
  readonly user?: string | undefined;
}

const person = z.object({
  /** By which its conversation is known: the first that was seen. */
  id: z.string(),
  phone: z.string().optional(),
  user: z.string().optional(),
  name: z.string(),
  username: z.string().optional(),
});
type Person = z.infer<typeof person>;

const conversation = z.object({
  title: z.string(),
  kind: z.enum(["direct", "group"]),
  phone: z.string().optional(),
  user: z.string().optional(),
  /** Milliseconds since 1970: Meta lets one answer freely for 24 hours from then. */
  lastInboundAt: z.number().optional(),
});
export type KnownConversation = z.infer<typeof conversation>;

/** The state's own entry of a conversation of an account. */
export function readConversation(
  state: BusinessState,
  account: string,
  id: string,
): KnownConversation | undefined {
  return conversation.safeParse(state.get("conversation", `${account}:${id}`)).data;
}

/**
 * People as one webhook shows them, over what is remembered. A person is known by the number or the user id that was seen
 * first, so that the conversation goes on when Meta tells only the other; each pair is an observation with a date.
 */
export class People {
  readonly #state: BusinessState;
  readonly #account: string;
  readonly #names = new Map<string, { name: string; username: string | undefined }>();
  readonly #introduced = new Set<unknown>();
  readonly #persons = new Map<string, Person>();
  readonly #conversations = new Map<string, KnownConversation>();
  /** As they were before this webhook: each is read from the file once. */
  readonly #before = {
    persons: new Map<string, Person | undefined>(),
    conversations: new Map<string, KnownConversation | undefined>(),
  };

  constructor(state: BusinessState, account: string) {
    this.#state = state;
    this.#account = account;
  }

  /** What a webhook says of people beside its messages. */
  introduce(contacts: readonly unknown[]): void {
    for (const one of contacts) {
      // The items of one webhook have the same.
      if (this.#introduced.has(one)) continue;
      this.#introduced.add(one);
      const { data } = contact.safeParse(one);
      if (!data) continue;
      const known = { name: nameOf(data.profile?.name), username: data.profile?.username ?? undefined };
      for (const id of [data.wa_id, data.user_id]) if (id !== undefined) this.#names.set(id, known);
    }
  }

  /** @returns undefined for somebody of whom nothing is told; `observed` when it is told so for the first time */
  meet({ phone, user }: Who): { party: Party; observed: boolean } | undefined {
    const before = this.#known(user) ?? this.#known(phone);
    const id = before?.id ?? phone ?? user;
    if (id === undefined) return undefined;
    const told = this.#names.get(user ?? "") ?? this.#names.get(phone ?? "");
    const now: Person = {
      id: idOf(id),
      name: told?.name || before?.name || "",
      ...defined("phone", phone ?? before?.phone),
      ...defined("user", user ?? before?.user),
      ...defined("username", told?.username ?? before?.username),
    };
    const isNew =
      before?.phone !== now.phone || before?.user !== now.user || before?.username !== now.username;
    if (isNew || before?.name !== now.name)
      for (const one of [phone, user]) if (one !== undefined) this.#persons.set(one, now);
    // A number alone is what its messages say anyway.
    return { party: { id: now.id, name: now.name }, observed: isNew && now.user !== undefined };
  }

  /** What was observed of somebody, in words. */
  observation({ phone, user }: Who): Reading | undefined {
    const known = this.#known(user) ?? this.#known(phone);
    if (!known) return undefined;
    const parts = [
      `user id ${known.user ?? "not told"}`,
      phone === undefined ? "no phone number told" : `phone number ${phone}`,
      ...(known.username === undefined ? [] : [`username ${known.username}`]),
    ];
    return {
      kind: "identity",
      sender: { id: known.id, name: known.name },
      conversation: { id: known.id, title: known.name, kind: "direct" },
      text: `Seen at this time: ${parts.join(", ")}`,
    };
  }

  direct(who: Who): NonNullable<Event["conversation"]> | undefined {
    const met = this.meet(who);
    if (!met) return undefined;
    const { id, name } = met.party;
    const known = this.#known(who.user) ?? this.#known(who.phone);
    this.#note(id, {
      title: name,
      kind: "direct",
      ...defined("phone", known?.phone),
      ...defined("user", known?.user),
    });
    return { id, title: name, kind: "direct" };
  }

  group(groupId: string, subject?: string): NonNullable<Event["conversation"]> {
    const id = idOf(groupId);
    const before = this.#conversation(id);
    this.#note(id, { title: subject ?? before?.title ?? "", kind: "group" });
    return { id, title: subject ?? before?.title ?? "", kind: "group" };
  }

  /** They wrote: from then on they can be answered for a day. */
  opens(conversationId: string, sentAt: string | undefined): void {
    const known = this.#conversation(conversationId);
    if (!known || sentAt === undefined) return;
    const lastInboundAt = Math.max(known.lastInboundAt ?? 0, Date.parse(sentAt));
    this.#conversations.set(conversationId, { ...known, lastInboundAt });
  }

  /** What is to be remembered, but of the conversations that are left out. */
  changes(isLeftOut: (conversation: string) => boolean): StateChange[] {
    const changes: StateChange[] = [];
    for (const [name, value] of this.#persons)
      if (!isLeftOut(value.id)) changes.push({ kind: "person", name: `${this.#account}:${name}`, value });
    for (const [id, value] of this.#conversations) {
      if (isLeftOut(id)) continue;
      if (JSON.stringify(value) === JSON.stringify(this.#conversationBefore(id))) continue;
      changes.push({ kind: "conversation", name: `${this.#account}:${id}`, value });
    }
    return changes;
  }

  #note(id: string, now: KnownConversation): void {
    const { lastInboundAt } = this.#conversation(id) ?? {};
    this.#conversations.set(id, { ...now, ...(lastInboundAt !== undefined && { lastInboundAt }) });
  }

  #conversation(id: string): KnownConversation | undefined {
    return this.#conversations.get(id) ?? this.#conversationBefore(id);
  }

  #conversationBefore(id: string): KnownConversation | undefined {
    const { conversations } = this.#before;
    if (!conversations.has(id)) conversations.set(id, readConversation(this.#state, this.#account, id));
    return conversations.get(id);
  }

  #known(id: string | undefined): Person | undefined {
    if (id === undefined) return undefined;
    const now = this.#persons.get(id);
    if (now) return now;
    const { persons } = this.#before;
    if (!persons.has(id))
      persons.set(id, person.safeParse(this.#state.get("person", `${this.#account}:${id}`)).data);
    return persons.get(id);
  }
}

function defined<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, string>);
}
