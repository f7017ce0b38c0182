import { hash } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import type { Logger } from "@daybook/runtime";
import type { Changes } from "../changes.ts";
import type { ArchiveKeys } from "./archive-keys.ts";
import { inLanes } from "./in-lanes.ts";
import { needsRewrap, type RewrapChange, rewrapOne } from "./rewrap-one.ts";
import type { WrappedHome } from "./wrapped-home.ts";

/** Things named by one audit record. */
const BATCH = 500;
/** Names of what could not be wrapped again that are told; the rest are counted. */
const MAX_FAILURES = 100;
/** A pass that finds nothing ends the job. With more passes than this, something wraps anew to the old key. */
const MAX_PASSES = 5;

/** How far a job is. What is counted starts anew when the service does: what is done already is then read once more. */
export interface RewrapProgress {
  /** Things read, of how many there were when the pass began. */
  readonly read: number;
  readonly of: number;
  /** Wrapped again, and those that could not be opened. */
  readonly rewrapped: number;
  readonly failed: number;
}

export interface RewrapJobOptions {
  readonly id: string;
  /** In whose name its audit records are. */
  readonly actor: string;
  readonly change: RewrapChange;
  readonly changes: Changes;
  readonly archiveKeys: ArchiveKeys;
  readonly homes: readonly WrappedHome[];
  readonly log: Logger;
}

/** One run of a re-wrap, from the first thing to the last. */
export class RewrapJob {
  readonly #options: RewrapJobOptions;
  #read = 0;
  #of = 0;
  #rewrapped = 0;
  #failed = 0;
  #failures: string[] = [];

  constructor(options: RewrapJobOptions) {
    this.#options = options;
  }

  get progress(): RewrapProgress {
    return {
      read: this.#read,
      of: Math.max(this.#of, this.#read),
      rewrapped: this.#rewrapped,
      failed: this.#failed,
    };
  }

  /**
   * Resolves once nothing is left to do and that is durable. May be cut off anywhere and run again.
   *
   * @throws {ArchiveError} {CatalogueError} {RecordsError} retryable; what the signal was aborted with
   */
  async run(signal: AbortSignal): Promise<void> {
    const { id, actor, changes, log } = this.#options;
    let found = 1;
    for (let pass = 1; pass <= MAX_PASSES && found > 0; pass += 1) found = await this.#pass(signal);
    const detail = {
      id,
      rewrapped: this.#rewrapped,
      failed: this.#failed,
      failures: this.#failures,
      complete: this.#failed === 0 && found === 0,
    };
    await changes.make(actor, () =>
      Promise.resolve({ fact: { action: "key.rewrap-end", detail }, result: undefined }),
    );
    log.info({ rewrap: id, rewrapped: this.#rewrapped, failed: this.#failed }, "re-wrapped");
  }

  /** @returns how many things had to be wrapped again */
  async #pass(signal: AbortSignal): Promise<number> {
    const { homes } = this.#options;
    this.#read = 0;
    this.#failed = 0;
    this.#failures = [];
    this.#of = await countAll(homes);
    let found = 0;
    for (const home of homes) {
      for await (const batch of this.#batches(home, signal)) {
        found += batch.length;
        await this.#name(home, batch);
        await this.#rewrap(home, batch, signal);
      }
    }
    return found;
  }

  /** Names of what is not wrapped as wanted, a batch at a time. */
  async *#batches(home: WrappedHome, signal: AbortSignal): AsyncGenerator<string[], void, undefined> {
    let batch: string[] = [];
    for await (const names of inLanes(home.names())) {
      signal.throwIfAborted();
      const wanted = await Promise.all(
        names.map(async (name) => ((await this.#isWanted(home, name)) ? [name] : [])),
      );
      batch.push(...wanted.flat());
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async #isWanted(home: WrappedHome, name: string): Promise<boolean> {
    const stored = await home.read(name);
    this.#read += 1;
    try {
      return stored !== undefined && needsRewrap(stored.body, this.#options.change);
    } catch (error) {
      this.#fail(home, name, error);
      return false;
    }
  }

  /** So that nothing is written that no audit record names. */
  async #name(home: WrappedHome, names: readonly string[]): Promise<void> {
    const { id, actor, changes } = this.#options;
    const detail = {
      id,
      home: home.name,
      count: names.length,
      first: names[0] ?? "",
      last: names.at(-1) ?? "",
      digest: hash("sha256", names.map((name) => `${name}\n`).join("")),
    };
    await changes.make(actor, () =>
      Promise.resolve({ fact: { action: "key.rewrap-batch", detail }, result: undefined }),
    );
  }

  async #rewrap(home: WrappedHome, batch: readonly string[], signal: AbortSignal): Promise<void> {
    const { change, archiveKeys } = this.#options;
    const keys = archiveKeys.privateKeys();
    for await (const names of inLanes(batch)) {
      signal.throwIfAborted();
      // All come to an end before an error is told: nothing is written behind the back of who hears of it.
      const outcomes = await Promise.allSettled(
        names.map(async (name) => {
          try {
            if (await rewrapOne(home, name, change, keys)) this.#rewrapped += 1;
          } catch (error) {
            this.#fail(home, name, error);
          }
        }),
      );
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  /** What cannot be opened is left as it is, told, and stops nothing else. */
  #fail(home: WrappedHome, name: string, error: unknown): void {
    const damaged =
      error instanceof ArchiveError && (error.code === "malformed" || error.code === "undecryptable");
    if (!damaged) throw error;
    this.#failed += 1;
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(name);
    const { log } = this.#options;
    log.error({ home: home.name, name, code: error.code }, "what is wrapped here cannot be opened");
  }
}

async function countAll(homes: readonly WrappedHome[]): Promise<number> {
  let count = 0;
  for (const home of homes) for await (const _ of home.names()) count += 1;
  return count;
}
