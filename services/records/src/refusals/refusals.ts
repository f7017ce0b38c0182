import type { Action, Principal } from "@daybook/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuditTrail } from "../trail.ts";

/** Refusals of one person that are recorded one by one within a minute. */
const EACH_MINUTE = 10;
const MINUTE_MS = 60_000;

interface Minute {
  readonly until: number;
  recorded: number;
  /** Refusals that were only counted, by what was refused. */
  readonly further: Map<string, number>;
}

/**
 * Puts on record what was refused to whom. Nobody can flood the log: after the first ten of a minute a person's
 * further refusals are counted, and recorded as one when the minute is over. (A count that a crash finds unrecorded is
 * lost.)
 */
export class Refusals {
  readonly #trail: AuditTrail;
  readonly #now: () => Date;
  readonly #minutes = new Map<string, Minute>();

  constructor(of: { trail: AuditTrail; now: () => Date }) {
    this.#trail = of.trail;
    this.#now = of.now;
  }

  /** Resolves once the refusal is durable, or counted. */
  async record({ id }: Pick<Principal, "id">, action: Action): Promise<void> {
    const minute = await this.#minuteOf(id);
    if (minute.recorded >= EACH_MINUTE) {
      minute.further.set(action, (minute.further.get(action) ?? 0) + 1);
      return;
    }
    minute.recorded += 1;
    await this.#trail.record({ actor: id, action: "refused", detail: { action } });
  }

  /** Records counts whenever their minute is over, and all of them at the end. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(MINUTE_MS, undefined, { signal }).catch(() => undefined);
      const { aborted } = signal;
      for (const [id, { until }] of this.#minutes) {
        if (aborted || until <= this.#now().getTime()) await this.#close(id).catch(() => undefined);
      }
      if (aborted) return;
    }
  }

  async #minuteOf(id: string): Promise<Minute> {
    const now = this.#now().getTime();
    const known = this.#minutes.get(id);
    if (known && now < known.until) return known;
    if (known) await this.#close(id);
    const fresh = this.#minutes.get(id) ?? { until: now + MINUTE_MS, recorded: 0, further: new Map() };
    this.#minutes.set(id, fresh);
    return fresh;
  }

  /** Records what was counted. When that fails it stays counted. */
  async #close(id: string): Promise<void> {
    const minute = this.#minutes.get(id);
    this.#minutes.delete(id);
    if (!minute || minute.further.size === 0) return;
    try {
      await this.#trail.record({
        actor: id,
        action: "refused",
        detail: { further: Object.fromEntries(minute.further) },
      });
    } catch (error) {
      const next = this.#minutes.get(id);
      if (next)
        for (const [action, count] of minute.further)
          next.further.set(action, (next.further.get(action) ?? 0) + count);
      else this.#minutes.set(id, minute);
      throw error;
    }
  }
}
