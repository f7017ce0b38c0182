import type { Change, StateFile } from "@daybook/keeping";
import { z } from "zod";
import type { Sides } from "../reading/sides.ts";

export const HOUR_MS = 3_600_000;
/** Of one number, hour and direction: more are not told apart in time. */
const MAX_IN_HOUR = 50_000;
/** What is older is not compared; it is noted for longer. */
export const COMPARED_MS = 42 * 24 * HOUR_MS;
const NOTED_MS = 45 * 24 * HOUR_MS;
const MAX_HOURS = 1_000;

type NotedChange = Change<"noted">;
export type Direction = "incoming" | "outgoing";

/** Milliseconds after the hour's beginning. */
const hour = z.array(z.int());

/** When parts of messages passed an official number: what an aggregator's records are compared with. */
export class Noted {
  readonly #state: StateFile<"noted">;
  /** As they are to be on the disk. */
  readonly #hours = new Map<string, number[]>();

  constructor(state: StateFile<"noted">) {
    this.#state = state;
  }

  /** @param at milliseconds since 1970 @returns what is to be written, with what says that it passed */
  note({ account, direction }: Pick<Sides, "account" | "direction">, at: number): NotedChange {
    const name = nameOf(account, direction === "outgoing" ? "outgoing" : "incoming", at);
    const before = this.#hours.get(name) ?? this.#read(name);
    const all = before.length < MAX_IN_HOUR ? [...before, at % HOUR_MS] : before;
    if (this.#hours.size >= MAX_HOURS) this.#hours.clear();
    this.#hours.set(name, all);
    return { kind: "noted", name, value: all };
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
