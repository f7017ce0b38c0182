import type { Change, StateFile } from "@daybook/keeping";
import { z } from "zod";
import { NOBODY, type Numbers, type Sides } from "../reading/sides.ts";

/** What is known of a number's messages with somebody. */
const talk = z.object({
  /** When they first wrote to each other under who held the number then, milliseconds since 1970. */
  at: z.int(),
  /** The last of the two that they asked for, and when. */
  asked: z.object({ for: z.enum(["stop", "start"]), at: z.int() }).optional(),
});
type Talk = z.infer<typeof talk>;
type TalkChange = Change<"talk">;

/** What operators everywhere take for a wish not to be written to, and for its end. */
const WORDS: Readonly<Record<string, "stop" | "start">> = {
  STOP: "stop",
  STOPALL: "stop",
  "STOP ALL": "stop",
  UNSUBSCRIBE: "stop",
  CANCEL: "stop",
  END: "stop",
  QUIT: "stop",
  OPTOUT: "stop",
  "OPT OUT": "stop",
  REVOKE: "stop",
  START: "start",
  UNSTOP: "start",
};
const LONGEST = 20;
/** People write again and again. */
const MAX_REMEMBERED = 5_000;

/** Who has written to which number, and who of them asked not to be written to. */
export class Talks {
  readonly #state: StateFile<"talk">;
  readonly #numbers: Numbers;
  /** What is not written yet. */
  readonly #marks = new Map<string, Talk>();
  readonly #remembered = new Map<string, Talk>();

  constructor(state: StateFile<"talk">, numbers: Numbers) {
    this.#state = state;
    this.#numbers = numbers;
  }

  /**
   * Durable once `changes` are written.
   *
   * @param at when it came first, milliseconds since 1970: what is delivered again changes nothing
   * @param text of a message that is whole
   */
  hear(
    { account, conversation, direction }: Pick<Sides, "account" | "conversation" | "direction">,
    at: number,
    text: string | undefined,
  ): void {
    if (!conversation || conversation.id === NOBODY || !this.#numbers.has(account)) return;
    const name = nameOf(account, conversation.id);
    const before = this.#marks.get(name) ?? this.#remember(name);
    const isNew = !before || (at > before.at && !this.#isSameHolder(account, before.at, at));
    const word = direction === "incoming" ? wordIn(text) : undefined;
    const isAsked = word !== undefined && at >= (before?.asked?.at ?? -Infinity);
    if (!isNew && !isAsked) return;
    const asked = isAsked ? { for: word, at } : before?.asked;
    this.#marks.set(name, { at: isNew ? at : before.at, ...(asked && { asked }) });
  }

  /** Whether they have written to each other under who holds the number then. */
  has(account: string, conversation: string, at: number): boolean {
    const known = this.#of(nameOf(account, conversation));
    return known !== undefined && this.#isSameHolder(account, known.at, at);
  }

  /** Since when they ask not to be written to from that number, milliseconds since 1970; undefined where they do not. */
  stoppedAt(account: string, conversation: string): number | undefined {
    const asked = this.#of(nameOf(account, conversation))?.asked;
    return asked?.for === "stop" ? asked.at : undefined;
  }

  get changes(): TalkChange[] {
    return [...this.#marks].map(([name, value]) => ({ kind: "talk", name, value }));
  }

  /** These are. What was heard since stays to be written. */
  written(changes: readonly TalkChange[]): void {
    for (const { name, value } of changes) {
      if (this.#marks.get(name) === value) this.#marks.delete(name);
      this.#remembered.delete(name);
    }
  }

  #remember(name: string): Talk | undefined {
    const known = this.#remembered.get(name) ?? this.#of(name);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    if (known) this.#remembered.set(name, known);
    return known;
  }

  #of(name: string): Talk | undefined {
    return talk.safeParse(this.#state.get("talk", name)).data;
  }

  #isSameHolder(account: string, a: number, b: number): boolean {
    return this.#numbers.custodianOf(account, a)?.id === this.#numbers.custodianOf(account, b)?.id;
  }
}

function nameOf(account: string, conversation: string): string {
  return JSON.stringify([account, conversation]);
}

/** A word within a sentence is none. */
function wordIn(text: string | undefined): "stop" | "start" | undefined {
  if (text === undefined || text.length > LONGEST) return undefined;
  return WORDS[
    text
      .toUpperCase()
      .replace(/[^A-Z]+/g, " ")
      .trim()
  ];
}
