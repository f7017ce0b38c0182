import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type WebClient } from "./client.ts";
import type { PageHealth } from "../page-port.ts";
import { Drain } from "./drain.ts";
import { Page, within } from "./page.ts";
import type { Ask, EndReason, FromSession, SessionSettings } from "./protocol.ts";

const READY_MS = 2_000;
const LOOK_MS = 500;
const BEAT_MS = 5_000;
const ANSWER_MS = 5_000;
const ASK_MS = 120_000;
const CLOSE_MS = 8_000;

/** WhatsApp's words for a link that is no more, or that it does not let in. */
const ENDS: Readonly<Record<string, EndReason>> = {
  LOGOUT: "logged-out",
  UNPAIRED: "logged-out",
  UNPAIRED_IDLE: "logged-out",
  CONFLICT: "conflict",
  TOS_BLOCK: "blocked",
  SMB_TOS_BLOCK: "blocked",
  PROXYBLOCK: "blocked",
  DEPRECATED_VERSION: "blocked",
};

/** One account's WhatsApp Web: the library, its Chromium and its page, until it ends or is stopped. */
export class Session {
  readonly #client: WebClient;
  readonly #page: Page;
  readonly #settings: SessionSettings;
  readonly #tell: (message: FromSession) => void;
  /** By batch: who waits for it to be durable. */
  readonly #durable = new Map<number, () => void>();
  readonly #stopping = new AbortController();
  readonly #ended = Promise.withResolvers<{ why: EndReason; detail: string }>();
  readonly #drain: Drain;
  #batch = 0;
  #isPaired = false;
  #isReady = false;
  #hasShownCode = false;

