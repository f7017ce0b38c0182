import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Captured, ConnectorError } from "@daybook/contract";
import { Canary, type Log } from "@daybook/keeping";
import type { AgentState } from "./spool/agent-state.ts";
import type { Outgoing } from "./spool/outbox.ts";

const COMMAND_MS = 60_000;

/** How is tried whether Messages still hears. */
export interface LivenessCommands {
  /** Gets the words as its only argument, and has another Apple account send them to this one. */
  readonly send: string;
  /** Tried one after the other when they do not come: bring Messages forward, start it again. */
  readonly wake: readonly string[];
  /** Between two tests, and how long is waited for one, and after each of `wake`. Milliseconds: 15 and 2 minutes unless given. */
  readonly everyMs?: number;
  readonly withinMs?: number;
}

export interface LivenessDeps extends LivenessCommands {
  readonly agent: string;
  readonly state: AgentState;
  /** Durable once resolved. */
  readonly handOver: (outgoing: readonly Outgoing[]) => Promise<void>;
  readonly onProblem: (problem: string | undefined) => void;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * Messages can be deaf while all looks well: a test message that arrives is coverage, and one that does not, though Messages was
 * woken, is a gap and an alarm.
 */
export class Liveness {
  readonly #deps: LivenessDeps;
  readonly #canary: Canary;
  readonly #withinMs: number;
  #heard: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(deps: LivenessDeps) {
    this.#deps = deps;
    const { agent, send, wake, everyMs = 15 * 60_000, withinMs = 2 * 60_000 } = deps;
    this.#withinMs = withinMs;
    this.#canary = new Canary({
      state: deps.state,
      // Whose account it is, the server knows.
      about: {
        network: "imessage",
        method: "device-agent",
        account: agent,
        connector: { name: "imessage-agent", version: "1" },
      },
      send: (text, signal) => run(send, [text], signal),
      everyMs,
      withinMs: withinMs * (wake.length + 1),
      record: (events) => deps.handOver(events.map(outgoingOf)),
      log: deps.log,
      now: deps.now,
    });
  }

  /** Whether these words are a test of ours: then they are no message. @throws {ConnectorError} `store-unavailable`, retryable */
  async isTest(text: string): Promise<boolean> {
    const isOurs = await this.#canary.hear(text);
    if (isOurs) this.#heard.resolve();
    return isOurs;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs = 15 * 60_000 } = this.#deps;
    while (!signal.aborted) {
      const began = performance.now();
      await this.#test(signal);
      const rest = everyMs - (performance.now() - began);
      await sleep(Math.max(0, rest), undefined, { signal }).catch(() => undefined);
    }
  }

  async #test(signal: AbortSignal): Promise<void> {
    const { wake, onProblem, log } = this.#deps;
    this.#heard = Promise.withResolvers();
    await this.#canary.send(signal);
    const couldSend = !this.#canary.alerts.includes("canary-not-sent");
    for (const step of couldSend ? [undefined, ...wake] : []) {
      if (step !== undefined) {
        log.warn({}, "a test message has not come: Messages is woken");
        await run(step, [], signal).catch(() => {
          if (!signal.aborted) log.warn({}, "Messages could not be woken");
        });
      }
      if ((await this.#isHeard(signal)) || signal.aborted) break;
    }
    if (signal.aborted) return;
    // It is overdue only then.
    await sleep(2, undefined, { signal }).catch(() => undefined);
    await this.#canary.look().catch((error: unknown) => {
      if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      log.warn({ code: error.code }, "what became of a test message cannot be written down");
    });
    onProblem(this.#canary.alerts[0]);
  }

  async #isHeard(signal: AbortSignal): Promise<boolean> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const isHeard = await Promise.race([
      this.#heard.promise.then(() => true),
      sleep(this.#withinMs, false, { signal: both }).catch(() => false),
    ]);
    stop.abort();
    return isHeard;
  }
}

function outgoingOf({ eventId, event: { coverage, gap } }: Captured): Outgoing {
  const said = { v: 1, seen: "canary", id: eventId, ...(coverage && { coverage }), ...(gap && { gap }) };
  return { raw: Buffer.from(JSON.stringify(said)), parts: [], changes: [] };
}

/** @throws {ConnectorError} `network-unavailable` */
async function run(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(program, args, { signal, timeout: COMMAND_MS });
  } catch {
    // What a program says may quote what it was given.
    throw new ConnectorError("network-unavailable", "a command of the agent's failed");
  }
}
