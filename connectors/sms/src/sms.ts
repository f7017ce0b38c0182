import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth } from "@daybook/contract";
import { Coverage, type ScopedSink, type Waits } from "@daybook/keeping";
import { TestMessages } from "./canary/tests.ts";
import { CdrFiles } from "./cdr/cdr-files.ts";
import { Noted } from "./cdr/noted.ts";
import { Intake } from "./intake/intake.ts";
import { Redeliveries } from "./intake/redeliveries.ts";
import { Talks } from "./intake/talks.ts";
import { Changes, Holders } from "./holders.ts";
import { CONNECTOR, type OfficialNumber, type SmsOptions } from "./options.ts";
import { Numbers } from "./reading/sides.ts";
import { bySmpp } from "./sending/by-smpp.ts";
import { Receipts } from "./sending/receipts.ts";
import { SmsRelay } from "./sending/relay.ts";
import { Standing } from "./standing.ts";
import { keepBound } from "./session/bound.ts";
import type { SmppSession } from "./session/session.ts";
import { openState, type SmsState } from "./state.ts";

const BIND_WAITS: Waits = { firstMs: 1_000, mostMs: 60_000 };
const BEAT_MS = 60_000;
const ENQUIRE_MS = 30_000;
const ANSWER_MS = 10_000;
const SETTLE_MS = 1_000;
const INCOMPLETE_MS = 24 * 3_600_000;
/** No aggregator tries longer to deliver a message, and so to tell what became of it. */
const RECEIPTS_MS = 30 * 24 * 3_600_000;
const REDELIVERY_MS = 10 * 60_000;
const OUTAGE =
  "Nobody was bound for longer than the aggregator keeps messages: what came at first may be lost";

/** Official numbers at an aggregator, over SMPP: what it delivers is captured before it is answered. */
export class Sms implements Connector {
  readonly #options: SmsOptions;
  readonly #state: SmsState;
  readonly #numbers: Numbers;
  /** Those whose messages come over SMPP. */
  readonly #own: readonly OfficialNumber[];
  readonly #redeliveries: Redeliveries;
  readonly #receipts: Receipts;
  readonly #intake: Intake;
  readonly #standing: Standing;
  readonly #tests: TestMessages;
  readonly #cdr: CdrFiles | undefined;
  readonly #sessions = new Set<SmppSession>();
  readonly #now: () => Date;
  /** Not there where no number may send. */
  readonly relay?: SmsRelay;

