import { Lane } from "@daybook/keeping";
import { z } from "zod";
import { formsOf, plainOf, type Receipt } from "../reading/receipt.ts";
import type { Sides } from "../reading/sides.ts";
import type { SmsState, StateChange } from "../state.ts";

/** A part of a message that was sent, and whose message it is. */
const sentPart = z.object({
  /** `networkId` of the message. */
  target: z.string(),
  /** From 1. */
  part: z.int(),
  parts: z.int(),
  /** The id as it was given. */
  id: z.string(),
  account: z.string(),
  conversation: z.string(),
});
export type SentPart = z.infer<typeof sentPart>;

/** Under one form of an id: the same may be another's in another form. */
const named = z.object({ parts: z.array(sentPart) });
const delivered = z.object({ parts: z.array(z.int()) });
/** Of one form: beyond, the oldest is let go of. */
const MAX_OF_ONE = 8;

/** What a receipt says, and of which message. */
export interface ReceiptSaid {
  /** `networkId` of a message that was sent here; else the id as it is written. */
  readonly target: string | undefined;
  readonly text: string;
}

/**
 * Tells which message a receipt is about. Ids are in the state file; aggregators write one id in several forms, so that a
 * form which could be two messages' is neither's.
 */
export class Receipts {
  readonly #state: SmsState;
  /** What is read here is written before the next is read. */
  readonly #lane = new Lane();
  readonly #underWay = new Set<Promise<unknown>>();
  /** Which parts of a message are delivered, where that is not written yet. */
  readonly #marks = new Map<string, readonly number[]>();

  constructor(state: SmsState) {
    this.#state = state;
  }

  /** Does work that ends with a part's id: receipts that come meanwhile wait for it, as theirs may be this one. */
  whileSending<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = () => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Resolves once the ids are known of what is being sent now; undefined where nothing is. */
  get known(): Promise<unknown> | undefined {
    return this.#underWay.size === 0 ? undefined : Promise.allSettled(this.#underWay);
  }

  /** Resolves once nothing is being sent. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await this.known;
  }

  /**
   * Remembers a part's id, together with other changes: all of it is durable once this resolves.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: nothing is remembered
   */
  remember(part: SentPart, ...changes: readonly StateChange[]): Promise<void> {
    return this.#lane.run(() =>
      this.#state.write([
        ...changes,
        ...formsOf(part.id).map((form): StateChange => {
          const others = this.#named(form).filter((one) => !isSame(one, part));
          const parts = [...others, part].slice(-MAX_OF_ONE);
          return { kind: "sent-id", name: form, value: { parts } };
        }),
      ]),
    );
  }

  /**
   * Of a message in parts, each part's receipt says which it is; that it is delivered, the one after which all are. What it
   * remembers of that is durable once `changes` are written.
   */
  read(receipt: Receipt, sides: Pick<Sides, "account" | "conversation">): ReceiptSaid {
    const { ids, text, isDelivered } = receipt;
    const part = this.#partOf(ids, sides);
    if (!part) return { target: ids[0], text };
    const { target, parts } = part;
    if (parts === 1) return { target, text };
    const isWhole = isDelivered && this.#isWholeWith(part);
    return {
      target,
      text: isWhole ? `${text}: all ${parts} parts` : `part ${part.part} of ${parts}: ${text}`,
    };
  }

  get changes(): StateChange[] {
    return [...this.#marks].map(([name, parts]) => ({ kind: "delivered", name, value: { parts } }));
  }

  /** All changes are. */
  written(): void {
    this.#marks.clear();
  }

  /** Forgets what was sent before then, milliseconds since 1970. @throws {ConnectorError} `store-unavailable`, retryable */
  forget(before: number): void {
    this.#state.forget("sent-id", before);
    this.#state.forget("delivered", before);
  }

  /** Its id first, whoever it is said to be from; another form of it only between the same two. */
  #partOf(ids: readonly string[], { account, conversation }: Pick<Sides, "account" | "conversation">) {
    for (const id of ids) {
      const all = plainOf(id)
        .flatMap((form) => this.#named(form))
        .filter((one, n, every) => every.findIndex((other) => isSame(one, other)) === n);
      const own = all.filter((one) => one.account === account && one.conversation === conversation?.id);
      const [first, ...others] = own.length > 0 ? own : all.filter((one) => one.id === id);
      if (first) return others.length === 0 ? first : undefined;
    }
    return undefined;
  }

  #isWholeWith({ target, part, parts }: SentPart): boolean {
    const before =
      this.#marks.get(target) ?? delivered.safeParse(this.#state.get("delivered", target)).data?.parts ?? [];
    const now = new Set([...before, part]);
    if (now.size > before.length) this.#marks.set(target, [...now]);
    return now.size === parts;
  }

  #named(form: string): readonly SentPart[] {
    return named.safeParse(this.#state.get("sent-id", form)).data?.parts ?? [];
  }
}

function isSame(a: SentPart, b: SentPart): boolean {
  return a.target === b.target && a.part === b.part;
}
