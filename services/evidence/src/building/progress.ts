/** Before this share of the records is read, a rate says nothing. */
const LEAST_SHARE = 0.02;
/** Nor before this time has passed. */
const LEAST_MS = 2_000;

export type Stage = "waiting" | "records" | "reading-copies" | "receipt";

/** How far a build is. Records of conversations are read twice where reading copies are made of them. */
export interface BuildProgress {
  readonly stage: Stage;
  /** Records read. */
  readonly done: number;
  /** Records to be read. */
  readonly of: number;
  /** Of the package. */
  readonly bytes: number;
  readonly startedAt: string | null;
  /** From the rate so far; null until there is one, and once all is read. */
  readonly secondsLeft: number | null;
}

/** Counts what a build has done, and says from that how long it takes yet. */
export class Meter {
  readonly #of: number;
  readonly #now: () => Date;
  #stage: Stage = "waiting";
  #done = 0;
  #bytes = 0;
  #startedMs: number | undefined;

  /** @param of records to be read */
  constructor(of: number, now: () => Date) {
    this.#of = of;
    this.#now = now;
  }

  start(): void {
    this.#startedMs = this.#now().getTime();
    this.#stage = "records";
  }

  read(stage: Stage): void {
    this.#stage = stage;
    this.#done += 1;
  }

  /** What is left is not reading. */
  enter(stage: Stage): void {
    this.#stage = stage;
  }

  written(bytes: number): void {
    this.#bytes = bytes;
  }

  progress(): BuildProgress {
    return {
      stage: this.#stage,
      done: this.#done,
      of: this.#of,
      bytes: this.#bytes,
      startedAt: this.#startedMs === undefined ? null : new Date(this.#startedMs).toISOString(),
      secondsLeft: this.#secondsLeft(),
    };
  }

  #secondsLeft(): number | null {
    if (this.#startedMs === undefined || this.#done >= this.#of) return null;
    const tookMs = this.#now().getTime() - this.#startedMs;
    const share = this.#done / this.#of;
    if (tookMs < LEAST_MS || share < LEAST_SHARE) return null;
    return Math.ceil((tookMs * (1 - share)) / share / 1_000);
  }
}
