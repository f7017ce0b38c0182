import { elementsOf, isShallow, membersOf, type Span, wholeOf } from "@daybook/keeping";

/** One thing that a webhook tells of: a message, a status, a change of the account. */
export interface Item {
  /** Meta's name of what changed: `messages`, `smb_message_echoes`... */
  readonly field: string;
  /** The list of `value` that it stood in; undefined where `value` itself is the item. */
  readonly list: string | undefined;
  /** Id of the WhatsApp Business account. */
  readonly entryId: string | undefined;
  /** Seconds since 1970, where Meta gives it. */
  readonly entryTime: string | undefined;
  readonly metadata: unknown;
  readonly contacts: readonly unknown[];
  /** Of a message of a history: whose chat it is from. */
  readonly thread: string | undefined;
  readonly value: unknown;
  /** The item's own bytes, as they came. */
  readonly own: string;
  /** The webhook with this item alone: made of the bytes that came, as they came. */
  readonly raw: string;
}

/** What a webhook's body held; undefined where it has not the form of one. */
export type Split = { readonly items: readonly Item[] } | undefined;

/** Lists of `value` whose elements are things of their own. */
const LISTS = new Set([
  "messages",
  "statuses",
  "message_echoes",
  "history",
  "state_sync",
  "user_id_update",
  "errors",
  "groups",
  "calls",
]);
/** What is told beside the lists, and goes with each element. */
const BESIDE = new Set(["messaging_product", "metadata", "contacts"]);
/** Meta sends 1,000 updates at most, and of a history some thousands of messages. */
const MAX_ITEMS = 20_000;
const MAX_BESIDE_CHARACTERS = 16 * 1024;

/** As many digits as may be more than JavaScript's numbers hold. */
const LONG_NUMBER = /\d{16}/;

/** Numbers that JavaScript would round stay as they were written. */
export function parse(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, ((_: string, value: unknown, context: { source: string }) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? context.source
      : value) as (key: string, value: unknown) => unknown);
}

/** Splits a body whose signature is good. Each item keeps the bytes that it came in. */
export function splitBody(text: string): Split {
  try {
    if (!isShallow(text)) return undefined;
    JSON.parse(text);
    return new Splitter(text).split();
  } catch {
    // Neither JSON nor nested as any sender nests it.
    return undefined;
  }
}

interface Entry {
  /** What stands beside the entries, and beside the changes, as it came. */
  readonly rootHead: string;
  readonly head: string;
  readonly id: string | undefined;
  readonly time: string | undefined;
}

interface Change extends Entry {
  /** What stands beside `value`, as it came. */
  readonly changeHead: string;
  readonly field: string;
  readonly metadata: unknown;
  readonly contacts: readonly { readonly source: string; readonly value: unknown }[];
  /** `"messaging_product":…,"metadata":…` as they came. */
  readonly beside: string;
}

class Splitter {
  readonly #text: string;
  readonly #items: Item[] = [];
  /** What stood beside the lists of others. */
  readonly #rests = new Set<Item>();

  constructor(text: string) {
    this.#text = text;
  }

