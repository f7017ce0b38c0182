import { once } from "node:events";
import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth } from "@daybook/contract";
import { keepListening, LateAttachments, type ScopedSink, type Waits } from "@daybook/keeping";
import { TestMessages } from "../canary/tests.ts";
import { Changes, Holders } from "../holders.ts";
import { Talks } from "../intake/talks.ts";
import { CONNECTOR, type OfficialNumber } from "../options.ts";
import { Numbers } from "../reading/sides.ts";
import { SmsRelay } from "../sending/relay.ts";
import { deliver, type DeliverOptions, record } from "./deliver.ts";
import { webhookListener } from "./listener.ts";
import { fetchLate } from "./media/fetch-media.ts";
import { type WaitingMedium, waitingMedium } from "./media/waiting.ts";
import type { SmsWebhooksOptions } from "./options.ts";
import { keepComparing } from "./reconcile/keep-comparing.ts";
import { listOf } from "./reconcile/list-of.ts";
import { byProvider } from "./sending/by-provider.ts";
import { covers, type Received, type WebhookSource } from "./source.ts";
import { WebhookStanding } from "./standing.ts";
import { openWebhookState, type WebhookState } from "./state.ts";

const BEAT_MS = 60_000;
const GRACE_MS = 2 * 60_000;
const MEDIA_WAITS: Waits = { firstMs: 30_000, mostMs: 3_600_000 };
const MEDIA_AT_ONCE = 2;
const KNOWN_MS = 31 * 86_400_000;
const OUTAGE = "Nobody listened for longer than the provider delivers again: what came at first may be lost";

/** Official numbers whose providers push: each webhook is durable before it is answered with 200. */
export class SmsWebhooks implements Connector {
  /** What serves the sources' paths, and no other. It answers with 503 while `run` does not run. */
  readonly webhook: RequestListener;
  readonly #options: SmsWebhooksOptions;
  readonly #state: WebhookState;
  readonly #numbers: Numbers;
  /** Those whose messages come by the sources. */
  readonly #own: readonly OfficialNumber[];
  readonly #tests: TestMessages;
  readonly #standing: WebhookStanding;
  readonly #media: LateAttachments<WaitingMedium>;
  readonly #now: () => Date;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #talks: Talks;
  #sink: ScopedSink | undefined;
  /** Not there where no number may send. */
  readonly relay?: SmsRelay;

