import { SignalError, type SignalErrorCode } from "../error.ts";

const WORDS: Partial<Record<SignalErrorCode, string>> = {
  unregistered: "no longer on Signal",
  "identity-changed": "with a new safety number that nobody has confirmed",
  "rate-limited": "to whom Signal takes no more for now",
  challenge: "to whom Signal sends only after a person has proved to be one, on the phone",
  malformed: "whose keys at Signal are not valid",
};

/** Whom of a group a message does not reach, and why. What may mend itself is not among it. */
export class Missed {
  readonly #why = new Map<string, SignalErrorCode>();

  get size(): number {
    return this.#why.size;
  }

  has(member: string): boolean {
    return this.#why.has(member);
  }

  add(member: string, why: SignalErrorCode): void {
    this.#why.set(member, why);
  }

  /**
   * Takes note of why a member cannot be reached.
   *
   * @throws {SignalError} what is of nobody in particular: it may mend itself
   */
  take(member: string, cause: unknown): void {
    if (!(cause instanceof SignalError) || WORDS[cause.code] === undefined) throw cause;
    this.add(member, cause.code);
  }

  /** What keeps most of them away. */
  get mostly(): SignalErrorCode | undefined {
    return this.#counted()[0]?.[0];
  }

  /** In words, for who asked; undefined where everybody was reached. @param all members but the account itself */
  told(all: number): string | undefined {
    if (this.size === 0) return undefined;
    const parts = this.#counted().map(([code, count]) => `${count} ${WORDS[code] ?? "for another reason"}`);
    return `It did not reach ${this.size} of ${all} members: ${parts.join(", ")}`;
  }

  #counted(): [SignalErrorCode, number][] {
    const counts = new Map<SignalErrorCode, number>();
    for (const code of this.#why.values()) counts.set(code, (counts.get(code) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a);
  }
}