  constructor(settings: SessionSettings, tell: (message: FromSession) => void) {
    this.#settings = settings;
    this.#tell = tell;
    this.#client = createClient(settings);
    this.#page = new Page(this.#client);
    this.#drain = new Drain(this.#page, (items) => {
      this.#batch += 1;
      const batch = this.#batch;
      tell({ t: "observed", batch, items: [...items] });
      return new Promise((resolve) => this.#durable.set(batch, resolve));
    });
  }

  /** Runs until the session ends or `stop` is called. Never rejects: what went wrong is told. */
  async run(): Promise<void> {
    this.#listen();
    void this.#start();
    const { isLinking } = this.#settings;
    const draining = isLinking ? undefined : this.#drain.run(this.#stopping.signal);
    const beating = this.#beat();
    const ended = await this.#ended.promise;
    if (!this.#stopping.signal.aborted) {
      // What was observed to the last, for the next link begins with another page: this one is still there.
      if (ended.why === "logged-out" && !isLinking) await Promise.race([this.#drain.rest(), this.#stopped]);
      this.#tell({ t: "ended", ...ended });
    }
    this.#stopping.abort();
    await this.#close();
    await Promise.race([Promise.allSettled([draining, beating]), sleep(ANSWER_MS)]);
  }

  durable(batch: number): void {
    this.#durable.get(batch)?.();
    this.#durable.delete(batch);
  }

  async answer(id: number, what: Ask, args: readonly unknown[]): Promise<void> {
    try {
      const withinMs = what === "loadBack" ? this.#settings.historyMs : ASK_MS;
      const value = await this.#page.ask(what, args, withinMs);
      this.#tell({ t: "answer", id, value });
    } catch {
      this.#tell({ t: "refused", id, why: "the page could not answer" });
    }
  }

  /** Hands on what is there, then closes Chromium in good order, so that its folder is whole. */
  async stop(): Promise<void> {
    if (!this.#settings.isLinking) await within(this.#drain.rest(), ANSWER_MS).catch(() => undefined);
    this.#stopping.abort();
    this.#ended.resolve({ why: "broken", detail: "stopped" });
  }

  get #stopped(): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  #end(why: EndReason, detail: string): void {
    this.#ended.resolve({ why, detail: detail.slice(0, 512) });
  }

  #listen(): void {
    const client = this.#client;
    client.on("qr", (url) => {
      // A session that is asked for a code is no longer linked.
      if (!this.#settings.isLinking) return this.#end("logged-out", "WhatsApp asks for a code");
      this.#hasShownCode = true;
      this.#tell({ t: "code", url });
    });
    client.on("authenticated", () => {
      if (this.#isPaired) return;
      this.#isPaired = true;
      this.#tell({ t: "paired" });
    });
    client.on("ready", () => void this.#ready());
    client.on("disconnected", (reason: string) => this.#disconnected(reason));
  }

  #disconnected(reason: string): void {
    // While a code is shown, not to be paired is no end.
    const why = ENDS[reason] ?? "broken";
    if (why === "logged-out" && this.#hasShownCode && !this.#isPaired) return;
    this.#end(why, reason);
  }

  async #start(): Promise<void> {
    try {
      await within(this.#client.initialize(), this.#settings.loadMs);
    } catch {
      return this.#endUnloaded();
    }
    const { pupBrowser: browser, pupPage: page } = this.#client;
    const pid = browser?.process()?.pid;
    if (pid !== undefined) this.#tell({ t: "browser", pid });
    browser?.on("disconnected", () => this.#end("broken", "Chromium went away"));
    page?.on("error", () => this.#end("broken", "the page crashed"));
    page?.on("close", () => this.#end("broken", "the page was closed"));
  }

  /** What the library needed and did not find has a name. */
  async #endUnloaded(): Promise<void> {
    const version = await this.#page.ask("version", [], ANSWER_MS).catch(() => "");
    if (version !== "" && !(await this.#isSupported(version).catch(() => true))) return;
    this.#end("not-loaded", "WhatsApp Web did not load in time");
  }

  /** Whether what is needed of WhatsApp Web is there; where it is not, this is the end. */
  async #isSupported(version: string): Promise<boolean> {
    const missing = await this.#page.ask("missingModules", [], ANSWER_MS);
    if (missing.length === 0) return true;
    this.#end("unsupported", `unsupported by WhatsApp Web version ${version}: ${missing.join(", ")}`);
    return false;
  }

  /** Once for each page, however often the library says it. */
  async #ready(): Promise<void> {
    if (this.#isReady) return;
    this.#isReady = true;
    try {
      const version = await this.#page.ask("version", [], ANSWER_MS);
      if (!(await this.#isSupported(version))) return;
      const me = await this.#page.ask("me", [], ANSWER_MS);
      // With what is watched now: of what was told while it loaded, an alert would be made.
      this.#tellHealth(await this.#page.health(ANSWER_MS));
      this.#tell({ t: "ready", version, me });
    } catch {
      this.#end("broken", "the page does not answer");
    }
  }

  #tellHealth(health: PageHealth): void {
    this.#tell({ t: "health", health: { ...health, watched: [...health.watched] } });
  }

  /** Tells how the page stands, and helps it over what the library misses. */
  async #beat(): Promise<void> {
    const { signal } = this.#stopping;
    let syncedAt: number | undefined;
    let toldAt = 0;
    let state = "";
    let nudgedAt = 0;
    let since = 0;
    while (!signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      const health = await this.#page.health(ANSWER_MS).catch(() => undefined);
      if (!health || isAborted(signal)) continue;
      const now = Date.now();
      if (since > 0 && health.since !== since) {
        // Another page than before, perhaps of another version: what it is and has is asked again.
        this.#isReady = false;
        [state, nudgedAt, syncedAt] = ["", 0, undefined];
        this.#tell({ t: "state", state: "LOADED" });
      }
      since = health.since;
      if (health.state !== state) {
        state = health.state;
        this.#tell({ t: "state", state });
        // The library's own way to ask for a new code does not work (it asks in the wrong process).
        if (state === "UNPAIRED_IDLE")
          await this.#page.ask("refreshCode", [], ANSWER_MS).catch(() => undefined);
      }
      if (now - toldAt >= BEAT_MS) {
        toldAt = now;
        this.#tellHealth(health);
      }
      syncedAt = health.hasSynced ? (syncedAt ?? now) : undefined;
      // It had synced before the library listened, or a module that the library needs is not there.
      if (
        !this.#isReady &&
        syncedAt !== undefined &&
        now - syncedAt > READY_MS &&
        now - nudgedAt > READY_MS
      ) {
        if (nudgedAt > 0) await this.#ready();
        nudgedAt = now;
        await this.#page.ask("sayReady", [], ANSWER_MS).catch(() => undefined);
      }
    }
  }

  async #close(): Promise<void> {
    const browser = this.#client.pupBrowser;
    await within(this.#client.destroy(), CLOSE_MS).catch(() => undefined);
    browser?.process()?.kill("SIGKILL");
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
