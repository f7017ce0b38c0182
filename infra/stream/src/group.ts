/** One partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** Works on a partition until `signal` aborts. Resolving sooner gives nothing back. */
export type PartitionWork = (topic: string, partition: number, signal: AbortSignal) => Promise<void>;

/**
 * Shares partitions among the processes of a group. It says who should work, and fences nobody: a process that slept
 * may work beside its successor for a while, so what the work writes has to be fenced by itself.
 */
export interface StreamGroup {
  /**
   * Takes part in the group until `signal` aborts, then stops what runs, waits for it and leaves. Runs `work` for each
   * partition that this process is given, never twice at a time for the same one; aborts its signal when another gets
   * the partition, or when this process can no longer know that none has. A partition that stays is not interrupted.
   *
   * @throws what `work` rejected with, after the rest has stopped; {StreamError} when the group does not let this
   *   process in; {RangeError} when its members share other partitions. An unreachable group is tried for ever
   */
  share(work: PartitionWork, signal: AbortSignal): Promise<void>;
}

/** The group of a process that has everything to itself, as with the file stream. */
export function soleGroup(partitions: Readonly<Record<string, number>>): StreamGroup {
  return {
    async share(work, signal) {
      if (signal.aborted) return;
      const failure = new AbortController();
      const works = new Works(work, (error) => failure.abort(error));
      works.have(placesOf(partitions));
      const ending = AbortSignal.any([signal, failure.signal]);
      await new Promise<void>((resolve) => {
        ending.addEventListener("abort", () => resolve(), { once: true });
      });
      await works.end();
    },
  };
}

/** Every partition of these topics, in order. */
export function placesOf(partitions: Readonly<Record<string, number>>): Place[] {
  return Object.entries(partitions).flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
}

export function placeKey({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}

interface Running {
  readonly place: Place;
  readonly stopping: AbortController;
}

/** The works of one process, started and stopped as its partitions come and go. */
export class Works {
  readonly #work: PartitionWork;
  readonly #onFailure: (error: unknown) => void;
  readonly #running = new Map<string, Running>();
  /** The latest work of each partition, also when it is being stopped. */
  readonly #latest = new Map<string, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** @param onFailure told of the first work that rejects */
  constructor(work: PartitionWork, onFailure: (error: unknown) => void) {
    this.#work = work;
    this.#onFailure = onFailure;
  }

  /** Partitions that are worked on and not being stopped. */
  get held(): Place[] {
    return [...this.#running.values()].map(({ place }) => place);
  }

  /** Stops what is not among `places`, starts what is new, and leaves the rest alone. */
  have(places: readonly Place[]): void {
    const wanted = new Set(places.map(placeKey));
    for (const [key, { stopping }] of this.#running) {
      if (wanted.has(key)) continue;
      this.#running.delete(key);
      stopping.abort();
    }
    for (const place of places) {
      const key = placeKey(place);
      if (!this.#running.has(key)) this.#start(key, place);
    }
  }

  /** Stops everything and waits for it. Rejects with what a work rejected with. */
  async end(): Promise<void> {
    this.have([]);
    await Promise.all(this.#latest.values());
    if (this.#failure) throw this.#failure.error;
  }

  #start(key: string, place: Place): void {
    const stopping = new AbortController();
    const { signal } = stopping;
    const before = this.#latest.get(key) ?? Promise.resolve();
    this.#running.set(key, { place, stopping });
    const run = async () => {
      await before;
      if (!signal.aborted) await this.#work(place.topic, place.partition, signal);
    };
    const done = run().catch((error: unknown) => {
      if (this.#failure) return;
      this.#failure = { error };
      this.#onFailure(error);
    });
    this.#latest.set(key, done);
  }
}
