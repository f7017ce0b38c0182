import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { BackOff, type Log } from "@daybook/keeping";
import type { SessionHealth } from "../child/protocol.ts";
import { WebError } from "../error.ts";
import type { Ended, WebProcess, WebProcessOptions } from "../process/web-process.ts";
import type { Intake } from "./intake.ts";
import type { LookAgain } from "./look-again.ts";
import { untilQuietHour } from "./quiet-hour.ts";

export interface LiveSessionOptions {
  readonly start: (heard: WebProcessOptions["heard"]) => Promise<WebProcess>;
  readonly intake: Intake;
  readonly lookAgain: LookAgain;
  readonly lookEveryMs: number;
  readonly quietHour: number;
  /** How it stands now. `version`: of WhatsApp Web, once it is known. */
  readonly onState: (state: "connecting" | "catching-up" | "live", version: string) => void;
  readonly onHealth: (health: SessionHealth) => void;
  readonly log: Log;
  readonly now: () => Date;
}

const RETRY = { firstMs: 200, mostMs: 30_000 };

/** One session from its start to its end: what it observes is recorded, and it is live once nothing before it can be missing. */
export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #over = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  #process: WebProcess | undefined;
  #version: string | undefined;
  #isConnected = true;
  #looking: Promise<void> | undefined;
  /** Of the look that goes on, or the wait for the next. */
  #interrupted = new AbortController();
  /** When its quiet hour comes, milliseconds since 1970. */
  #quietAt = Infinity;

  constructor(options: LiveSessionOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
  }

  /** While it runs. */
  get process(): WebProcess | undefined {
    return this.#process;
  }

  /**
   * Resolves with how it ended; `stopped` also when its quiet hour came, and when `signal` aborts.
   *
   * @throws {WebError} `profile-unreadable`
   * @throws {ConnectorError} what the sink cannot take is not retryable
   */
  async run(signal: AbortSignal): Promise<Ended> {
    const { start, quietHour, now, onState } = this.#options;
    onState("connecting", "");
    this.#quietAt = now().getTime() + untilQuietHour(quietHour, now());
    const process = await start((said) => this.#heard(said));
    this.#process = process;
    const stop = () => void process.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([process.ended, this.#failed.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
      this.#over.abort();
      process.kill();
      await process.ended;
      await this.#looking;
      this.#process = undefined;
    }
  }

  #heard(said: Parameters<WebProcessOptions["heard"]>[0]): void {
    if (said.t === "observed") void this.#observed(said.batch, said.items);
    if (said.t === "health") {
      this.#options.onHealth(said.health);
      if (this.#options.now().getTime() >= this.#quietAt) void this.#process?.stop();
    }
    if (said.t === "ready") {
      this.#version = said.version;
      this.#look();
    }
    if (said.t === "state") this.#state(said.state);
  }

  #state(state: string): void {
    const isConnected = state === "CONNECTED";
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    this.#interrupted.abort();
    if (this.#version === undefined) return;
    if (isConnected) this.#look();
    else this.#options.onState("connecting", this.#version);
  }

  /** Durable before the page lets go of it, however long that takes. */
  async #observed(batch: number, items: readonly { n: number; raw: string }[]): Promise<void> {
    if (await this.#until(() => this.#options.intake.take(items))) this.#process?.durable(batch);
  }

  /** Looks through what is there, now and then each hour, and after each interruption. */
  #look(): void {
    this.#interrupted.abort();
    this.#looking ??= this.#lookThrough().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookThrough(): Promise<void> {
    const { lookAgain, lookEveryMs, onState, log } = this.#options;
    const { signal } = this.#over;
    while (!signal.aborted && this.#isConnected && this.#process) {
      const process = this.#process;
      this.#interrupted = new AbortController();
      const { signal: interrupted } = this.#interrupted;
      const either = AbortSignal.any([signal, interrupted]);
      onState("catching-up", this.#version ?? "");
      await process.ask("askAgain").catch(() => undefined);
      const isDone = await this.#until(() => lookAgain.run(process, either)).catch((cause: unknown) => {
        if (!(cause instanceof WebError)) throw cause;
        log.warn({}, "WhatsApp Web could not be looked through: it is tried again");
        return false;
      });
      if (isAborted(signal)) return;
      if (interrupted.aborted) continue;
      if (isDone) onState("live", this.#version ?? "");
      const waitMs = isDone ? lookEveryMs : RETRY.mostMs;
      await sleep(waitMs, undefined, { signal: either }).catch(() => undefined);
    }
  }

  /** Repeats what may be repeated. @returns false when the session is over before it is done */
  async #until(work: () => Promise<void>): Promise<boolean> {
    const backOff = new BackOff(RETRY);
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await work();
        return true;
      } catch (cause) {
        if (cause instanceof WebError) throw cause;
        if (!(cause instanceof ConnectorError) || !cause.retryable) {
          this.#failed.reject(cause);
          return false;
        }
        this.#options.log.warn({ code: cause.code }, "what WhatsApp Web observed waits in its page");
        await backOff.wait(signal);
      }
    }
    return false;
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
