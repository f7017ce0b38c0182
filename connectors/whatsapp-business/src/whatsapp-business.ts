import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth, type Party, type Relay } from "@daybook/contract";
import { LateAttachments, type ScopedSink, type Waits } from "@daybook/keeping";
import { listening } from "./coverage.ts";
import { deliver } from "./deliver.ts";
import { GraphClient } from "./graph/graph-client.ts";
import { askNumbers, NUMBER_FIELDS } from "./health/ask-numbers.ts";
import { Health } from "./health/health.ts";
import { fetchMedia } from "./media/fetch-media.ts";
import { waitingMedia, type WaitingMedia } from "./media/waiting.ts";
import type { WhatsAppBusinessOptions } from "./options.ts";
import { BusinessRelay } from "./sending/relay.ts";
import { type BusinessState, openState } from "./state.ts";
import { webhookListener } from "./webhook/listener.ts";

const BEAT_MS = 60_000;
const MEDIA_WAITS: Waits = { firstMs: 5_000, mostMs: 3_600_000 };
const MEDIA_AT_ONCE = 4;
const QUIET_MS = 72 * 3_600_000;
const ASK_EVERY_MS = 3_600_000;
/** What became of messages, and which media were had, is of no use after Meta has stopped to send again. */
const REMEMBERED_MS = 60 * 86_400_000;

/** Official numbers on Meta's Cloud API: what Meta posts to `webhook` is captured, and answers go out. */
export class WhatsAppBusiness implements Connector {
  readonly #options: WhatsAppBusinessOptions;
  readonly #state: BusinessState;
  readonly #graph: GraphClient;
  readonly #health: Health;
  readonly #media: LateAttachments<WaitingMedia>;
  readonly #relay: BusinessRelay;
  readonly #underWay = new Set<Promise<void>>();
  #begun: PromiseWithResolvers<ScopedSink> = Promise.withResolvers();
  #sink: ScopedSink | undefined;

  /** For a listener that Meta reaches. Answers 503 while `run` does not run. */
  readonly webhook: RequestListener;

  /** @throws {ConnectorError} `malformed` when the state file cannot be used */
  constructor(options: WhatsAppBusinessOptions) {
    const { now = () => new Date(), log, mediaWaits = MEDIA_WAITS } = options;
    this.#options = options;
    const state = (this.#state = openState(options.stateFile, options.key, now));
    for (const kind of ["relayed", "had"] as const) state.forget(kind, now().getTime() - REMEMBERED_MS);
    const { numbers, template, quietMs = QUIET_MS } = options;
    const health = (this.#health = new Health({ numbers, state, template, quietMs, now }));
    const graph = (this.#graph = new GraphClient({
      ...options,
      onToken: (isTaken) => health.token(isTaken),
    }));
    this.#media = new LateAttachments({
      ...{ state, log, now, waits: mediaWaits, schema: waitingMedia, atOnce: MEDIA_AT_ONCE },
      fetch: (wanted, sink, signal) => fetchMedia(wanted, { graph, sink, signal }),
    });
    this.#relay = new BusinessRelay({
      state,
      graph,
      custodianOf: (account) => this.#custodianOf(account),
      sink: () => this.#begun.promise,
      template,
      now,
    });
    this.webhook = webhookListener({
      appSecrets: options.appSecrets,
      verifyToken: options.verifyToken,
      deliver: (body) => this.#deliver(body),
      onUnsigned: () => health.unsigned(),
      log,
    });
  }

  get relay(): Relay {
    return this.#relay;
  }

  health(): readonly LinkHealth[] {
    return this.#health.all();
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { numbers, now = () => new Date(), beatMs = BEAT_MS, askEveryMs = ASK_EVERY_MS } = this.#options;
    this.#sink = sink;
    this.#begun.resolve(sink);
    sink.report({ state: "live" });
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const beat = (until: AbortSignal) => sleep(beatMs, undefined, { signal: until }).catch(() => undefined);
    const parts = [
      this.#media.run(sink, both),
      this.#health.run(beat, both),
      askNumbers(
        numbers.map(({ phoneNumberId }) => phoneNumberId),
        {
          ask: (id, until) => this.#graph.get(`${encodeURIComponent(id)}?fields=${NUMBER_FIELDS}`, until),
          tell: (id, told) => this.#health.tell(id, told),
          now,
          everyMs: askEveryMs,
        },
        both,
      ),
      ...numbers.map((one) => listening(one, { state: this.#state, now, sink }, beat, both)),
    ];
    try {
      await Promise.all(parts);
    } finally {
      stop.abort();
      this.#sink = undefined;
      this.#begun = Promise.withResolvers();
      await Promise.allSettled([...parts, ...this.#underWay]);
      sink.report({ state: "down" });
      this.#state.close();
    }
  }

  async #deliver(body: Buffer): Promise<void> {
    const sink = this.#sink;
    if (!sink) throw new ConnectorError("stream-unavailable", "capture does not run yet, or any more");
    const { log, now = () => new Date() } = this.#options;
    const delivering = deliver(body, {
      state: this.#state,
      sink,
      custodianOf: (account) => this.#custodianOf(account),
      health: this.#health,
      onMedia: (media) => this.#media.add(media),
      onStatus: (item) => this.#relay.learnFrom(item),
      log,
      now,
    });
    const settled = delivering.catch(() => undefined);
    this.#underWay.add(settled);
    void settled.then(() => this.#underWay.delete(settled));
    return delivering;
  }

  #custodianOf(account: string): Party | undefined {
    return this.#options.numbers.find((one) => one.phoneNumberId === account)?.custodian;
  }
}
