import { agentKey } from "@daybook/contract";
import type { KeyObject } from "node:crypto";
import { CaptureError } from "../error.ts";
import type { AgentRegistry, KnownAgent } from "./registry.ts";

/** Strangers must not make another service answer all the time. */
const LEAST_MS = 1_000;

export interface Enrolled extends KnownAgent {
  readonly publicKey: KeyObject;
}

/** Every agent that has enrolled, as the registry says: where that does not answer, as it said last. */
export class KnownAgents {
  readonly #registry: Pick<AgentRegistry, "agents">;
  readonly #now: () => number;
  #all: ReadonlyMap<string, Enrolled> | undefined;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  /** @param now milliseconds, of a clock that does not go back */
  constructor(registry: Pick<AgentRegistry, "agents">, now: () => number = () => performance.now()) {
    this.#registry = registry;
    this.#now = now;
  }

  /** As the registry said last. */
  get all(): ReadonlyMap<string, Enrolled> {
    return this.#all ?? new Map();
  }

  /** One that is not known is asked for. @throws {CaptureError} `unavailable` while nothing was ever said */
  async get(id: string): Promise<Enrolled | undefined> {
    const known = this.#all?.get(id);
    if (known) return known;
    if (this.#now() - this.#askedAt >= LEAST_MS) await this.refresh();
    if (!this.#all) throw new CaptureError("unavailable", "the registry of agents cannot be had");
    return this.#all.get(id);
  }

  /** Asks the registry. Resolves also where it does not answer. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#now();
    try {
      const found = new Map<string, Enrolled>();
      for (const agent of await this.#registry.agents()) {
        const publicKey = agentKey(Buffer.from(agent.key, "base64"));
        if (publicKey) found.set(agent.id, { ...agent, publicKey });
      }
      this.#all = found;
    } catch (error) {
      if (!(error instanceof CaptureError) || !error.retryable) throw error;
    }
  }
}
