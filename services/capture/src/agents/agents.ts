import { setTimeout as sleep } from "node:timers/promises";
import {
  type AgentBatch,
  agentEnrolment,
  agentKey,
  type AgentReader,
  isSignedBy,
  type LinkHealth,
  type Network,
} from "@daybook/contract";
import { listen, type Logger, type Metrics, type ServerCertificate } from "@daybook/runtime";
import type { Pool } from "pg";
import { CaptureError } from "../error.ts";
import type { LinkedConnector } from "../linking/links.ts";
import type { CaptureSink } from "../sink.ts";
import { agentDoor } from "./door.ts";
import { type Heard, healthOf } from "./health.ts";
import { KnownAgents } from "./known-agents.ts";
import { Parts } from "./parts.ts";
import type { AgentRegistry } from "./registry.ts";
import { capturedOf } from "./said.ts";
import { type Sequence, Sequences } from "./sequences.ts";
import { showAgents } from "./show-agents.ts";
import { signer, takeBatch } from "./take-batch.ts";

const LOOK_MS = 5_000;
const HOUR_MS = 3_600_000;
const QUIET_MS = 24 * HOUR_MS;
const MISSING_MS = HOUR_MS;
const HEARTBEAT_SECONDS = 900;
const MAX_IN_LANE = 4;

/** What agents on devices need of capture. */
export interface AgentOptions {
  /** What is read here of what they hand over. */
  readonly readers: readonly AgentReader[];
  readonly registry: AgentRegistry;
  /** Their own listener; with an authority of clients, it is for devices alone that show a certificate of it. */
  readonly at: { readonly host: string; readonly port: number; readonly tls?: ServerCertificate | undefined };
  /** An agent that says nothing for so long is down. 24 hours unless given. */
  readonly quietMs?: number;
  /** A number that has not come so long after a later one is a gap. An hour unless given. */
  readonly missingMs?: number;
  /** Between two looks at that, and at the registry. 5 seconds unless given. */
  readonly lookMs?: number;
  /** Told where it listens. */
  readonly onListening?: (port: number) => void;
}

export interface AgentDeps extends AgentOptions {
  readonly pool: Pool;
  readonly sink: CaptureSink;
  readonly spoolDir: string;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly now: () => Date;
}

/** Takes what agents on devices hand over, and keeps account of what is missing, until its signal aborts. */
export class Agents {
  readonly #deps: AgentDeps;
  readonly #known: KnownAgents;
  readonly #sequences: Sequences;
  readonly #parts: Parts;
  readonly #readers: ReadonlyMap<string, AgentReader>;
  readonly #heard = new Map<string, Heard>();
  /** Of each agent, the last of its batches that are under way, and how many those are. */
  readonly #lanes = new Map<string, { readonly last: Promise<unknown>; readonly waiting: number }>();
  #standing: ReadonlyMap<string, Sequence> = new Map();

  constructor(deps: AgentDeps) {
    this.#deps = deps;
    this.#known = new KnownAgents(deps.registry);
    this.#sequences = new Sequences(deps.pool);
    this.#parts = new Parts(deps);
    this.#readers = new Map(deps.readers.map((reader) => [reader.kind, reader]));
  }

