import { randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth, type Relay } from "@daybook/contract";
import {
  BackOff,
  Canary,
  Coverage,
  LateAttachments,
  readChat,
  type ScopedSink,
  type Waits,
} from "@daybook/keeping";
import { about, type WaitingFile, waitingFile } from "./captured.ts";
import { BlueBubblesClient } from "./client.ts";
import { Deliverer } from "./deliver.ts";
import { fetchFile } from "./fetch-file.ts";
import type { BlueBubblesOptions } from "./options.ts";
import { Pages } from "./pages.ts";
import { KnownPeople } from "./people.ts";
import { BlueBubblesRelay, requestFor } from "./relay.ts";
import { type BlueBubblesState, openState } from "./state.ts";
import { Walk } from "./walk.ts";
import { webhookListener } from "./webhook.ts";

const POLL_MS = 5_000;
const LOOK_BACK_EVERY_MS = 3_600_000;
const SETTLE_MS = 2 * 60_000;
const CONFIRM_MS = 60_000;
const WAITS: Waits = { firstMs: 1_000, mostMs: 60_000 };
const ATTACHMENT_WAITS: Waits = { firstMs: 5_000, mostMs: 3_600_000 };
const ATTACHMENT_MS = 86_400_000;
const ATTACHMENTS_AT_ONCE = 2;
const PAGE_ROWS = 500;
const REMEMBERED_MS = 60 * 86_400_000;
const REFUSED = "BlueBubbles refuses the password: give Daybook the one that its settings show";
const UNREACHED = "BlueBubbles does not answer: see that the Mac is awake, signed in and on the network";

/**
 * A Mac's Messages by way of BlueBubbles, which is asked again and again: what it posts to `webhook` only makes that sooner.
 */
export class BlueBubbles implements Connector {
  readonly #options: BlueBubblesOptions;
  readonly #state: BlueBubblesState;
  readonly #client: BlueBubblesClient;
  readonly #people = new KnownPeople();
  readonly #deliverer: Deliverer;
  readonly #walk: Walk;
  readonly #files: LateAttachments<WaitingFile>;
  readonly #relay: BlueBubblesRelay;
  readonly #canary: Canary | undefined;
  readonly #now: () => Date;
  readonly #begun: PromiseWithResolvers<ScopedSink> = Promise.withResolvers();
  #asked: PromiseWithResolvers<void> = Promise.withResolvers();
  #downSince: Date | undefined;
  readonly #life = new AbortController();

  /** For a listener that BlueBubbles reaches. */
  readonly webhook: RequestListener | undefined;
  /** Where sending is allowed. */
  readonly relay?: Relay;