  /** @throws {ConnectorError} `malformed` when the state file cannot be used */
  constructor(options: SmsWebhooksOptions) {
    const { now = () => new Date(), log, sources, canary, numbers } = options;
    this.#options = options;
    this.#now = now;
    this.#state = openWebhookState(options.stateFile, options.key, now);
    for (const kind of ["known", "had", "relayed"] as const)
      this.#state.forget(kind, now().getTime() - KNOWN_MS);
    this.#numbers = new Numbers(numbers, options.country);
    this.#talks = new Talks(this.#state, this.#numbers);
    this.#own = numbers.filter(({ number }) => sources.some((source) => covers(source, number)));
    this.#tests = new TestMessages({ canary, state: this.#state, numbers: this.#own, log, now });
    this.#standing = new WebhookStanding({ numbers: this.#own, sources, now });
    const relay = this.#relayOf();
    if (relay) this.relay = relay;
    this.#media = new LateAttachments({
      ...{ state: this.#state, log, now, schema: waitingMedium, atOnce: MEDIA_AT_ONCE },
      waits: options.mediaWaits ?? MEDIA_WAITS,
      fetch: (one, sink, signal) =>
        fetchLate(
          one,
          sources.find(({ name }) => name === one.source),
          sink,
          signal,
        ),
    });
    this.webhook = webhookListener({
      sources,
      deliver: (...of) => this.#deliver(...of),
      onRefused: ({ name }) => this.#standing.refuse(name),
      log,
    });
  }

  #relayOf(): SmsRelay | undefined {
    const { relay = [], sources } = this.#options;
    if (relay.length === 0) return undefined;
    const of = { state: this.#state, now: this.#now };
    const carriers = new Map(sources.map((source) => [source, byProvider(source, of)]));
    return new SmsRelay({
      ...{ ...of, numbers: this.#numbers, talks: this.#talks },
      carrierOf(account) {
        if (!relay.includes(account)) return undefined;
        const [only, another] = sources.filter((source) => covers(source, account));
        return only && !another ? carriers.get(only) : undefined;
      },
    });
  }

  health(): readonly LinkHealth[] {
    return this.#standing
      .all()
      .map((one) => ({ ...one, alerts: [...one.alerts, ...this.#tests.alertsOf(one.account)] }));
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { sources } = this.#options;
    this.#sink = sink;
    this.relay?.recordTo(sink);
    sink.report({ state: "live" });
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const parts = [
      aborted(both),
      this.#media.run(sink, both),
      ...new Holders(this.#own).numbers.map((one) => this.#listen(one, sink, both)),
      this.#tellChanges(sink, both),
      this.#tests.run(sink, both),
      ...sources.map((one) => this.#compare(one, sink, both)),
    ];
    try {
      await Promise.all(parts);
    } finally {
      stop.abort();
      this.#sink = undefined;
      this.relay?.recordTo(undefined);
      await Promise.allSettled([...parts, ...this.#underWay]);
      await this.relay?.idle();
      sink.report({ state: "down" });
      this.#state.close();
    }
  }

  async #deliver(source: WebhookSource, received: Received, proof: string): Promise<void> {
    const sink = this.#sink;
    if (!sink) throw new ConnectorError("stream-unavailable", "capture does not run yet, or any more");
    this.#standing.heard(source.name);
    const delivering = deliver(source, received, proof, this.#delivering(sink));
    const settled = delivering.catch(() => undefined);
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
    return delivering;
  }

  #delivering(sink: ScopedSink): DeliverOptions {
    return {
      ...{ state: this.#state, sink, numbers: this.#numbers, tests: this.#tests, talks: this.#talks },
      ...{ now: this.#now, log: this.#options.log },
      onMedia: (media) => this.#media.add(media),
    };
  }

  async #compare(source: WebhookSource, sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const found = listOf(source);
    if (!found) return;
    const { reconcileMs = found.everyMs, graceMs = GRACE_MS } = this.#options;
    const of = this.#delivering(sink);
    await keepComparing(
      {
        ...of,
        ...{ source, graceMs, list: found.list },
        record: (drafts) => record(drafts, source, of),
      },
      { everyMs: reconcileMs, onCompared: (as) => this.#standing.compared(source.name, as) },
      signal,
    );
  }

  async #tellChanges(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const changes = new Changes(this.#own);
    const { beatMs = BEAT_MS } = this.#options;
    for (; !signal.aborted; await sleep(beatMs, undefined, { signal }).catch(() => undefined))
      await changes.tell(sink, this.#now().getTime());
  }

  async #listen(number: string, sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { beatMs = BEAT_MS, keepsMs, sources } = this.#options;
    // Twilio's list tells of what came in any outage; Vonage's of the products alone that are named, and of no picture.
    const isListed = sources
      .filter((source) => covers(source, number))
      .every((source) => source.provider === "twilio" && source.reconciles);
    const numbers = this.#numbers;
    const now = this.#now;
    const about = {
      network: "sms",
      method: "carrier",
      account: number,
      /** Whose it is when that is recorded. */
      get custodian() {
        return numbers.custodianOf(number, now().getTime());
      },
      connector: CONNECTOR,
    } as const;
    await keepListening(
      {
        ...{ state: this.#state, about },
        ...(!isListed && { keeps: { ms: keepsMs, why: OUTAGE } }),
        record: (events) => sink.capture(events),
      },
      this.#now,
      (until) => sleep(beatMs, undefined, { signal: until }).catch(() => undefined),
      signal,
    );
  }
}

/** Resolves when it aborts. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
