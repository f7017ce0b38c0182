import { type Change, Lane, type StateFile } from "@daybook/keeping";
import { z } from "zod";
import type { Sides } from "../reading/sides.ts";

export const HOUR_MS = 3_600_000;
/** Of one number, hour and direction: more are not noted. */
const MAX_IN_HOUR = 50_000;
/** What is older is not compared; it is noted for longer. */
export const COMPARED_MS = 42 * 24 * HOUR_MS;
const NOTED_MS = 45 * 24 * HOUR_MS;

type NotedChange = Change<"noted">;
export type Direction = "incoming" | "outgoing";

/** That a part of a message passed an official number. */
export interface Passed {
  readonly sides: Pick<Sides, "account" | "direction">;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Milliseconds after the hour's beginning. */
const hour = z.array(z.int());

/** When parts of messages passed an official number: what an aggregator's records are compared with. */
export class Noted {
  readonly #state: StateFile<"noted">;
  /** What is read is written before the next is read. */
  readonly #lane = new Lane();

  constructor(state: StateFile<"noted">) {
    this.#state = state;
  }

  /**
   * Notes what passed by `write`, which is given what to write beside what says that it passed. Resolves and rejects as that does: where it
   * fails, nothing is noted.
   */
  noting(
    passed: readonly Passed[],
    write: (changes: readonly NotedChange[]) => Promise<void>,
  ): Promise<void> {
    if (passed.length === 0) return write([]);
    return this.#lane.run(() => write(this.#changesOf(passed)));
  }

  /** From then to then, milliseconds since 1970, oldest first. */
  between(account: string, direction: Direction, from: number, to: number): number[] {
    const all: number[] = [];
    for (let start = hourOf(from); start <= to; start += HOUR_MS)
      for (const after of this.#read(nameOf(account, direction, start))) all.push(start + after);
    return all.filter((at) => at >= from && at <= to).sort((a, b) => a - b);
  }

  /** @throws {ConnectorError} `store-unavailable`, retryable */
  forget(now: number): void {
    this.#state.forget("noted", now - NOTED_MS);
  }

  #changesOf(passed: readonly Passed[]): NotedChange[] {
    const byHour = Map.groupBy(passed, ({ sides, at }) =>
      nameOf(sides.account, sides.direction === "outgoing" ? "outgoing" : "incoming", at),
    );
    return [...byHour].map(([name, more]) => {
      const all = [...this.#read(name), ...more.map(({ at }) => at % HOUR_MS)];
      return { kind: "noted", name, value: all.slice(0, MAX_IN_HOUR) };
    });
  }

  #read(name: string): number[] {
    return hour.safeParse(this.#state.get("noted", name)).data ?? [];
  }
}

export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

function nameOf(account: string, direction: Direction, at: number): string {
  return JSON.stringify([account, direction, hourOf(at)]);
}
