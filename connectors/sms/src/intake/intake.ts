import { type Captured, ConnectorError } from "@daybook/contract";
import { captureBatches, type Log, type ScopedSink } from "@daybook/keeping";
import type { TestMessages } from "../canary/tests.ts";
import type { Noted, Passed } from "../cdr/noted.ts";
import type { DefaultAlphabet } from "../reading/alphabet.ts";
import {
  digestOf,
  eventsOfWhole,
  type Heard,
  inPlaceOf,
  messageOfOne,
  receiptOf,
  unreadable,
} from "../reading/events.ts";
import { type Part, partOf } from "../reading/part.ts";
import { readReceipt } from "../reading/receipt.ts";
import type { Numbers, Sides } from "../reading/sides.ts";
import type { Receipts } from "../sending/receipts.ts";
import { STATUS } from "../smpp/index.ts";
import type { SmsState, StateChange } from "../state.ts";
import type { Talks } from "./talks.ts";
import type { Occurrence, Redeliveries } from "./redeliveries.ts";
import { type Added, isWhole, MAX_PART_BYTES, type PartSet, PartSets } from "./sets.ts";

/** Taken at a time: what comes meanwhile is the next batch. */
const BATCH = 500;
/** Not answered at most, over all sessions: then no more is read. */
const MAX_WAITING = 2_000;

/** A message that a session has heard. */
export interface Incoming {
  readonly raw: Buffer;
  readonly session: number;
  /** Answers it. @returns its place among what the session answered; undefined where that is not open any more */
  readonly answer: (status: number) => number | undefined;
}

export interface IntakeOptions {
  readonly state: SmsState;
  readonly numbers: Numbers;
  readonly redeliveries: Redeliveries;
  readonly tests: TestMessages;
  readonly alphabet: DefaultAlphabet;
  readonly incompleteMs: number;
  readonly receipts: Receipts;
  readonly talks: Talks;
  /** Not there where no records of the aggregator's are compared. */
  readonly noted: Noted | undefined;
  readonly log: Log;
  readonly now: () => number;
}

/** One message on its way through a batch. */
interface Item {
  readonly incoming: Incoming;
  readonly occurrence: Occurrence | undefined;
  readonly events: readonly Captured[];
  /** Of a part that is not noted yet. */
  readonly passed?: Passed | undefined;
  readonly added?: { readonly added: Added; readonly number: number };
}

