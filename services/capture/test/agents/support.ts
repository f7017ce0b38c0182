import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Postgres, startPostgres } from "@daybook/compose";
import type { Event } from "@daybook/contract";
import { TestAgent } from "@daybook/contract/testing";
import { createLogger } from "@daybook/runtime";
import { Pool } from "pg";
import { Agents, type AgentOptions } from "../../src/agents/agents.ts";
import type { AgentRegistry, KnownAgent } from "../../src/agents/registry.ts";
import { CaptureError } from "../../src/error.ts";
import { setUp } from "../support/capture.ts";
import { plainReader } from "./plain-reader.ts";

/** A registry of agents in memory: a code is good for whoever comes first. */
export class MemoryAgents implements AgentRegistry {
  readonly known = new Map<string, KnownAgent>();
  readonly codes = new Map<string, string>();
  readonly #kind: string;
  isAway = false;

  constructor(kind: string) {
    this.#kind = kind;
  }

  agents() {
    this.#answer();
    return Promise.resolve([...this.known.values()]);
  }

  enrol(code: string, key: Buffer) {
    this.#answer();
    const id = this.codes.get(code);
    const before = id === undefined ? undefined : this.known.get(id);
    if (!id || (before && before.key !== key.toString("base64"))) return Promise.resolve(undefined);
    this.known.set(id, {
      id,
      kind: this.#kind,
      key: key.toString("base64"),
      standing: "enrolled",
      account: `+4477009${id.slice(0, 5)}`,
      custodian: { id: "c1", name: "Ada" },
    });
    return Promise.resolve({ id, kind: this.#kind });
  }

  change(id: string, to: Partial<KnownAgent>): void {
    const known = this.known.get(id);
    if (known) this.known.set(id, { ...known, ...to });
  }

  #answer(): void {
    if (this.isAway) throw new CaptureError("unavailable", "injected: away");
  }
}

/** Agents' intake over fakes and a real database, which all tests of a file share. */
export class Intake {
  readonly dir = mkdtempSync(join(tmpdir(), "daybook-agents-"));
  readonly registry: MemoryAgents;
  readonly log: string[] = [];
  rig = setUp();
  /** Ours: what is later is later by it alone. */
  time = Date.parse("2026-03-04T12:00:00.000Z");
  url = "";
  agents: Agents | undefined;
  #postgres: Postgres | undefined;
  #pool: Pool | undefined;
  #codes = 0;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** @param kind of agents that enrol */
  constructor(kind = "test") {
    this.registry = new MemoryAgents(kind);
  }

  /** For a process of its own. */
  get connection(): Postgres["connection"] {
    if (!this.#postgres) throw new TypeError("it is not started");
    return this.#postgres.connection;
  }

  get pool(): Pool {
    if (!this.#pool) throw new TypeError("it is not started");
    return this.#pool;
  }

  async start(more: Partial<AgentOptions> = {}): Promise<void> {
    const log = { info: () => undefined, warn: () => undefined };
    this.#postgres = await startPostgres({ dataDir: join(this.dir, "postgres"), log });
    this.#pool = new Pool({ ...this.#postgres.connection, max: 3 });
    this.#pool.on("error", () => undefined);
    this.#pool.on("error", () => undefined);
    await this.open(more);
  }

  /** Opens the door. What was kept by a process of its own is gone; the database and the stream are as they were. */
  async open(more: Partial<AgentOptions> = {}): Promise<void> {
    const sink = new PassThrough();
    sink.on("data", (chunk: Buffer) => this.log.push(chunk.toString()));
    const listening = Promise.withResolvers<number>();
    this.#stopping = new AbortController();
    this.agents = new Agents({
      readers: [plainReader],
      registry: this.registry,
      at: { host: "127.0.0.1", port: 0 },
      // Tests look by themselves.
      lookMs: 3_600_000,
      onListening: listening.resolve,
      pool: this.pool,
      sink: await this.rig.newSink(),
      spoolDir: this.rig.dir,
      log: createLogger("capture", "debug", { stream: sink }),
      now: () => new Date(this.time),
      ...more,
    });
    this.#running = this.agents.run(this.#stopping.signal);
    this.#running.catch(listening.reject);
    this.url = `http://127.0.0.1:${await listening.promise}`;
    // The first look is over before the clock of a test moves.
    await this.agents.look();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async reopen(more: Partial<AgentOptions> = {}): Promise<void> {
    await this.close();
    await this.open(more);
  }

  async stop(): Promise<void> {
    await this.close();
    await this.#pool?.end();
    await this.#postgres?.stop();
    this.rig.remove();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Looks at how agents stand, so much later. */
  async lookAfter(ms: number): Promise<void> {
    this.time += ms;
    await this.agents?.look();
  }

  /** A code that somebody may enrol by. @param before an agent whose account the new one is to have */
  newCode(before = ""): string {
    this.#codes += 1;
    const code = `CODE-${this.#codes}`;
    this.registry.codes.set(code, `${before.slice(0, 5)}${crypto.randomUUID().slice(before ? 5 : 0)}`);
    return code;
  }

  /** An agent that has enrolled. */
  async enrolled(agent = new TestAgent()): Promise<TestAgent> {
    const { status } = await agent.enrol(this.url, this.newCode());
    if (status !== 200) throw new Error(`enrolling was answered with ${status}`);
    return agent;
  }

  /** What an archiver would make of what was recorded of an agent's account. */
  records(agent: Pick<TestAgent, "id">, kind?: Event["kind"]): Event[] {
    const account = this.registry.known.get(agent.id)?.account;
    return this.rig.publisher.records
      .map(({ event }) => event)
      .filter((event) => event.account === account && (kind === undefined || event.kind === kind));
  }

  texts(agent: Pick<TestAgent, "id">): (string | undefined)[] {
    return this.records(agent, "message").map(({ text }) => text);
  }
}

/** Registers what starts and stops it. */
export function intake(): Intake {
  const made = new Intake();
  beforeAll(() => made.start(), 120_000);
  afterAll(() => made.stop(), 60_000);
  return made;
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}
