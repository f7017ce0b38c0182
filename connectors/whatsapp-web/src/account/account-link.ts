import { setTimeout as sleep } from "node:timers/promises";
import {
  type Captured,
  ConnectorError,
  type LinkHealth,
  type Outbound,
  type RelayOutcome,
} from "@daybook/contract";
import { BackOff, Coverage, type Log, type ScopedSink, type Waits } from "@daybook/keeping";
import type { SessionHealth } from "../child/protocol.ts";
import { WebError } from "../error.ts";
import type { Ended } from "../process/web-process.ts";
import { type About, CONNECTOR, type Draft } from "../reading/drafts.ts";
import { type Refusal, Sending } from "../sending.ts";
import { after, alertsOf, type LinkStatus, wordsOf } from "./health.ts";
import { Intake } from "./intake.ts";
import { type Account, type AccountState, forgetOld } from "./kept.ts";
import { LiveSession } from "./live-session.ts";
import { LookAgain } from "./look-again.ts";
import { AccountMedia } from "./media.ts";
import { linkEvents, ownEvent } from "./own-events.ts";
import type { Sessions } from "./sessions.ts";

export interface AccountLinkOptions {
  readonly state: AccountState;
  readonly sessions: Sessions;
  readonly sink: ScopedSink;
  readonly account: Account;
  /** Hour of the day, UTC, at which the browser is started anew. */
  readonly quietHour: number;
  readonly lookEveryMs: number;
  readonly restartWaits?: Waits | undefined;
  /** Before an account that WhatsApp does not let in is tried again, in the place of the usual. */
  readonly heldMs?: number | undefined;
  readonly mediaWaits?: Waits | undefined;
  readonly maxFileMiB: number;
  /** How long WhatsApp may take to answer a message that is sent. */
  readonly answerMs: number;
  readonly log: Log;
  readonly now: () => Date;
  readonly onHealth?: ((health: LinkHealth) => void) | undefined;
}

const BEAT_MS = 30_000;
/** WhatsApp keeps messages for a device that is away so long. */
const KEEPS = {
  ms: 30 * 86_400_000,
  why: "The link was down for longer than WhatsApp keeps messages: some may be lost",
};
const RETRY = { firstMs: 200, mostMs: 30_000 };
const WAITS = { firstMs: 5_000, mostMs: 900_000 };

