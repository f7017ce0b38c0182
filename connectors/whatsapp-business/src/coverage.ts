import { createHash } from "node:crypto";
import { type Captured, ConnectorError, type Event, type Sink } from "@daybook/contract";
import { z } from "zod";
import { BackOff } from "./back-off.ts";
import { type BusinessNumber, CONNECTOR } from "./options.ts";
import type { StateFile } from "./state/state-file.ts";

/** An interval that goes on is recorded so often. */
const RECORD_EVERY_MS = 3_600_000;
/** Meta sends again for so long what was not answered; what came before may be lost. */
const RETRIES_MS = 7 * 86_400_000;
const WAITS = { firstMs: 200, mostMs: 30_000 };

const mark = z.object({ from: z.int(), until: z.int() });
type Mark = z.infer<typeof mark>;

/**
 * Keeps account of when this process listened, for each number: what was so is known to the beat, also over crashes, and
 * is recorded each hour and at the next start. Whether Meta reaches it is not known by it.
 */
export class Coverage {
  readonly #state: StateFile;
  readonly #now: () => Date;
  readonly #number: BusinessNumber;

  constructor(number: BusinessNumber, of: { state: StateFile; now: () => Date }) {
    this.#number = number;
    this.#state = of.state;
    this.#now = of.now;
  }

  /** Runs until `signal` aborts; `beat` resolves when it is time for the next mark. */
  async run(sink: Sink, beat: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const name = this.#number.phoneNumberId;
    const before = mark.safeParse(this.#state.get("coverage", name)).data;
    const at = this.#now().getTime();
    if (before) await this.#record(this.#since(before, at), sink, signal);
    let now: Mark = { from: at, until: at };
    while (!signal.aborted) {
      await this.#write(now);
      await beat(signal);
      now = { ...now, until: this.#now().getTime() };
      if (now.until - now.from < RECORD_EVERY_MS) continue;
      await this.#record([this.#interval("live", now.from, now.until)], sink, signal);
      now = { from: now.until, until: now.until };
    }
    await this.#write(now);
  }

  #since({ from, until }: Mark, at: number): Captured[] {
    const events = [this.#interval("live", from, until), this.#interval("down", until, at)];
    if (at - until <= RETRIES_MS) return events.filter((one) => one !== undefined);
    const why = "Nobody listened for longer than WhatsApp sends again: what came at first may be lost";
    const gap = { why, from: iso(until), to: iso(at - RETRIES_MS) };
    return [...events, this.#event(`outage:${until}`, { kind: "gap", gap })].filter(
      (one) => one !== undefined,
    );
  }

  #interval(state: "live" | "down", from: number, to: number): Captured | undefined {
    if (to <= from) return undefined;
    const coverage = { from: iso(from), to: iso(to), state };
    return this.#event(`coverage:${from}:${state}`, { kind: "coverage", coverage });
  }

  #event(eventId: string, what: Pick<Event, "kind" | "coverage" | "gap">): Captured {
    const { phoneNumberId: account, custodian } = this.#number;
    return {
      eventId,
      stableDigest: createHash("sha256").update(eventId).digest("hex"),
      event: {
        v: 1,
        network: "whatsapp",
        method: "business-api",
        provenance: "captured",
        account,
        custodian,
        ...what,
        raw: "",
        connector: CONNECTOR,
      },
    };
  }

  async #record(events: readonly (Captured | undefined)[], sink: Sink, signal: AbortSignal): Promise<void> {
    const captured = events.filter((one) => one !== undefined);
    const backOff = new BackOff(WAITS);
    while (captured.length > 0 && !signal.aborted) {
      try {
        return await sink.capture(captured);
      } catch (cause) {
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
        await backOff.wait(signal);
      }
    }
  }

  /** A mark that is not written makes the link seem to have been down since the last. */
  async #write(value: Mark): Promise<void> {
    await this.#state
      .write([{ kind: "coverage", name: this.#number.phoneNumberId, value }])
      .catch((cause: unknown) => {
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
      });
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
