import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { SmsState, StateChange } from "../state.ts";

const stored = z.object({ digest: z.string(), token: z.string(), at: z.int() });

/** A PDU of which the other side may not know that we have it. */
export interface Occurrence extends z.infer<typeof stored> {
  /** Its session, while that is open and we have not refused it. */
  session: number | undefined;
  /** It is durable, and what came with it. */
  isKept: boolean;
  /** Its place among what was answered in the session. */
  answeredAs: number | undefined;
  /** Until when an equal PDU is taken for it, milliseconds since 1970; undefined before a session is bound again. */
  until: number | undefined;
}

const FREE = { session: undefined, answeredAs: undefined, until: undefined };

export interface RedeliveriesOptions {
  readonly state: SmsState;
  /** See `SmsOptions`. */
  readonly redeliveryMs: number;
  readonly now: () => number;
}

/**
 * Tells a PDU that is delivered again from another with the same bytes: SMPP gives neither an id nor a time. An equal PDU
 * is a redelivery only of one that we refused, or whose answer may not have arrived when its session ended; else it is
 * another message. In doubt it is another: two records of one message are a nuisance, one of two is a loss.
 */
export class Redeliveries {
  readonly #options: RedeliveriesOptions;
  readonly #byDigest = new Map<string, Occurrence[]>();
  readonly #bound = new Set<number>();
  #changes: StateChange[] = [];

  constructor(options: RedeliveriesOptions) {
    this.#options = options;
    for (const value of options.state.all("heard")) {
      const read = stored.safeParse(value);
      if (read.success) this.#keep({ ...read.data, ...FREE, isKept: true });
    }
  }

  /** Which one this is. It is durable once `takeChanges` are written. */
  claim(digest: string, session: number): { readonly one: Occurrence; readonly isAgain: boolean } {
    const now = this.#options.now();
    const again = this.#byDigest
      .get(digest)
      ?.find((one) => one.session === undefined && (one.until === undefined || one.until > now));
    if (again) Object.assign(again, FREE, { session });
    const token = `${now.toString(36)}${randomBytes(6).toString("hex")}`;
    const one: Occurrence = again ?? { digest, token, at: now, ...FREE, session, isKept: false };
    if (!again) this.#keep(one);
    if (!one.isKept)
      this.#changes.push({
        kind: "heard",
        name: nameOf(one),
        value: { digest, token: one.token, at: one.at },
      });
    return { one, isAgain: again !== undefined };
  }

  /** It was answered as taken. @param as its place among what the session answered */
  answered(one: Occurrence, as: number): void {
    one.answeredAs = as;
  }

  /** Its session had ended when it was to be answered as taken. */
  unanswered(one: Occurrence, session: number): void {
    if (one.session === session) this.#release(one);
  }

  /** It was answered as not taken, or not at all: it comes again. */
  refused(one: Occurrence): void {
    one.session = undefined;
    one.until = this.#options.now() + this.#options.redeliveryMs;
  }

  /** The other side has had every answer of the session up to this one. @returns whether there is anything to write */
  settled(session: number, upTo: number): boolean {
    let isAny = false;
    for (const one of this.#all()) {
      if (one.session !== session || one.answeredAs === undefined || one.answeredAs > upTo) continue;
      this.#forget(one);
      isAny = true;
    }
    return isAny;
  }

  /** From then on what was not settled may come again. */
  bound(session: number): void {
    this.#bound.add(session);
    const until = this.#options.now() + this.#options.redeliveryMs;
    for (const one of this.#all()) if (one.session === undefined) one.until ??= until;
  }

  /** Whether what it hears is still known to be its. */
  isBound(session: number): boolean {
    return this.#bound.has(session);
  }

  ended(session: number): void {
    this.#bound.delete(session);
    for (const one of this.#all()) if (one.session === session) this.#release(one);
  }

  /** What is to be written, once. What waited too long for a redelivery is forgotten with it. */
  takeChanges(): StateChange[] {
    const now = this.#options.now();
    for (const one of this.#all())
      if (one.session === undefined && one.until !== undefined && one.until <= now) this.#forget(one);
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /**
   * They were not written. What is forgotten is to be, with the next; what was claimed is written with what comes with it, when it
   * comes again.
   */
  giveBack(changes: readonly StateChange[]): void {
    this.#changes = [...changes.filter(({ value }) => value === undefined), ...this.#changes];
  }

  #release(one: Occurrence): void {
    one.session = undefined;
    one.until = this.#bound.size > 0 ? this.#options.now() + this.#options.redeliveryMs : undefined;
  }

  #keep(one: Occurrence): void {
    const equal = this.#byDigest.get(one.digest) ?? [];
    equal.push(one);
    this.#byDigest.set(one.digest, equal);
  }

  #forget(one: Occurrence): void {
    const left = (this.#byDigest.get(one.digest) ?? []).filter((other) => other !== one);
    if (left.length > 0) this.#byDigest.set(one.digest, left);
    else this.#byDigest.delete(one.digest);
    this.#changes.push({ kind: "heard", name: nameOf(one), value: undefined });
  }

  #all(): Occurrence[] {
    return [...this.#byDigest.values()].flat();
  }
}

function nameOf({ digest, token }: Pick<Occurrence, "digest" | "token">): string {
  return `${digest}:${token}`;
}
