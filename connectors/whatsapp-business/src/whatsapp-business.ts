import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type Party, type Relay } from "@daybook/contract";
import { Coverage } from "./coverage.ts";
import { deliver } from "./deliver.ts";
import { GraphClient } from "./graph/graph-client.ts";
import { LateMedia, MEDIA_WAITS } from "./media/late-media.ts";
import type { ScopedSink, WhatsAppBusinessOptions } from "./options.ts";
import { BusinessRelay } from "./sending/relay.ts";
import { StateFile } from "./state/state-file.ts";
import { webhookListener } from "./webhook/listener.ts";

const BEAT_MS = 60_000;
/** What became of messages, and which media were had, is of no use after Meta has stopped to send again. */
const REMEMBERED_MS = 60 * 86_400_000;

/** Official numbers on Meta's Cloud API: what Meta posts to `webhook` is captured, and answers go out. */
export class WhatsAppBusiness implements Connector {
  readonly #options: WhatsAppBusinessOptions;
  readonly #state: StateFile;
  readonly #media: LateMedia;
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
    const state = (this.#state = StateFile.open(options.stateFile, options.key, now));
    for (const kind of ["relayed", "had"] as const) state.forget(kind, now().getTime() - REMEMBERED_MS);
    const graph = new GraphClient(options);
    this.#media = new LateMedia({ state, graph, log, now, waits: mediaWaits });
    this.#relay = new BusinessRelay({
      state,
      graph,
      custodianOf: (account) => this.#custodianOf(account),
      sink: () => this.#begun.promise,
      template: options.template,
      now,
    });
    this.webhook = webhookListener({
      appSecrets: options.appSecrets,
      verifyToken: options.verifyToken,
      deliver: (body) => this.#deliver(body),
      log,
    });
  }

  get relay(): Relay {
    return this.#relay;
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { numbers, now = () => new Date(), beatMs = BEAT_MS } = this.#options;
    this.#sink = sink;
    this.#begun.resolve(sink);
    sink.report({ state: "live" });
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const beat = (until: AbortSignal) => sleep(beatMs, undefined, { signal: until }).catch(() => undefined);
    const parts = [
      this.#media.run(sink, both),
      ...numbers.map((one) => new Coverage(one, { state: this.#state, now }).run(sink, beat, both)),
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
