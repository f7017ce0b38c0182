import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Event } from "@daybook/contract";
import { type AgentHome, enrolMacAgent, type LivenessCommands, runMacAgent } from "@daybook/imessage";
import { createLogger } from "@daybook/runtime";
import { ChatDb, FERGUS } from "../../../../test/fakes/imessage/index.ts";
import { type Intake, until } from "./support.ts";

let count = 0;

/** A Mac with Messages on it, and its agent. */
export class Mac {
  readonly dir: string;
  readonly home: AgentHome;
  readonly log: string[] = [];
  /** The Mac's clock. */
  time = Date.parse("2026-03-04T12:00:00.000Z");
  id = "";
  readonly #stage: Intake;
  readonly #maxSpoolBytes: number | undefined;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param disk where the agent keeps what is its own */
  constructor(stage: Intake, { disk, maxSpoolBytes }: { disk?: string; maxSpoolBytes?: number } = {}) {
    this.#stage = stage;
    this.#maxSpoolBytes = maxSpoolBytes;
    this.dir = join(stage.dir, `mac-${(count += 1)}`);
    this.home = { dir: disk ?? join(this.dir, "agent"), key: Buffer.alloc(32, count) };
  }

  get messages(): string {
    return join(this.dir, "Messages");
  }

  async enrol(): Promise<void> {
    await mkdir(this.home.dir, { recursive: true });
    const of = { ...this.home, code: this.#stage.newCode(this.id), server: { url: this.#stage.url } };
    ({ agent: this.id } = await enrolMacAgent(of, AbortSignal.timeout(60_000)));
  }

  /** Loses what the agent remembers, while it does not run, and enrols again for the same account. */
  async loseState(): Promise<void> {
    await rm(this.home.dir, { recursive: true });
    await this.enrol();
  }

  start(liveness?: LivenessCommands): void {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => this.log.push(chunk.toString()));
    this.#stopping = new AbortController();
    this.#running = runMacAgent(
      {
        ...this.home,
        database: join(this.messages, "chat.db"),
        log: createLogger("agent", "debug", { stream }),
        now: () => new Date(this.time),
        everyMs: 20,
        liveness,
        ...(this.#maxSpoolBytes !== undefined && { maxSpoolBytes: this.#maxSpoolBytes }),
      },
      this.#stopping.signal,
    );
    this.#running.catch(() => undefined);
  }

  /** Rejects where the agent gave up. */
  get running(): Promise<void> {
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** What the gateway says is wrong with it. */
  get alerts(): readonly string[] {
    const account = this.#stage.registry.known.get(this.id)?.account;
    const [linked] = this.#stage.agents?.linked ?? [];
    return linked?.health().find((one) => one.account === account)?.alerts ?? [];
  }

  records(kind: Event["kind"]): Event[] {
    return this.#stage.records(this, kind);
  }

  async untilRecorded(kind: Event["kind"], many: number): Promise<Event[]> {
    await until(() => this.records(kind).length >= many);
    expect(this.records(kind)).toHaveLength(many);
    return this.records(kind);
  }
}

/** A conversation with one other person, on a Mac of its own. */
export function simple(mac: Mac): { db: ChatDb; chat: number; from: number } {
  const db = new ChatDb(mac.messages);
  const from = db.handle(FERGUS);
  return { db, from, chat: db.chat(FERGUS, [from]) };
}
