import { setTimeout as sleep } from "node:timers/promises";
import type { Queued } from "../page-port.ts";
import type { Page } from "./page.ts";

const MOST = 500;
const MOST_CHARACTERS = 4 * 1024 * 1024;
const WAIT_MS = 10_000;
const DONE_MS = 10_000;
const PAUSE_MS = 100;
const TRIES = 10;

/**
 * Hands on what the page observed, in order, from when there is a page: taken out of the page's queue once it is durable.
 * What was handed on and not taken out comes again.
 */
export class Drain {
  readonly #page: Page;
  readonly #handOn: (items: readonly Queued[]) => Promise<void>;

  /** @param handOn resolves once they are durable */
  constructor(page: Page, handOn: (items: readonly Queued[]) => Promise<void>) {
    this.#page = page;
    this.#handOn = handOn;
  }

  /** Until `signal` aborts; a page that is loading, gone or hung is asked again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const more = await this.#once(WAIT_MS).catch(() => undefined);
      if (more === undefined) await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What is there now. A page that is loading is asked again for a moment; given up where none answers. */
  async rest(): Promise<void> {
    for (let failures = 0; failures < TRIES;) {
      const taken = await this.#once(0).catch(() => undefined);
      if (taken === 0) return;
      if (taken !== undefined) continue;
      failures += 1;
      await sleep(PAUSE_MS);
    }
  }

  async #once(waitMs: number): Promise<number> {
    const items = await this.#page.take(MOST, MOST_CHARACTERS, waitMs);
    if (items.length === 0) return 0;
    await this.#handOn(items);
    await this.#page.ask("done", [items.map(({ n }) => n)], DONE_MS);
    return items.length;
  }
}
