import { createHash } from "node:crypto";
import { type Captured, ConnectorError, type Event } from "@daybook/contract";
import { z } from "zod";
import type { StateFile } from "./state-file.ts";

const coverageState = z.enum(["live", "catching-up", "down"]);
/** Whether an account hears what happens: `catching-up` while what waited at the network is handed over. */
export type CoverageState = z.infer<typeof coverageState>;

/** An interval that goes on is recorded so often, so that coverage is known to the hour. */
const RECORD_EVERY_MS = 3_600_000;
/** Waiting to be recorded, at most; then intervals are joined. */
const MAX_WAITING = 200;
/** From the least that is known of a link. */
const LESSER: readonly CoverageState[] = ["down", "catching-up", "live"];

/** Times are milliseconds since 1970. */
const waiting = z.discriminatedUnion("what", [
  z.object({ what: z.literal("coverage"), state: coverageState, from: z.int(), to: z.int() }),
  z.object({ what: z.literal("gap"), from: z.int(), to: z.int() }),
]);
type Waiting = z.infer<typeof waiting>;

const mark = z.object({
  state: coverageState.default("live"),
  from: z.int(),
  /** The last time that it was known to hold. */
  until: z.int(),
  /** Since when nothing came through, while that is so. */
  downSince: z.int().optional(),
  /** What came before and may not be recorded yet, oldest first. */
  waiting: z.array(waiting).default([]),
});
type Mark = z.infer<typeof mark>;

export interface CoverageOptions {
  readonly state: StateFile<"coverage">;
  /** Whose it is, as events name it. */
  readonly about: Pick<Event, "network" | "method" | "account" | "custodian" | "connector">;
  /** When the account was linked, milliseconds since 1970: of use the first time alone. */
  readonly linkedAt: number;
  /** How long the network keeps what it could not deliver, milliseconds, and what to say of a longer outage. */
  readonly keeps?: { readonly ms: number; readonly why: string };
  /** Resolves once they are durable. What it refuses retryably is handed over again; the same events are the same records. */
  readonly record: (events: readonly Captured[]) => Promise<void>;
}

/**
 * Keeps account of when a link was live: intervals follow each other without a hole from the link on, also over crashes,
 * after which the link is taken to have been down since it was last known to be up. An interval is handed to `record` when
 * it ends, and each hour, once the file has it.
 */
export class Coverage {
  readonly #options: CoverageOptions;
  #mark: Mark;
  #isUnwritten = false;
  #isRecording = false;

  /** @throws {ConnectorError} `malformed` when the mark is of another version, or damaged */
  constructor(options: CoverageOptions) {
    this.#options = options;
    const { state, about, linkedAt } = options;
    const stored = state.get("coverage", about.account);
    const read = stored === undefined ? undefined : mark.safeParse(stored);
    if (read?.success === false)
      throw new ConnectorError("malformed", "what is remembered of coverage is of another version");
    const last = read?.data ?? downFrom(linkedAt, []);
    const { state: was, from, until } = last;
    this.#mark = was === "down" ? last : downFrom(until, joined(last.waiting, interval(was, from, until)));
  }

  get state(): CoverageState {
    return this.#mark.state;
  }

  /** Since when. Milliseconds since 1970. */
  get since(): number {
    return this.#mark.from;
  }

  /** Since when nothing comes through, milliseconds since 1970; undefined while something does. */
  get downSince(): number | undefined {
    return this.#mark.downSince;
  }

  /** The disk takes nothing: after a crash, the link would be taken to have been down since it last did. */
  get isUnwritten(): boolean {
    return this.#isUnwritten;
  }

  /**
   * Notes that the link is in this state now. Durable once it resolves, unless `isUnwritten`: then with the next that can
   * be. What is to be recorded then was handed over, and waits for the next call where it was refused retryably.
   *
   * @param now milliseconds since 1970
   * @throws what `record` throws that is not retryable
   */
  async enter(state: CoverageState, now: number): Promise<void> {
    const before = this.#mark;
    const from = Math.min(before.from, now);
    const turns = state !== before.state || now - from >= RECORD_EVERY_MS;
    let ended = turns ? joined(before.waiting, interval(before.state, from, now)) : before.waiting;
    const { downSince } = before;
    const { keeps } = this.#options;
    if (keeps && state !== "down" && downSince !== undefined && now - downSince > keeps.ms)
      ended = [...ended, { what: "gap", from: downSince, to: now - keeps.ms }];
    this.#mark = {
      state,
      from: turns ? now : from,
      until: now,
      ...(state === "down" && { downSince: Math.min(downSince ?? now, now) }),
      waiting: ended,
    };
    if (await this.#write()) await this.#record(ended);
  }

  /** Notes that the link still is in the state that it was in: see `enter`. */
  beat(now: number): Promise<void> {
    return this.enter(this.#mark.state, now);
  }

  /** @param durable what waits, as the file has it */
  async #record(durable: readonly Waiting[]): Promise<void> {
    if (durable.length === 0 || this.#isRecording) return;
    this.#isRecording = true;
    try {
      await this.#options.record(durable.map((one) => this.#captured(one)));
      const recorded = new Set(durable);
      this.#mark = { ...this.#mark, waiting: this.#mark.waiting.filter((one) => !recorded.has(one)) };
      await this.#write();
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
    } finally {
      this.#isRecording = false;
    }
  }

  async #write(): Promise<boolean> {
    const { state, about } = this.#options;
    try {
      await state.write([{ kind: "coverage", name: about.account, value: this.#mark }]);
      this.#isUnwritten = false;
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
      this.#isUnwritten = true;
    }
    return !this.#isUnwritten;
  }

  #captured(one: Waiting): Captured {
    const times = { from: new Date(one.from).toISOString(), to: new Date(one.to).toISOString() };
    const { keeps } = this.#options;
    const { custodian, ...about } = this.#options.about;
    const said =
      one.what === "coverage"
        ? { kind: "coverage" as const, coverage: { ...times, state: one.state } }
        : { kind: "gap" as const, gap: { why: keeps?.why ?? "The link was down for too long", ...times } };
    return {
      eventId: one.what === "coverage" ? `coverage:${one.from}:${one.state}` : `outage:${one.from}`,
      stableDigest: createHash("sha256").update(JSON.stringify(said)).digest("hex"),
      event: { v: 1, provenance: "captured", ...about, ...(custodian && { custodian }), ...said, raw: "" },
    };
  }
}

function downFrom(at: number, ended: Waiting[]): Mark {
  return { state: "down", from: at, until: at, downSince: at, waiting: ended };
}

function interval(state: CoverageState, from: number, to: number): Waiting[] {
  return to > from ? [{ what: "coverage", state, from, to }] : [];
}

/** Where too many wait, an interval becomes one with the last, in the state that claims less. */
function joined(ended: readonly Waiting[], [next]: readonly Waiting[]): Waiting[] {
  const last = ended.at(-1);
  if (!next) return [...ended];
  if (ended.length < MAX_WAITING || last?.what !== "coverage" || next.what !== "coverage")
    return [...ended, next];
  const state = LESSER.find((one) => one === last.state || one === next.state) ?? "down";
  return [...ended.slice(0, -1), { what: "coverage", state, from: last.from, to: next.to }];
}
