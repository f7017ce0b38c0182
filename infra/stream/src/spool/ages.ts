/** How far apart two times that are remembered lie, ms. */
const STEP_MS = 1_000;
const MOST = 4_096;

/**
 * When the messages of a partition came, as far as it matters how old the oldest that waits is. It keeps a time a
 * second, and fewer when many have gathered: a message may then seem older than it is, never younger.
 */
export class Ages {
  /** Ascending in offset: from this message on, none came earlier. */
  #marks: { readonly offset: number; readonly at: number }[];

  /** @param since no message from `offset` on came earlier, ms since 1970 */
  constructor(offset: number, since: number) {
    this.#marks = [{ offset, at: since }];
  }

  /** Notes that messages from `offset` on came no earlier than `at`. */
  note(offset: number, at: number): void {
    const last = this.#marks.at(-1);
    if (last && (offset <= last.offset || Math.abs(at - last.at) < STEP_MS)) return;
    this.#marks.push({ offset, at });
    if (this.#marks.length > MOST) this.#marks = this.#marks.filter((_, i) => i % 2 === 0);
  }

  /** A time at which the message had not come yet, or just then. Forgets those before it. */
  of(offset: number): number {
    let passed = 0;
    while ((this.#marks[passed + 1]?.offset ?? Infinity) <= offset) passed += 1;
    this.#marks.splice(0, passed);
    return this.#marks[0]?.at ?? 0;
  }
}