/** One account: its session, started again whenever it ends, and what becomes of what it hears. */
export class AccountLink {
  readonly #options: AccountLinkOptions;
  readonly #sending: Sending;
  readonly #coverage: Coverage;
  readonly #media: AccountMedia;
  /** One for all its sessions: what one of them left under way comes before what the next hands over. */
  readonly #intake: Intake;
  #status: LinkStatus = "connecting";
  #problem: string | undefined;
  #version = "";
  #page: SessionHealth | undefined;
  #session: LiveSession | undefined;
  /** What runs beside could not go on. */
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: AccountLinkOptions) {
    this.#options = options;
    const { state, sink, account, mediaWaits, maxFileMiB, answerMs, log, now } = options;
    this.#media = new AccountMedia({
      ...{ state, now, log, maxFileMiB, waits: mediaWaits },
      page: () => (isUp(this.#status) ? this.#session?.process : undefined),
    });
    this.#coverage = coverageOf(state, account, (events) => sink.capture(events));
    this.#sending = new Sending(state, now, answerMs);
    this.#intake = new Intake({
      ...{ state, sink, log },
      about: () => this.#about,
      recognise: (draft) => this.#sending.recognise(draft),
      recorded: (drafts) => this.#recorded(drafts),
    });
  }

  get account(): Account {
    return this.#options.account;
  }

  get health(): LinkHealth {
    const { wid, custodian, linkedAt, heardUntil } = this.account;
    const { downSince } = this.#coverage;
    const now = this.#options.now().getTime();
    const alerts = alertsOf({ page: this.#page, status: this.#status, downSince, now });
    const words = wordsOf(this.#problem, alerts);
    return {
      account: wid,
      custodian,
      status: this.#status,
      link: {
        since: new Date(linkedAt),
        ...(heardUntil !== undefined && { heardUntil: new Date(heardUntil) }),
      },
      ...(words !== "" && { problem: words }),
      alerts,
      ...(downSince !== undefined && { downSince: new Date(downSince) }),
    };
  }

  /**
   * @param refusal why nothing is sent
   * @throws {ConnectorError} retryable: nothing was decided, call again
   */
  send(message: Outbound, refusal: Refusal | undefined, signal: AbortSignal): Promise<RelayOutcome> {
    return this.#sending.send(message, this.#session?.process, refusal, signal);
  }

  /** Captures until `signal` aborts, also while the link waits for somebody to act. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    await this.#sayLinked(both);
    const { sink } = this.#options;
    const parts = [this.#runSessions(both), this.#beat(both), this.#media.run(sink, both)];
    try {
      await Promise.race([Promise.all(parts), this.#failed.promise]);
    } catch (cause) {
      this.#status = "stopped";
      this.#problem = "its capture ended by what Daybook did not expect: see the log, and start it again";
      this.#options.onHealth?.(this.health);
      throw cause;
    } finally {
      stop.abort();
      await Promise.allSettled(parts);
    }
  }

  async #runSessions(signal: AbortSignal): Promise<void> {
    const { sessions, log } = this.#options;
    const backOff = new BackOff(this.#options.restartWaits ?? WAITS);
    while (!signal.aborted) {
      const ended = await this.#runOne(signal, backOff);
      // Nothing plain is left of a session that does not run; what was cut off may not be whole, and stays as it is.
      if (ended.why === "stopped" || ended.why === "logged-out")
        await sessions.seal().catch((cause: unknown) => {
          if (!(cause instanceof WebError)) throw cause;
          log.error({ code: cause.code }, "a session could not be sealed: it stays where browsers run");
        });
      if (isAborted(signal) || ended.why === "stopped") continue;
      const { status, problem, leastMs } = after(ended, this.#options.heldMs);
      log[leastMs > 0 ? "error" : "warn"]({ why: ended.why }, "a session of WhatsApp Web ended");
      this.#enter(status, problem);
      if (leastMs === Infinity) return aborted(signal);
      await backOff.wait(signal, leastMs);
    }
    this.#enter("stopped");
  }

  /** Once for each link, though it may be said again until something was looked through. */
  async #sayLinked(signal: AbortSignal): Promise<void> {
    const backOff = new BackOff(RETRY);
    while (!signal.aborted) {
      try {
        return await this.#options.sink.capture(linkEvents(this.#about, this.account));
      } catch (cause) {
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
        await backOff.wait(signal);
      }
    }
  }

  /** Until when the link is known to be up, and whether it has been down for long. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { now, onHealth } = this.#options;
    let told = "";
    while (!signal.aborted) {
      await sleep(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return;
      await this.#coverage.beat(now().getTime());
      const alerts = this.health.alerts.join(" ");
      if (alerts !== told) onHealth?.(this.health);
      told = alerts;
    }
  }

  async #runOne(signal: AbortSignal, backOff: BackOff): Promise<Ended> {
    const { sessions, state, sink, account, log, now } = this.#options;
    forgetOld(state, now());
    const intake = this.#intake;
    const lookAgain = new LookAgain({
      ...{ state, intake, now },
      // What came between two links is on the phone, which may have handed it over.
      since: account.heardUntil ?? account.linkedAt,
      excludes: async (place) => (await sink.excludes?.({ ...this.#about, ...place })) ?? false,
      gap: (gap, place) =>
        sink.capture([
          ownEvent(`missed:${place?.conversation.id ?? ""}:${gap.from ?? ""}:${gap.to ?? ""}`, this.#about, {
            kind: "gap",
            gap,
            ...place,
          }),
        ]),
    });
    const session = new LiveSession({
      ...this.#options,
      ...{ intake, lookAgain },
      start: (heard) => sessions.start(heard),
      onState: (status, version) => {
        this.#version = version;
        if (status === "live") backOff.reset();
        this.#enter(status);
      },
      onHealth: (health) => (this.#page = health),
    });
    this.#session = session;
    try {
      return await session.run(signal);
    } catch (cause) {
      if (!(cause instanceof WebError)) throw cause;
      log.error({ code: cause.code }, "a session cannot be started");
      return cause.code === "profile-unreadable"
        ? { why: "unreadable", detail: cause.message }
        : { why: "died", detail: cause.message };
    } finally {
      this.#session = undefined;
      this.#page = undefined;
    }
  }

  async #recorded(drafts: readonly Draft[]): Promise<void> {
    await this.#sending.recorded(drafts);
    await this.#media.want(drafts);
  }

  get #about(): About {
    const { wid, lid, name, custodian } = this.account;
    return {
      account: wid,
      own: { id: wid, name: custodian.name || name },
      custodian,
      method: "linked-device",
      webVersion: this.#version,
      ...(lid !== undefined && { otherIds: [lid] }),
    };
  }

  #enter(status: LinkStatus, problem?: string): void {
    this.#status = status;
    this.#problem = problem;
    const state = isUp(status) ? status : "down";
    this.#coverage
      .enter(state, this.#options.now().getTime())
      .catch((cause: unknown) => this.#failed.reject(cause));
    this.#options.onHealth?.(this.health);
  }
}

/** Until when an account's link is known to have been up, milliseconds since 1970. */
export function lastUp(state: AccountState, account: Account): number | undefined {
  return coverageOf(state, account, () => Promise.resolve()).downSince;
}

function coverageOf(
  state: AccountState,
  { wid, custodian, linkedAt }: Account,
  record: (events: readonly Captured[]) => Promise<void>,
): Coverage {
  const about = {
    network: "whatsapp",
    method: "linked-device",
    account: wid,
    custodian,
    connector: CONNECTOR,
  } as const;
  return new Coverage({ state, about, linkedAt, keeps: KEEPS, record });
}

function isUp(status: LinkStatus): status is "live" | "catching-up" {
  return status === "live" || status === "catching-up";
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
