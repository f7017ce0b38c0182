import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Captured, ConnectorError, type Event } from "@daybook/contract";
import { z } from "zod";
import { Lane } from "./lane.ts";
import type { Log } from "./log.ts";
import type { StateFile } from "./state-file.ts";

/** Beside its nonce: nobody writes it by chance. */
const WORD = "daybook-canary";
const NONCE = new RegExp(`\\b${WORD}[ -]([0-9a-f]{32})\\b`);
const ALONE = new RegExp(`^\\s*${WORD}[ -][0-9a-f]{32}\\s*$`);
/** A test that comes later is taken for a message. */
const REMEMBERED_MS = 30 * 86_400_000;
const MAX_TEXT = 16_384;
/** Tests under way, and what waits to be recorded: beyond, the oldest is given up. */
const MOST = 200;

/** Times are milliseconds since 1970. */
const waiting = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("coverage"),
    nonce: z.string(),
    state: z.enum(["live", "down"]),
    from: z.int(),
    to: z.int(),
  }),
  z.object({ kind: z.literal("gap"), nonce: z.string(), from: z.int() }),
]);
type Waiting = z.infer<typeof waiting>;

const mark = z.object({
  /** Sent and neither heard nor overdue, oldest first. */
  sent: z.array(z.object({ nonce: z.string(), at: z.int() })).default([]),
  /** When the last test that arrived was sent. */
  provenAt: z.int().optional(),
  /** Since when nothing is known to arrive, while a test is missing. */
  downSince: z.int().optional(),
  waiting: z.array(waiting).default([]),
});
type Mark = z.infer<typeof mark>;

const test = z.object({ at: z.int(), isHeard: z.boolean() });

/** Whether these words are those of a test and no others, ours or not. */
export function isNothingButTest(text: string): boolean {
  return text.length <= MAX_TEXT && ALONE.test(text);
}

export interface CanaryOptions {
  readonly state: StateFile<"canary">;
  /** Whose channel it is, as events name it. */
  readonly about: Pick<Event, "network" | "method" | "account" | "custodian" | "connector">;
  /**
   * Sends a message of these words so that it has to come back through the channel. What it throws says that it could not be
   * sent: nothing is known of the channel by that.
   */
  readonly send: (text: string, signal: AbortSignal) => Promise<void>;
  /** Between two tests, and within what each has to arrive: less. */
  readonly everyMs: number;
  readonly withinMs: number;
  /** Resolves once they are durable. What it refuses retryably is handed over again; the same events are the same records. */
  readonly record: (events: readonly Captured[]) => Promise<void>;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Test messages that must arrive: each bears a nonce that is written down before it is sent. One that arrives is coverage, and no
 * message, so that no search finds it; one that does not is a gap and an alarm. A channel can be deaf while its process is up.
 */
export class Canary {
  readonly #options: CanaryOptions;
  #mark: Mark;
  #couldSend = true;
  /** One change after another: each begins with what the one before left. */
  readonly #lane = new Lane();

  /** @throws {ConnectorError} `malformed` when what is remembered is of another version, or damaged */
  constructor(options: CanaryOptions) {
    this.#options = options;
    const { data } = mark.safeParse(options.state.get("canary", options.about.account) ?? {});
    if (!data)
      throw new ConnectorError("malformed", "what is remembered of test messages is of another version");
    // Whether those were sent, nobody knows: if they arrive, they are tests still.
    this.#mark = { ...data, sent: [] };
  }