  split(): Split {
    const whole = wholeOf(this.#text);
    const root = membersOf(this.#text, whole);
    const entries = this.#elements(root.get("entry"));
    if (!entries) return undefined;
    const rootHead = this.#beside(root, "entry");
    for (const span of entries) {
      const entry = membersOf(this.#text, span);
      const changes = this.#elements(entry.get("changes"));
      if (!changes) return undefined;
      const head = this.#beside(entry, "changes");
      const [id, time] = [this.#scalar(entry.get("id")), this.#scalar(entry.get("time"))];
      const about = { rootHead, head, id, time };
      for (const change of changes) this.#change(about, change);
    }
    const [first, another] = this.#items.filter((item) => !this.#rests.has(item));
    // Alone in its webhook, an item has all of it.
    if (first && !another) return { items: [{ ...first, raw: this.#text }] };
    return { items: this.#items };
  }

  #change(entry: Entry, span: Span): void {
    const members = membersOf(this.#text, span);
    const [field, value] = [members.get("field"), members.get("value")];
    const inside = value ? membersOf(this.#text, value) : new Map<string, Span>();
    const contacts = this.#elements(inside.get("contacts")) ?? [];
    const beside = ["messaging_product", "metadata"]
      .map((name) => [name, this.#source(inside.get(name))] as const)
      .filter(([, source]) => source !== "null" && source.length <= MAX_BESIDE_CHARACTERS)
      .map(([name, source]) => `"${name}":${source},`);
    const change: Change = {
      ...entry,
      field: this.#scalar(field) ?? "",
      changeHead: this.#beside(members, "value"),
      metadata: parse(this.#source(inside.get("metadata"))),
      contacts: contacts.map((one) => ({ source: this.#source(one), value: parse(this.#source(one)) })),
      beside: beside.join(""),
    };
    const lists = [...inside].flatMap(([name, list]) => {
      const elements = LISTS.has(name) ? this.#elements(list) : undefined;
      return elements ? [{ name, elements }] : [];
    });
    for (const { name, elements } of lists) for (const one of elements) this.#element(change, name, one);
    const filled = lists.filter(({ elements }) => elements.length > 0);
    if (filled.length === 0)
      return void this.#add(change, { list: undefined, own: this.#source(value), members: undefined });
    const known = new Set([...BESIDE, ...lists.map(({ name }) => name)]);
    if ([...inside.keys()].every((name) => known.has(name))) return;
    // What stands beside the lists is kept too, once.
    const left = [...inside].filter(([name]) => !filled.some((list) => list.name === name));
    const own = `{${left.map(([name, span]) => `${JSON.stringify(name)}:${this.#source(span)}`).join()}}`;
    this.#rests.add(this.#add(change, { list: undefined, own, members: undefined }));
  }

  /** The members besides one, each with a comma behind it. */
  #beside(members: ReadonlyMap<string, Span>, but: string): string {
    const others = [...members].filter(([name]) => name !== but);
    const text = others.map(([name, span]) => `${JSON.stringify(name)}:${this.#source(span)},`).join("");
    if (text.length > MAX_BESIDE_CHARACTERS) throw new RangeError("more beside its items than Meta sends");
    return text;
  }

  #element(change: Change, list: string, span: Span): void {
    const own = this.#source(span);
    const threads = list === "history" ? membersOf(this.#text, span) : undefined;
    const chats = this.#elements(threads?.get("threads"));
    if (!threads || !chats) return void this.#add(change, { list, own, members: `"${list}":[${own}]` });
    const metadata = this.#source(threads.get("metadata"));
    const chunk = `{"metadata":${metadata},"chats":${chats.length}}`;
    this.#add(change, { list, own: chunk, members: `"history":[{"metadata":${metadata}}]` });
    for (const chat of chats) {
      const inside = membersOf(this.#text, chat);
      const id = inside.get("id");
      for (const message of this.#elements(inside.get("messages")) ?? []) {
        const source = this.#source(message);
        const thread = `{"id":${this.#source(id)},"messages":[${source}]}`;
        this.#add(change, {
          list: "threads",
          own: source,
          thread: this.#scalar(id) ?? "",
          members: `"history":[{"metadata":${metadata},"threads":[${thread}]}]`,
        });
      }
    }
  }

  #add(
    change: Change,
    of: { list: string | undefined; own: string; members: string | undefined; thread?: string },
  ): Item {
    if (this.#items.length >= MAX_ITEMS) throw new RangeError("more items than Meta sends");
    const { own, members } = of;
    const contacts = contactsOf(change.contacts, own);
    const beside = contacts.length > 0 ? `"contacts":[${contacts.map(({ source }) => source).join()}],` : "";
    const value = members === undefined ? own : `{${change.beside}${beside}${members}}`;
    const changes = `"changes":[{${change.changeHead}"value":${value}}]`;
    const item = {
      field: change.field,
      list: of.list,
      entryId: change.id,
      entryTime: change.time,
      metadata: change.metadata,
      contacts: contacts.map((one) => one.value),
      thread: of.thread,
      value: parse(own),
      own,
      raw: `{${change.rootHead}"entry":[{${change.head}${changes}}]}`,
    };
    this.#items.push(item);
    return item;
  }

  #elements(span: Span | undefined): Span[] | undefined {
    return span && elementsOf(this.#text, span);
  }

  #source(span: Span | undefined): string {
    return span ? this.#text.slice(span.from, span.to) : "null";
  }

  #scalar(span: Span | undefined): string | undefined {
    if (!span) return undefined;
    const value = parse(this.#source(span));
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  }
}

/** Of the people that a webhook names, those whom the item names too; the only one in any case. */
function contactsOf(contacts: Change["contacts"], own: string): Change["contacts"] {
  if (contacts.length <= 1) return contacts.filter(({ source }) => source.length <= MAX_BESIDE_CHARACTERS);
  return contacts.filter(({ value, source }) => {
    const { wa_id: phone, user_id: user } = (value ?? {}) as Record<string, unknown>;
    const ids = [phone, user].filter((id) => typeof id === "string" && id !== "");
    return source.length <= MAX_BESIDE_CHARACTERS && ids.some((id) => own.includes(`"${String(id)}"`));
  });
}