  /** Each network that agents are read of, as linked accounts are shown. */
  get linked(): LinkedConnector[] {
    const networks = new Set([...this.#readers.values()].map(({ network }) => network));
    return [...networks].map((network) => ({
      network,
      method: "device-agent",
      health: () => this.#health(network),
      record: (captured) => this.#deps.sink.state(captured),
    }));
  }

  /** @throws {RuntimeError} `address-unavailable` */
  async run(signal: AbortSignal): Promise<void> {
    const { at, log, now, metrics, lookMs = LOOK_MS, onListening } = this.#deps;
    const counted = metrics && showAgents(metrics, () => this.#shown());
    const listening = await listen(
      agentDoor({
        wantsCertificate: at.tls?.clientAuthority !== undefined,
        isKnown: async (agent) => (await this.#known.get(agent)) !== undefined,
        enrol: (body, signature) => this.#enrol(body, signature),
        batch: (of, signature, body, clockMs) =>
          this.#inLane(of.agent, () =>
            takeBatch(of, signature, body, {
              agents: this.#known,
              readers: this.#readers,
              sequences: this.#sequences,
              parts: this.#parts,
              sink: this.#deps.sink,
              now,
              onHeard: (agent, batch, unread) => {
                this.#onHeard(agent.id, batch, clockMs);
                counted?.entries(agent.kind, batch.entries.length, unread);
              },
            }),
          ),
        part: (of, signature, body) => this.#part(of, signature, body),
        heartbeatSeconds: HEARTBEAT_SECONDS,
        now,
        onAnswer: (answered) => counted?.answered(answered),
        log,
      }),
      at,
    );
    log.info({ port: listening.port }, "listening for agents on devices");
    onListening?.(listening.port);
    try {
      while (!signal.aborted) {
        await this.look().catch((error: unknown) => {
          // What a library says may quote what it was given.
          const name = error instanceof Error ? error.name : "unknown";
          log.warn({ error: name }, "how agents stand cannot be noted just now");
        });
        await sleep(lookMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      await listening.close();
      await Promise.allSettled([...this.#lanes.values()].map(({ last }) => last));
      await this.#parts.close();
    }
  }

  /** Notes who is silent and which numbers never came, and records what there is to say. Repeatable. */
  async look(): Promise<void> {
    const { now, quietMs = QUIET_MS, missingMs = MISSING_MS } = this.#deps;
    await this.#known.refresh();
    await this.#parts.forgetOld();
    const sequences = await this.#sequences.all();
    for (const { agent, state, untold, heardAt } of sequences) {
      const standing = this.#known.all.get(agent)?.standing;
      if (standing === undefined || state === "ended") continue;
      // Of most there is nothing to note.
      const isWell = state === "live" && untold === 0 && now().getTime() - heardAt.getTime() <= quietMs;
      if (standing !== "enrolled") await this.#sequences.end(agent, now());
      else if (!isWell) await this.#sequences.look(agent, now(), { quietMs, missingMs });
    }
    await this.#record();
    this.#standing = new Map((await this.#sequences.all()).map((one) => [one.agent, one]));
  }

  /** What waits of agents that the registry does not name just now waits on. */
  async #record(): Promise<void> {
    for (const { n, agent, said } of await this.#sequences.waiting()) {
      const known = this.#known.all.get(agent);
      const reader = known && this.#readers.get(known.kind);
      if (!known || !reader) continue;
      await this.#deps.sink.capture([capturedOf(said, known, reader.network)]);
      await this.#sequences.recorded([n]);
    }
  }

  async #enrol(body: Buffer, signature: Buffer) {
    const { data } = agentEnrolment.safeParse(json(body));
    const spki = data && Buffer.from(data.publicKey, "base64");
    const key = spki && agentKey(spki);
    if (!key || !isSignedBy(key, signature, { what: "enrol" }, body)) return undefined;
    const enrolled = await this.#deps.registry.enrol(data.code, spki);
    if (!enrolled) return undefined;
    await this.#sequences.begin(enrolled.id, this.#deps.now());
    await this.#known.refresh();
    return { agent: enrolled.id, kind: enrolled.kind, isFollowing: this.#isFollowing(enrolled) };
  }

  /** True also where the registry does not say just now whose account it is. */
  #isFollowing({ id, kind }: { readonly id: string; readonly kind: string }): boolean {
    const account = this.#known.all.get(id)?.account;
    const others = [...this.#known.all.values()].filter((one) => one.id !== id && one.kind === kind);
    return others.some((one) => account === undefined || one.account === account);
  }

  async #part(
    of: { readonly agent: string; readonly sha256: string },
    signature: Buffer,
    body: () => AsyncIterable<Buffer>,
  ) {
    const agent = await signer(
      of.agent,
      ({ publicKey }) => isSignedBy(publicKey, signature, { what: "part", ...of }),
      { agents: this.#known, readers: this.#readers },
    );
    return typeof agent === "string" ? agent : this.#parts.receive(agent.id, of.sha256, body());
  }

  /**
   * After what came of the agent before, so that a batch and its repetition are not recorded side by side.
   *
   * @throws {CaptureError} `busy` where too many wait: one agent must not keep out the others
   */
  async #inLane<T>(agent: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(agent) ?? { last: Promise.resolve(), waiting: 0 };
    if (lane.waiting >= MAX_IN_LANE) throw new CaptureError("busy", "too many batches of one agent at once");
    const running = lane.last.then(work, work);
    const now = { last: running, waiting: lane.waiting + 1 };
    this.#lanes.set(agent, now);
    try {
      return await running;
    } finally {
      const after = this.#lanes.get(agent);
      if (after && after.waiting > 1) this.#lanes.set(agent, { ...after, waiting: after.waiting - 1 });
      else this.#lanes.delete(agent);
    }
  }

  #onHeard(agent: string, { at, waiting, problems }: AgentBatch, clockMs: number | undefined): void {
    const now = this.#deps.now();
    // A batch may have waited for long: by when it was made alone, only a clock that is ahead can be told.
    const aheadMs = clockMs ?? Math.max(0, at - now.getTime());
    this.#heard.set(agent, { at: now, clockMs: aheadMs, waiting, problems });
  }

  #health(network: Network): LinkHealth[] {
    const { now, quietMs = QUIET_MS } = this.#deps;
    return [...this.#known.all.values()]
      .filter(({ kind, standing }) => this.#readers.get(kind)?.network === network && standing !== "revoked")
      .map((agent) =>
        healthOf(agent, this.#standing.get(agent.id), this.#heard.get(agent.id), { now: now(), quietMs }),
      );
  }

  #shown() {
    const missing = [...this.#standing.values()].reduce((sum, one) => sum + one.missing, 0);
    return { missing, partBytes: this.#parts.bytes };
  }
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