  /** For `LinkHealth`: what is to be seen to. */
  get alerts(): readonly string[] {
    return [
      ...(this.#mark.downSince === undefined ? [] : ["canary-missing"]),
      ...(this.#couldSend ? [] : ["canary-not-sent"]),
    ];
  }

  /** Since when nothing is known to arrive, milliseconds since 1970; undefined while no test is missing. */
  get downSince(): number | undefined {
    return this.#mark.downSince;
  }

  /**
   * Whether these words are a test of ours: then they are no message, and that it arrived is durable. Repeatable, as what
   * brings them is.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: whether it is durable is not known
   */
  hear(text: string): Promise<boolean> {
    const nonce = NONCE.exec(text.slice(0, MAX_TEXT))?.[1];
    if (nonce === undefined) return Promise.resolve(false);
    return this.#lane.run(async () => {
      const { data: sent } = test.safeParse(this.#options.state.get("canary", `nonce ${nonce}`));
      if (!sent) return false;
      if (!sent.isHeard)
        await this.#write(this.#arrived(nonce, sent.at), { nonce, at: sent.at, isHeard: true });
      return true;
    });
  }

  /** Whether these words are a test of ours, that arrived or not: for what tells of it by another way than the channel. */
  knows(text: string): boolean {
    const nonce = NONCE.exec(text.slice(0, MAX_TEXT))?.[1];
    return nonce !== undefined && this.#options.state.get("canary", `nonce ${nonce}`) !== undefined;
  }

  #arrived(nonce: string, sentAt: number): Mark {
    const { provenAt, downSince, ...before } = this.#mark;
    const to = Math.max(sentAt, this.#options.now().getTime());
    // What was sent while a test was missing proves nothing of before.
    const from = downSince === undefined ? Math.min(sentAt, provenAt ?? sentAt) : sentAt;
    const said: Waiting[] = [];
    if (downSince !== undefined && downSince < sentAt)
      said.push({ kind: "coverage", nonce, state: "down", from: downSince, to: sentAt });
    if (to > from) said.push({ kind: "coverage", nonce, state: "live", from, to });
    return {
      ...before,
      sent: before.sent.filter((one) => one.nonce !== nonce),
      provenAt: Math.max(sentAt, provenAt ?? 0),
      waiting: [...before.waiting, ...said],
    };
  }

  /** Sends tests, and notices those that do not arrive, until `signal` aborts. @throws what `record` throws that is not retryable */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs, withinMs } = this.#options;
    const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      await this.send(signal);
      await wait(withinMs + 1);
      await this.look().catch((error: unknown) => {
        if (!(error instanceof ConnectorError) || !error.retryable) throw error;
        this.#options.log.warn({ code: error.code }, "what became of test messages cannot be written down");
      });
      await wait(Math.max(0, everyMs - withinMs));
    }
  }

  /** Sends one test, once it is durable that it is one. */
  async send(signal: AbortSignal): Promise<void> {
    const { state, about, now, send, log } = this.#options;
    const [nonce, at] = [randomBytes(16).toString("hex"), now().getTime()];
    try {
      await this.#lane.run(() => {
        const sent = [...this.#mark.sent, { nonce, at }];
        return this.#write({ ...this.#mark, sent }, { nonce, at, isHeard: false });
      });
      state.forget("canary", at - REMEMBERED_MS);
      await send(`${WORD} ${nonce}`, signal);
      this.#couldSend = true;
    } catch (error) {
      // It may arrive all the same, and is known then; that it does not says nothing.
      await this.#lane.run(() => {
        const sent = this.#mark.sent.filter((one) => one.nonce !== nonce);
        this.#mark = { ...this.#mark, sent };
        return Promise.resolve();
      });
      if (signal.aborted) return;
      this.#couldSend = false;
      const code = error instanceof ConnectorError ? error.code : "unknown";
      log.warn({ network: about.network, code }, "a test message could not be sent");
    }
  }

  /**
   * Notices tests that are overdue, and records what there is to say. Repeatable.
   *
   * @throws what `record` throws that is not retryable; {ConnectorError} `store-unavailable`, retryable
   */
  async look(): Promise<void> {
    await this.#lane.run(() => this.#notice());
    await this.#lane.run(() => this.#record());
  }

  async #notice(): Promise<void> {
    const { now, withinMs, log, about } = this.#options;
    const { sent, provenAt, downSince, waiting: before } = this.#mark;
    const due = now().getTime() - withinMs;
    const [missing] = sent.filter(({ at }) => at < due);
    if (!missing) return;
    const from = downSince ?? provenAt ?? missing.at;
    const said: Waiting[] = downSince === undefined ? [{ kind: "gap", nonce: missing.nonce, from }] : [];
    await this.#write({
      ...this.#mark,
      sent: sent.filter(({ at }) => at >= due),
      downSince: from,
      waiting: [...before, ...said],
    });
    const of = { network: about.network, method: about.method };
    log.error(of, "a test message did not arrive: the channel is deaf");
  }

  async #record(): Promise<void> {
    const { waiting: durable } = this.#mark;
    if (durable.length === 0) return;
    try {
      await this.#options.record(durable.map((one) => this.#captured(one)));
      await this.#write({ ...this.#mark, waiting: [] });
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
    }
  }

  /** In the lane alone. Durable once resolved; what is remembered stands where the disk takes nothing. */
  async #write(to: Mark, row?: { readonly nonce: string; readonly at: number; readonly isHeard: boolean }) {
    const { state, about } = this.#options;
    const value = { ...to, sent: to.sent.slice(-MOST), waiting: to.waiting.slice(-MOST) };
    const { nonce, ...of } = row ?? {};
    await state.write([
      { kind: "canary", name: about.account, value },
      ...(nonce === undefined ? [] : [{ kind: "canary" as const, name: `nonce ${nonce}`, value: of }]),
    ]);
    this.#mark = value;
  }

  #captured(one: Waiting): Captured {
    const from = new Date(one.from).toISOString();
    const said =
      one.kind === "coverage"
        ? {
            kind: "coverage" as const,
            coverage: { from, to: new Date(one.to).toISOString(), state: one.state },
          }
        : { kind: "gap" as const, gap: { from, why: this.#why, about: "test message" } };
    const what = one.kind === "coverage" ? one.state : "missing";
    return {
      eventId: `canary:${one.nonce}:${what}`,
      stableDigest: createHash("sha256").update(JSON.stringify(said)).digest("hex"),
      event: { v: 1, provenance: "captured", ...this.#options.about, ...said, raw: "" },
    };
  }

  get #why(): string {
    const minutes = Math.ceil(this.#options.withinMs / 60_000);
    return `A test message did not arrive within ${minutes} minutes: what was sent since the last that did may be missing`;
  }
}
