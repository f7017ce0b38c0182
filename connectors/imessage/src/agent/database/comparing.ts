import type { LiveDatabase } from "./live-database.ts";
import { tellGone, tellTombstones, type VanishedDeps } from "./vanished.ts";

/** Between two looks at what was edited, and two comparisons of everything, in looks whether anything was written. */
const EDITED_LOOKS = 30;
const ALL_LOOKS = 300;
/** Each takes this part of the time at most: of everything, where rows are known to be gone, and else. */
const EDITED_SHARE = 200;
const GONE_SHARE = 100;
const ALL_SHARE = 400;

export interface ComparingDeps extends VanishedDeps {
  /** Between two looks whether anything was written, milliseconds. */
  readonly everyMs: number;
}

/** Hands over rows. Durable once resolved; where it throws, they are handed over again. */
export type Take = (rowids: readonly bigint[]) => Promise<void>;

/**
 * Finds what has changed of rows that were read: the newest at once, edits and late files of the others soon, everything now
 * and then. Nothing is taken for compared before what was found is durable.
 */
export class Comparing {
  readonly #deps: ComparingDeps;
  readonly #binned = new Set<string>();
  /** The last of the tombstones that were handed over. */
  #buried = 0n;
  #hasAll = false;
  /** Something was written since. */
  #mayBeEdited = true;
  #mayDiffer = true;
  /** When, of the clock that does not go back. */
  #editedAt = 0;
  #allAt = 0;
  #goneAt = 0;

  constructor(deps: ComparingDeps) {
    this.#deps = deps;
  }

  /** Whether everything was compared once: until then the comparison brings what is new. */
  get hasAll(): boolean {
    return this.#hasAll;
  }

  /** Another connection to the database, or another database: everything is compared. */
  begin(): void {
    this.#binned.clear();
    this.#buried = 0n;
    this.#hasAll = false;
    this.#allAt = 0;
    this.written();
  }

  /** Something was written. */
  written(): void {
    this.#mayBeEdited = true;
    this.#mayDiffer = true;
  }

  /** What is new: rows above `last`, among the recently deleted, with a file, and the newest where they have changed. */
  async newest(db: LiveDatabase, last: bigint, take: Take): Promise<void> {
    const fresh = db.after(last);
    const binned = this.#newlyBinned(db);
    await take([...fresh, ...binned.map(([row]) => row), ...db.newlyJoined(), ...db.recent(last)]);
    this.#keepBinned(binned);
  }

  /** Ids of which nothing is left, each once. */
  async tombstones(db: LiveDatabase): Promise<void> {
    this.#buried = await tellTombstones(db, this.#buried, this.#deps);
  }

  /**
   * Looks further, if it is time.
   *
   * @param held rows that were not taken yet
   * @returns whether everything was compared
   */
  async look(db: LiveDatabase, held: number, take: Take): Promise<boolean> {
    if (this.#mayDiffer && performance.now() >= this.#allAt) {
      await this.#all(db, take);
      return true;
    }
    if (this.#mayBeEdited && performance.now() >= this.#editedAt) await this.#edited(db, held, take);
    return false;
  }

  async #edited(db: LiveDatabase, held: number, take: Take): Promise<void> {
    const { value, next } = paced(() => db.edited(held), this.#deps.everyMs * EDITED_LOOKS, EDITED_SHARE);
    this.#editedAt = next;
    if (!value.isAsMany) this.#allAt = Math.min(this.#allAt, this.#goneAt);
    await take(value.changed);
    this.#mayBeEdited = false;
  }

  async #all(db: LiveDatabase, take: Take): Promise<void> {
    const { everyMs } = this.#deps;
    // Before the rows are read: what is put there later is new at the next look.
    const binned = this.#newlyBinned(db);
    const began = performance.now();
    const { value, next } = paced(() => db.differences(), everyMs * ALL_LOOKS, ALL_SHARE);
    this.#goneAt = began + (performance.now() - began) * GONE_SHARE;
    // Where what was found cannot be kept, soon again.
    this.#allAt = this.#goneAt;
    await tellGone(db, value.gone, this.#deps);
    await take([...value.changed, ...binned.map(([row]) => row)]);
    this.#keepBinned(binned);
    this.#allAt = next;
    this.#editedAt = performance.now() + everyMs * EDITED_LOOKS;
    this.#mayBeEdited = false;
    this.#mayDiffer = false;
    this.#hasAll = true;
  }

  /** Rows of the recently deleted that were not handed over as such, and when they were put there. */
  #newlyBinned(db: LiveDatabase): [bigint, bigint][] {
    return db.binned().filter(([row, at]) => !this.#binned.has(`${row}/${at}`));
  }

  #keepBinned(binned: readonly [bigint, bigint][]): void {
    for (const [row, at] of binned) this.#binned.add(`${row}/${at}`);
  }
}

/** Does it, and says when it may be done again. */
function paced<T>(work: () => T, leastMs: number, share: number): { value: T; next: number } {
  const began = performance.now();
  const value = work();
  const now = performance.now();
  return { value, next: now + Math.max(leastMs, (now - began) * share) };
}
