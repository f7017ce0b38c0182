import type { LiveDatabase } from "./live-database.ts";
import { BEGINNING, type Place } from "./seen-rows.ts";
import { tellGone, tellTombstones, type VanishedDeps } from "./vanished.ts";

/** Between two comparisons of what is of late, and two of everything, in looks whether anything was written. */
const LATE_LOOKS = 30;
const ROUND_LOOKS = 30;
/** Each takes this part of the time at most. */
const LATE_SHARE = 1_000;
const ROUND_SHARE = 500;
/** Of late: Messages lets nobody edit what is older than 15 minutes, but other devices may bring it later. */
const LATE_MS = 7 * 86_400_000;

export interface ComparingDeps extends VanishedDeps {
  /** Between two looks whether anything was written, milliseconds. */
  readonly everyMs: number;
}

/** Hands over rows. Durable once resolved; where it throws, they are handed over again. */
export type Take = (rowids: readonly bigint[]) => Promise<void>;

/**
 * Finds what has changed of rows that were read: the newest at once, those of the last days soon, everything in rounds, part
 * by part. Nothing is taken for compared before what was found is durable.
 */
export class Comparing {
  readonly #deps: ComparingDeps;
  readonly #binned = new Set<string>();
  /** The last of the tombstones that were handed over. */
  #buried = 0n;
  #hasAll = false;
  /** Something was written since. */
  #mayBeLate = true;
  #mayDiffer = true;
  /** How far a round is; undefined between two. */
  #place: Place | undefined;
  /** When, of the clock that does not go back. */
  #lateAt = 0;
  #roundAt = 0;
  #partAt = 0;

  constructor(deps: ComparingDeps) {
    this.#deps = deps;
  }

  /** Whether everything was compared once: until then one part follows the other. */
  get hasAll(): boolean {
    return this.#hasAll;
  }

  /** Another connection to the database, or another database: everything is compared. */
  begin(): void {
    this.#binned.clear();
    this.#buried = 0n;
    this.#hasAll = false;
    this.#place = undefined;
    this.#roundAt = 0;
    this.#partAt = 0;
    this.written();
  }

  /** Something was written. */
  written(): void {
    this.#mayBeLate = true;
    this.#mayDiffer = true;
  }

  /**
   * What is new: rows above `last`, among the recently deleted, with a file, and the newest where they have changed.
   *
   * @returns the last row that is there
   */
  async newest(db: LiveDatabase, last: bigint, take: Take): Promise<bigint> {
    const fresh = db.after(last);
    const binned = db.binned().filter(([row, at]) => !this.#binned.has(`${row}/${at}`));
    await take([...fresh, ...binned.map(([row]) => row), ...db.newlyJoined(), ...db.recent(last)]);
    for (const [row, at] of binned) this.#binned.add(`${row}/${at}`);
    return fresh.at(-1) ?? last;
  }

  /** Ids of which nothing is left, each once. */
  async tombstones(db: LiveDatabase): Promise<void> {
    this.#buried = await tellTombstones(db, this.#buried, this.#deps);
  }

  /**
   * Looks further, if it is time.
   *
   * @returns whether everything was compared
   */
  async look(db: LiveDatabase, take: Take): Promise<boolean> {
    const now = performance.now();
    if (this.#place === undefined && this.#mayDiffer && now >= this.#roundAt) {
      this.#mayDiffer = false;
      this.#roundAt = now + this.#deps.everyMs * ROUND_LOOKS;
      this.#place = BEGINNING;
    }
    if (this.#place && now >= this.#partAt) return this.#part(db, this.#place, take);
    if (this.#hasAll && this.#mayBeLate && now >= this.#lateAt) await this.#late(db, take);
    return false;
  }

  async #late(db: LiveDatabase, take: Take): Promise<void> {
    const { everyMs, now } = this.#deps;
    const { value, restMs } = timed(() => db.since(now().getTime() - LATE_MS), LATE_SHARE);
    this.#lateAt = performance.now() + Math.max(everyMs * LATE_LOOKS, restMs);
    await take(value);
    this.#mayBeLate = false;
  }

  async #part(db: LiveDatabase, place: Place, take: Take): Promise<boolean> {
    const { value, restMs } = timed(() => db.compare(place), ROUND_SHARE);
    this.#partAt = this.#hasAll ? performance.now() + restMs : 0;
    await tellGone(db, value.gone, this.#deps);
    await take(value.changed);
    this.#place = value.next;
    this.#hasAll ||= !value.next;
    return !value.next;
  }
}

/** Does it, and says for how long it may not be done again. */
function timed<T>(work: () => T, share: number): { value: T; restMs: number } {
  const began = performance.now();
  const value = work();
  return { value, restMs: (performance.now() - began) * share };
}