/**
 * Takes what sessions hear, in batches: remembered, then recorded, then answered. The next begins when the last has ended,
 * so that many wait for one write to the disk.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #sets: PartSets;
  readonly #queue: Incoming[] = [];
  /** Whole, or not waited for any longer, and not recorded yet. */
  readonly #due = new Set<PartSet>();
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();
  #batchEnd: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Receipts that came before it was known which message theirs is. */
  #held = 0;
  #isBusy = false;
  #hasEnded = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#sets = new PartSets(options.state, options.alphabet);
  }

  /** Resolves when there is room for more: nothing is read before. */
  async take(incoming: Incoming): Promise<void> {
    const { receipts, alphabet } = this.#options;
    const { known } = receipts;
    if (known && partOf(incoming.raw, alphabet)?.isReceipt) this.#hold(incoming, known);
    else {
      this.#queue.push(incoming);
      this.wake();
    }
    while (this.#queue.length + this.#held >= MAX_WAITING && !this.#hasEnded) await this.#batchEnd.promise;
  }

  /** What comes after it goes on. Where its session ends meanwhile, it comes again. */
  #hold(incoming: Incoming, until: Promise<unknown>): void {
    this.#held += 1;
    void until.then(() => {
      this.#held -= 1;
      if (this.#options.redeliveries.isBound(incoming.session)) this.#queue.push(incoming);
      this.#tell();
      this.wake();
    });
  }

  /** There may be something to write, or a message whose time is over. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Resolves once everything that was taken has been answered. */
  async idle(): Promise<void> {
    while ((this.#queue.length + this.#held > 0 || this.#isBusy) && !this.#hasEnded)
      await this.#batchEnd.promise;
  }

  /** Runs until `signal` aborts and nothing waits. Rejects when the sink cannot go on. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const wake = () => this.wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      while (!signal.aborted || this.#queue.length > 0) {
        this.#awake = Promise.withResolvers();
        this.#isBusy = true;
        await this.#work(this.#queue.splice(0, BATCH), sink);
        this.#endBatch();
        if (this.#queue.length === 0 && !signal.aborted) await this.#awake.promise;
      }
      // What sessions learned as they ended.
      await this.#work([], sink);
    } finally {
      signal.removeEventListener("abort", wake);
      this.#hasEnded = true;
      this.#endBatch();
    }
  }

  #endBatch(): void {
    this.#isBusy = false;
    this.#tell();
  }

  #tell(): void {
    this.#batchEnd.resolve();
    this.#batchEnd = Promise.withResolvers();
  }

  async #work(batch: readonly Incoming[], sink: ScopedSink): Promise<void> {
    const { redeliveries, receipts, talks, log, now, incompleteMs } = this.#options;
    for (const set of this.#sets.due(now() - incompleteMs)) this.#due.add(set);
    const items: Item[] = [];
    for (const incoming of batch) items.push(await this.#read(incoming, sink));
    const remembered = redeliveries.takeChanges();
    const talked = talks.changes;
    const changes = [
      ...[...remembered, ...receipts.changes, ...talked],
      ...items.flatMap(({ added }) => added?.added.changes ?? []),
    ];
    for (const { added } of items) for (const set of added?.added.evicted ?? []) this.#due.add(set);
    const passed = items.flatMap((item) => item.passed ?? []);
    if (!(await this.#written(changes, passed))) {
      redeliveries.giveBack(remembered);
      for (const { added } of items) if (added) this.#sets.undo(added.added, added.number);
      for (const item of items) this.#refuse(item);
      return;
    }
    receipts.written();
    talks.written(talked);
    for (const { added, occurrence } of items) {
      if (occurrence) occurrence.isKept = true;
      if (!added) continue;
      if (isWhole(added.added.set)) this.#due.add(added.added.set);
    }
    const due = [...this.#due];
    const isKept = await this.#captured(
      [...due.flatMap((set) => this.#eventsOf(set)), ...items.flatMap(({ events }) => events)],
      sink,
    );
    if (isKept) {
      for (const set of due) this.#due.delete(set);
      await this.#forget(due);
    } else log.warn({}, "messages cannot be kept just now: they are delivered again");
    for (const item of items) {
      const waits = item.events.length > 0 || (item.added && this.#due.has(item.added.added.set));
      if (waits && !isKept) this.#refuse(item);
      else this.#accept(item);
    }
  }

  /** They are recorded. Should that be lost, they are recorded again, under the same ids. */
  async #forget(sets: readonly PartSet[]): Promise<void> {
    if (sets.length === 0) return;
    try {
      await this.#options.state.write(sets.flatMap((set) => this.#sets.remove(set)));
    } catch (cause) {
      onlyRetryable(cause);
    }
  }

  async #read(incoming: Incoming, sink: ScopedSink): Promise<Item> {
    const { redeliveries, numbers, talks, alphabet, now } = this.#options;
    const { raw, session } = incoming;
    const digest = digestOf(raw);
    const part = partOf(raw, alphabet);
    const at = now();
    const sides = part && numbers.sides(part.source, part.destination, at);
    if (part && sides && (await sink.excludes?.({ network: "sms", ...sides }))) {
      // The sink counts it, and leaves it out: nothing of it is remembered.
      const heard: Heard = { raw, digest, token: at.toString(36), at };
      const passed = part.isReceipt ? undefined : { sides, at };
      return { incoming, occurrence: undefined, events: [this.#eventOf(heard, part, sides)], passed };
    }
    const { one, isAgain } = redeliveries.claim(digest, session);
    const heard: Heard = { raw, digest, token: one.token, at: one.at };
    if (!part || !sides) return { incoming, occurrence: one, events: [unreadable(heard)] };
    // By when it came first: whose number it is may have changed since.
    const then = numbers.sides(part.source, part.destination, heard.at);
    const passed = (isAgain && one.isKept) || part.isReceipt ? undefined : { sides: then, at: heard.at };
    if (!isSeveral(part, raw)) {
      const captured = this.#eventOf(heard, part, then);
      if (!part.isReceipt) talks.hear(then, heard.at, captured.event.text);
      return { incoming, occurrence: one, events: [captured], passed };
    }
    const of = JSON.stringify([part.source, part.destination]);
    // It was written with the message that it belongs to, which is recorded by now.
    if (isAgain && one.isKept && !this.#sets.known(heard, part.place, of))
      return { incoming, occurrence: one, events: [] };
    const added = this.#sets.add(heard, part, part.place, of);
    talks.hear(this.#sidesOf(added.set, part), added.set.at, undefined);
    return { incoming, occurrence: one, events: [], passed, added: { added, number: part.place.number } };
  }

  #eventOf(heard: Heard, part: Part, sides: Sides): Captured {
    if (!part.isReceipt) return messageOfOne(heard, part, sides);
    return receiptOf(heard, this.#options.receipts.read(readReceipt(part), sides), sides);
  }

  #eventsOf(set: PartSet): Captured[] {
    const [first] = set.parts.values();
    return first ? eventsOfWhole(set, this.#sidesOf(set, first.part), this.#options.now()) : [];
  }

  #sidesOf({ at }: PartSet, { source, destination }: Part): Sides {
    return this.#options.numbers.sides(source, destination, at);
  }

  async #written(changes: readonly StateChange[], passed: readonly Passed[]): Promise<boolean> {
    const { state, noted } = this.#options;
    try {
      if (noted) await noted.noting(passed, (more) => state.write([...changes, ...more]));
      else await state.write(changes);
      return true;
    } catch (cause) {
      onlyRetryable(cause);
      this.#options.log.warn({}, "the disk takes nothing: messages are delivered again");
      return false;
    }
  }

  async #captured(events: readonly Captured[], sink: ScopedSink): Promise<boolean> {
    try {
      const { tests, log } = this.#options;
      await captureBatches(await tests.without(events), { sink, log, inPlaceOf });
      return true;
    } catch (cause) {
      onlyRetryable(cause);
      return false;
    }
  }

  #accept({ incoming, occurrence }: Item): void {
    const as = incoming.answer(STATUS.ok);
    if (!occurrence) return;
    if (as === undefined) this.#options.redeliveries.unanswered(occurrence, incoming.session);
    else this.#options.redeliveries.answered(occurrence, as);
  }

  #refuse({ incoming, occurrence }: Item): void {
    incoming.answer(STATUS.temporaryFailure);
    if (occurrence) this.#options.redeliveries.refused(occurrence);
  }
}

function isSeveral(part: Part, raw: Buffer): part is Part & { readonly place: NonNullable<Part["place"]> } {
  return !part.isReceipt && part.place !== undefined && part.place.total > 1 && raw.length <= MAX_PART_BYTES;
}

/** @throws what is not retryable */
function onlyRetryable(cause: unknown): void {
  if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
}