  /** @throws {ConnectorError} `malformed` when the state file cannot be used, or the address is not private */
  constructor(options: BlueBubblesOptions) {
    const { account, custodian, log, webhookSecret, now = () => new Date() } = options;
    this.#options = options;
    this.#now = now;
    this.#downSince = now();
    const client = (this.#client = new BlueBubblesClient(options));
    const state = (this.#state = openState(options.stateFile, options.key, now));
    for (const kind of ["relayed", "had"] as const) state.forget(kind, now().getTime() - REMEMBERED_MS);
    const people = this.#people;
    this.#relay = new BlueBubblesRelay({
      ...{ account, state, client, now, life: this.#life.signal },
      confirmMs: options.confirmMs ?? CONFIRM_MS,
      conversation: (id) => people.byGuid(id)?.conversation ?? readChat(state, id),
      capture: async (item) => this.#deliverer.deliver([item], await this.#begun.promise),
    });
    if (options.mayRelay) this.relay = this.#relay;
    this.#canary = this.#canaryOf(options);
    this.#files = new LateAttachments({
      ...{ state, log, now, schema: waitingFile, atOnce: ATTACHMENTS_AT_ONCE },
      waits: options.attachmentWaits ?? ATTACHMENT_WAITS,
      fetch: (wanted, sink, signal) => fetchFile(wanted, { client, sink, signal }),
    });
    this.#deliverer = new Deliverer({
      ...{ account, custodian, state, people, log, now, canary: this.#canary },
      relayOf: (item) => this.#relay.relayOf(item, this.#life.signal),
      onFiles: (files) => this.#files.add(files),
      attachmentMs: options.attachmentMs ?? ATTACHMENT_MS,
    });
    this.#walk = new Walk({
      ...{ account, custodian, state, people, log, now, client, deliverer: this.#deliverer },
      pages: new Pages(client, options.pageRows ?? PAGE_ROWS),
      relayed: () => this.#relay.idle(),
      settleMs: options.settleMs ?? SETTLE_MS,
    });
    this.webhook =
      webhookSecret && webhookListener({ secret: webhookSecret, onPost: () => this.#asked.resolve() });
  }

  health(): readonly LinkHealth[] {
    const { account, custodian } = this.#options;
    const { isRefused } = this.#client;
    const downSince = this.#downSince;
    return [
      {
        account,
        custodian,
        status: !downSince ? "live" : isRefused ? "refused" : "down",
        ...(downSince && { problem: isRefused ? REFUSED : UNREACHED, downSince }),
        alerts: this.#canary?.alerts ?? [],
      },
    ];
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    both.addEventListener("abort", () => this.#life.abort(), { once: true });
    this.#begun.resolve(sink);
    const parts = [this.#poll(sink, both), this.#files.run(sink, both)];
    if (this.#canary) parts.push(this.#canary.run(both));
    try {
      await Promise.all(parts);
    } finally {
      stop.abort();
      await Promise.allSettled([...parts, this.#relay.idle()]);
      sink.report({ state: "down" });
      this.#state.close();
    }
  }

  async #poll(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { account, custodian, log } = this.#options;
    const { pollMs = POLL_MS, lookBackEveryMs = LOOK_BACK_EVERY_MS } = this.#options;
    const coverage = new Coverage({
      state: this.#state,
      about: { ...coverageOf({ account, custodian }) },
      linkedAt: this.#now().getTime(),
      record: (events) => sink.capture(events),
    });
    const backOff = new BackOff(this.#options.waits ?? WAITS);
    let lookedBackAt: number | undefined;
    while (!signal.aborted) {
      this.#asked = Promise.withResolvers();
      const at = this.#now().getTime();
      // Also where the clock was set back.
      const isWide = lookedBackAt === undefined || Math.abs(at - lookedBackAt) >= lookBackEveryMs;
      try {
        await this.#walk.poll({ isWide }, sink, signal);
        if (isAborted(signal)) break;
        if (isWide) lookedBackAt = at;
        this.#downSince = undefined;
        sink.report({ state: "live" });
        await coverage.enter("live", this.#now().getTime());
        backOff.reset();
        await this.#rest(pollMs, signal);
      } catch (error) {
        if (isAborted(signal)) break;
        if (!(error instanceof ConnectorError) || !error.retryable) throw error;
        log.warn({ code: error.code }, "BlueBubbles cannot be captured just now, trying again");
        if (error.code === "network-unavailable") {
          this.#downSince ??= this.#now();
          sink.report({ state: "down" });
          await coverage.enter("down", this.#now().getTime());
        }
        await backOff.wait(signal);
      }
    }
    await coverage.enter("down", this.#now().getTime());
  }

  /** Until the next poll, or until BlueBubbles asks for one. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    await Promise.race([this.#asked.promise, sleep(ms, undefined, { signal: both }).catch(() => undefined)]);
    stop.abort();
  }

  #canaryOf({ account, custodian, canary, log }: BlueBubblesOptions): Canary | undefined {
    if (!canary) return undefined;
    const { conversation, everyMs, withinMs } = canary;
    return new Canary({
      state: this.#state,
      about: coverageOf({ account, custodian }),
      send: async (text, signal) => {
        const body = requestFor({ id: randomUUID(), conversation, text });
        const answer = await this.#client.post("message/text", body, signal);
        if (answer.state === "answered" && answer.status === 200) return;
        throw new ConnectorError("network-unavailable", "BlueBubbles did not send a test message");
      },
      ...{ everyMs, withinMs, log, now: this.#now },
      record: async (events) => (await this.#begun.promise).capture(events),
    });
  }
}

function coverageOf(of: Pick<BlueBubblesOptions, "account" | "custodian">) {
  const { method, account, custodian, connector } = about(of);
  return { network: "imessage", method, account, custodian, connector } as const;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
