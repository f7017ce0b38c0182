import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Captured, LinkHealth, LinkStep } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import type { Log } from "@daybook/keeping";
import { WhatsAppWebServer } from "../../../../test/fakes/whatsapp-web/index.ts";
import { WhatsAppWeb, type WhatsAppWebOptions } from "../../src/index.ts";

export const KEY = Buffer.alloc(32, 7);
export const OLIVIA = { id: "olivia", name: "Olivia Sinclair" };
export const FERGUS = "15550002000@c.us";
export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** An office whose official's WhatsApp is captured: the fake WhatsApp in this process, the real library and browser beside it. */
export class Office {
  readonly server: WhatsAppWebServer;
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-web-"));
  /** Each word of a link, oldest first. */
  readonly statuses: string[] = [];
  sink = new RecordingSink();
  web: WhatsAppWeb;
  #stopping = new AbortController();
  #running: Promise<void>;
  #options: Partial<WhatsAppWebOptions>;

  private constructor(server: WhatsAppWebServer, options: Partial<WhatsAppWebOptions>) {
    this.server = server;
    this.#options = options;
    this.web = this.#make();
    this.#running = this.#run();
  }

  static async open(options: Partial<WhatsAppWebOptions> = {}): Promise<Office> {
    return new Office(await WhatsAppWebServer.start(), options);
  }

  /** Links the phone by the code that is shown, as an official does, and waits until it is live. */
  async link(): Promise<LinkStep[]> {
    const steps: LinkStep[] = [];
    for await (const step of this.linking()) {
      steps.push(step);
      if (step.step === "show") this.server.scan(step.url);
    }
    await this.live();
    return steps;
  }

  linking(signal: AbortSignal = this.#stopping.signal): AsyncIterable<LinkStep> {
    return this.web.linker.link(OLIVIA, signal);
  }

  get health(): LinkHealth | undefined {
    return this.web.health()[0];
  }

  async live(): Promise<void> {
    await this.until(() => this.health?.status === "live");
  }

  /** As the archive has it: one record of whatever has the same id and digest. */
  get records(): Captured[] {
    const byId = new Map<string, Captured>();
    for (const one of this.sink.captured) {
      const id = `${one.eventId} ${one.stableDigest}`;
      if (!byId.has(id)) byId.set(id, one);
    }
    return [...byId.values()];
  }

  /** What was recorded but for coverage and word of the link itself. */
  get events(): Captured["event"][] {
    return this.records
      .filter(({ eventId }) => !/^(coverage|linked|before-link|identity):/.test(eventId))
      .map(({ event }) => event);
  }

  get gaps(): NonNullable<Captured["event"]["gap"]>[] {
    return this.events.map(({ gap }) => gap).filter((gap) => gap !== undefined);
  }

  /** Texts of the messages that were recorded. */
  get texts(): (string | undefined)[] {
    return this.events.filter(({ kind }) => kind === "message").map(({ text }) => text);
  }

  async until(holds: () => boolean): Promise<void> {
    const ended = this.#running.then(() => Promise.reject(new Error("the connector has ended")));
    ended.catch(() => undefined);
    while (!holds()) await Promise.race([sleep(10), ended]);
  }

  /** As an orderly restart of the process, what happens meanwhile included. */
  async restart(
    meanwhile: () => unknown = () => undefined,
    options: Partial<WhatsAppWebOptions> = {},
  ): Promise<void> {
    await this.stop();
    await meanwhile();
    this.#options = { ...this.#options, ...options };
    this.#stopping = new AbortController();
    this.web = this.#make();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.server.stop();
    rmSync(this.dir, { recursive: true });
  }

  #make(): WhatsAppWeb {
    return new WhatsAppWeb({
      dir: join(this.dir, "kept"),
      runningDir: join(this.dir, "running"),
      key: KEY,
      chromiumArgs: this.server.chromiumArgs,
      deviceName: "Daybook",
      restartWaits: { firstMs: 100, mostMs: 1_000 },
      log: silent,
      onHealth: ({ status }) => this.statuses.push(status),
      ...this.#options,
    });
  }

  #run(): Promise<void> {
    const running = this.web.run(this.sink, this.#stopping.signal);
    running.catch(() => undefined);
    return running;
  }
}