  /** @throws {ConnectorError} `malformed` when the state file cannot be used */
  constructor(options: SmsOptions) {
    const { now = () => new Date(), smpp, log } = options;
    this.#options = options;
    this.#now = now;
    const state = (this.#state = openState(options.stateFile, options.key, now));
    const at = () => now().getTime();
    const numbers = (this.#numbers = new Numbers(options.numbers, smpp.country));
    const { redeliveryMs = REDELIVERY_MS, incompleteMs = INCOMPLETE_MS } = options;
    const talks = new Talks(state, numbers);
    const receipts = (this.#receipts = new Receipts(state));
    const redeliveries = (this.#redeliveries = new Redeliveries({ state, redeliveryMs, now: at }));
    const { canary, covers, numbers: official } = options;
    this.#own = official.filter(({ number }) => covers?.includes(number) ?? true);
    const tests = (this.#tests = new TestMessages({ canary, state, numbers: this.#own, log, now }));
    const noted = options.cdr && new Noted(state);
    if (options.cdr && noted)
      this.#cdr = new CdrFiles({
        ...{ ...options.cdr, numbers, noted, state, log, clock: now, keepsMs: smpp.keepsMs },
        own: new Set(this.#own.map(({ number }) => number)),
      });
    this.#intake = new Intake({
      ...{ state, numbers, redeliveries, tests, incompleteMs, log, now: at },
      alphabet: smpp.alphabet,
      ...{ receipts, talks, noted },
    });
    const { relay = [] } = options;
    const carrier = bySmpp({
      ...{ smpp, receipts, state, numbers, noted, now },
      session: () => [...this.#sessions].find(({ takesRequests }) => takesRequests),
    });
    if (relay.length > 0)
      this.relay = new SmsRelay({
        ...{ numbers, talks, state, now },
        carrierOf: (account) => (relay.includes(account) ? carrier : undefined),
      });
    this.#standing = new Standing({ numbers: this.#own, hosts: smpp.hosts.length, now });
  }

  health(): readonly LinkHealth[] {
    const { alerts = [], problem } = this.#cdr?.health ?? {};
    return this.#standing.all().map((one) => ({
      ...(problem !== undefined && { problem }),
      ...one,
      alerts: [...one.alerts, ...this.#tests.alertsOf(one.account), ...alerts],
    }));
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { smpp, log, beatMs = BEAT_MS } = this.#options;
    const stop = new AbortController();
    const bound = AbortSignal.any([signal, stop.signal]);
    const begun = new AbortController();
    const binds = smpp.hosts.map((host, n) =>
      keepBound(
        host,
        {
          ...{ account: smpp, intake: this.#intake, redeliveries: this.#redeliveries, log },
          waits: this.#options.bindWaits ?? BIND_WAITS,
          enquireMs: this.#options.enquireMs ?? ENQUIRE_MS,
          answerMs: this.#options.answerMs ?? ANSWER_MS,
          settleMs: this.#options.settleMs ?? SETTLE_MS,
          sessions: this.#sessions,
          submitted: () => this.#receipts.settled(),
          onState: (state, refusal) => this.#standing.hear(n, state, refusal),
        },
        bound,
      ),
    );
    // What is heard is worked off after the last session has ended, too.
    const intake = this.#intake.run(sink, begun.signal);
    this.relay?.recordTo(sink);
    const covered = new Holders(this.#own).numbers.map((one) => this.#cover(one, sink, beatMs, bound));
    const beat = this.#beat(beatMs, sink, bound);
    const tests = this.#tests.run(sink, bound);
    const cdr = this.#cdr?.run(sink, bound);
    try {
      await Promise.race([Promise.all([...binds, ...covered, beat, tests, cdr]), intake]);
    } finally {
      stop.abort();
      await Promise.allSettled([...binds, ...covered, beat, tests, cdr]);
      begun.abort();
      await Promise.allSettled([intake]);
      this.relay?.recordTo(undefined);
      await this.relay?.idle();
      sink.report({ state: "down" });
      this.#state.close();
    }
    await intake;
  }

  /** A message that never became whole, what is not to be remembered, and numbers that change hands are looked after so often. */
  async #beat(beatMs: number, sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const changes = new Changes(this.#own);
    while (!signal.aborted) {
      await changes.tell(sink, this.#now().getTime());
      this.#forget();
      await sleep(beatMs, undefined, { signal }).catch(() => undefined);
      this.#intake.wake();
    }
  }

  #forget(): void {
    try {
      const before = this.#now().getTime() - RECEIPTS_MS;
      this.#receipts.forget(before);
      this.#state.forget("relayed", before);
      // What passes is noted no more: what is compared begins again.
      if (!this.#cdr) this.#state.forget("cdr", Number.MAX_SAFE_INTEGER);
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
    }
  }

  /** Keeps account of when a number's messages could come. */
  async #cover(account: string, sink: ScopedSink, beatMs: number, signal: AbortSignal): Promise<void> {
    const at = () => this.#now().getTime();
    const numbers = this.#numbers;
    const coverage = new Coverage({
      state: this.#state,
      about: {
        network: "sms",
        method: "carrier",
        account,
        connector: CONNECTOR,
        /** Whose it is when that is recorded. */
        get custodian() {
          return numbers.custodianOf(account, at());
        },
      },
      linkedAt: at(),
      keeps: { ms: this.#options.smpp.keepsMs, why: OUTAGE },
      record: (events) => sink.capture(events),
    });
    while (!signal.aborted) {
      const { state, changed } = this.#standing.link;
      sink.report({ state });
      await coverage.enter(state, at());
      const stop = new AbortController();
      const both = AbortSignal.any([signal, stop.signal]);
      await Promise.race([changed, sleep(beatMs, undefined, { signal: both }).catch(() => undefined)]);
      stop.abort();
    }
    await coverage.enter("down", at());
  }
}
