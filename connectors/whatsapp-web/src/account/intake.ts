import { hash } from "node:crypto";
import { captureBatches, type Change, chatChanges, type Log, type ScopedSink } from "@daybook/keeping";
import { WebError } from "../error.ts";
import { markIn } from "../observation.ts";
import type { Queued } from "../page-port.ts";
import { type About, type Draft, draftsOf, inPlaceOf } from "../reading/drafts.ts";
import { heldOf } from "../reading/held.ts";
import { type AccountState, HeldWith, type Kind, readFound } from "./kept.ts";

export interface IntakeOptions {
  readonly state: AccountState;
  readonly sink: ScopedSink;
  readonly about: () => About;
  /** What is durable now, of what scope does not leave out. */
  readonly recorded: (drafts: readonly Draft[]) => Promise<void>;
  /** A message of the account's own, before it is recorded: as it should be, where Daybook sent it. */
  readonly recognise: (draft: Draft) => Draft;
  readonly log: Log;
}

/**
 * What was observed becomes events, one batch after another: what a message was is known by the batches before. The page's
 * queue holds what is handed over until it is remembered too. So after a kill at any moment the same is handed over again,
 * before anything newer, and gives the same events.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #last: Promise<unknown> = Promise.resolve();
  /** By mark: who waits for it. */
  readonly #marks = new Map<string, () => void>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Resolves once everything is durable, with what has to be remembered of it. May be repeated.
   *
   * @throws {ConnectorError} retryable: nobody knows what is durable, give it again
   */
  take(observed: readonly Queued[]): Promise<void> {
    const taken = this.#last.then(() => this.#take(observed));
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  /**
   * Resolves once that mark of the page's queue, and so all before it, is recorded.
   *
   * @throws {WebError} `unavailable` when `signal` aborts before
   */
  async passed(mark: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject }: PromiseWithResolvers<void> = Promise.withResolvers();
    const abort = () => reject(new WebError("unavailable", "the wait was cut off"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    this.#marks.set(mark, resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#marks.delete(mark);
    }
  }

  async #take(observed: readonly Queued[]): Promise<void> {
    const { state, about, recognise, recorded } = this.#options;
    const held = new HeldWith(state);
    const chats = new Map<string, Change<"chat">>();
    const changes = new Map<string, Change<Kind>>();
    const [taken, kept]: [Draft[], Draft[]] = [[], []];
    const isOut = this.#scope();
    const passed: string[] = [];
    const found = new Map(observed.filter(isFound).map((one) => [one, hash("sha256", one.raw, "base64")]));
    const remembered = found.size > 0 ? readFound(state) : new Set<string>();
    for (const one of observed) {
      // Of all that is handed over again, it alone would undo what became of its message after.
      if (remembered.has(found.get(one) ?? "")) continue;
      const drafts = draftsOf(one, about(), held).filter(
        ({ eventId }) => !this.#isRecorded(eventId, changes),
      );
      const [first] = drafts;
      if (!first) passed.push(markIn(one.raw) ?? "");
      const original = heldOf(one);
      // Also what scope leaves out is handed over, for it is counted; but nothing of it is remembered.
      const sent = drafts.map(recognise);
      taken.push(...sent);
      if (first && (await isOut(first))) continue;
      kept.push(...sent);
      if (original) held.coming.set(original.id, original);
      for (const { eventId, event } of drafts) {
        if (eventId.startsWith("identity:"))
          changes.set(`identity/${eventId}`, { kind: "identity", name: eventId, value: true });
        for (const chat of chatChanges(state, event.conversation)) chats.set(chat.name, chat);
      }
    }
    await state.write([...chats.values()]);
    await captureBatches(taken, { ...this.#options, inPlaceOf });
    await recorded(kept);
    for (const [name, value] of held.coming) changes.set(`held/${name}`, { kind: "held", name, value });
    if (found.size > 0 && chats.size + changes.size > 0)
      changes.set("found", { kind: "found", name: "", value: [...found.values()] });
    await state.write([...changes.values()]);
    for (const mark of passed) this.#marks.get(mark)?.();
  }

  /** A pair of a person's ids is recorded once. */
  #isRecorded(eventId: string, changes: ReadonlyMap<string, unknown>): boolean {
    if (!eventId.startsWith("identity:")) return false;
    return changes.has(`identity/${eventId}`) || this.#options.state.has("identity", eventId);
  }

  /** Asked once for each conversation of a batch. */
  #scope(): (draft: Draft) => Promise<boolean> {
    const { sink } = this.#options;
    const known = new Map<string, boolean>();
    return async ({ event }) => {
      const place = event.conversation?.id ?? "";
      const answer = known.get(place) ?? (await sink.excludes?.(event)) ?? false;
      known.set(place, answer);
      return answer;
    };
  }
}

/** Or may be: as the page writes it. */
function isFound({ raw }: Queued): boolean {
  return raw.includes('"how":"found"');
}
