import { randomUUID } from "node:crypto";
import {
  type Captured,
  ConnectorError,
  type Linker,
  type LinkHealth,
  type LinkStep,
  type Method,
  type Network,
  type Party,
} from "@daybook/contract";
import type { Logger } from "@daybook/runtime";
import { CaptureError } from "../error.ts";
import type { Registry } from "../ports.ts";

/** Links that are shown at once: each holds a connection to its network. */
const MAX_OPEN = 20;
/** Nobody scans a code any more. */
const OPEN_MS = 15 * 60_000;
/** How long what came of one can be asked for. */
const KEPT_MS = 60 * 60_000;

/** A link that is being made, or what came of it. */
export type LinkState =
  | LinkStep
  | { readonly step: "starting" }
  | { readonly step: "failed"; /** For the official, in words. */ readonly why: string };

/** A connector that tells how its accounts' links stand, and what they are. */
export interface LinkedConnector {
  readonly network: Network;
  readonly method: Method;
  readonly health: () => readonly LinkHealth[];
  /** Where its accounts are linked by a code. */
  readonly linker?: Linker;
  /** Puts on an account's record what Daybook itself says of its link. Durable once resolved. @throws {ConnectorError} */
  readonly record: (captured: Captured) => Promise<void>;
}

/** One whose accounts are linked by a code. */
export type LinkingConnector = Required<LinkedConnector>;

/** A link, with what whoever asks for it is judged by. */
export interface OpenLink {
  readonly custodian: Party;
  /** Who began it. */
  readonly actor: string;
  readonly connector: Pick<LinkedConnector, "network" | "method">;
  readonly state: LinkState;
}

interface Open extends OpenLink {
  readonly stopping: AbortController;
  state: LinkState;
  changedAt: number;
}

/** Links of officials' phones, each by an id that cannot be guessed: whoever knows it sees the code. */
export class Links {
  readonly #registry: Registry;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #links = new Map<string, Open>();
  readonly #running = new Set<Promise<void>>();

  constructor(of: { registry: Registry; log: Logger; now: () => Date }) {
    this.#registry = of.registry;
    this.#log = of.log;
    this.#now = of.now;
  }

  /**
   * Begins to link a phone of this custodian, who is made where there is none.
   *
   * @returns the link's id
   * @throws {CaptureError} `ambiguous-custodian`, `unavailable`; `busy` while too many are open
   */
  async begin(connector: LinkingConnector, custodian: string, actor: string): Promise<string> {
    this.#forgetOld();
    if (this.#running.size >= MAX_OPEN)
      throw new CaptureError("busy", "many phones are being linked: try again later");
    const known = await this.#registry.custodian(custodian, actor);
    const id = randomUUID();
    const open: Open = {
      custodian: known,
      actor,
      connector,
      stopping: new AbortController(),
      state: { step: "starting" },
      changedAt: this.#now().getTime(),
    };
    this.#links.set(id, open);
    const running = this.#follow(connector, open, actor).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return id;
  }

  get(id: string): LinkState | undefined {
    return this.#links.get(id)?.state;
  }

  open(id: string): OpenLink | undefined {
    return this.#links.get(id);
  }

  /** Shows its code no more. Harmless where it is over. */
  cancel(id: string): void {
    this.#links.get(id)?.stopping.abort();
  }

  /** Ends those that are open. */
  async close(): Promise<void> {
    for (const { stopping } of this.#links.values()) stopping.abort();
    await Promise.all(this.#running);
  }

  async #follow(connector: LinkingConnector, open: Open, actor: string): Promise<void> {
    const { network, method, linker } = connector;
    const { custodian, stopping } = open;
    const enter = (state: LinkState) => {
      open.state = state;
      open.changedAt = this.#now().getTime();
    };
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(OPEN_MS)]);
    try {
      for await (const step of linker.link(custodian, signal)) {
        if (step.step === "linked") {
          const identifier = step.account;
          await this.#registry.account({ custodian: custodian.id, network, method, identifier, actor });
        }
        enter(step);
      }
    } catch (err) {
      if (stopping.signal.aborted) return enter({ step: "failed", why: "linking was given up" });
      if (signal.aborted) return enter({ step: "failed", why: "nobody scanned the code: begin again" });
      const told = err instanceof ConnectorError || err instanceof CaptureError;
      // What a library says may name numbers or codes.
      if (!told)
        this.#log.error(
          { error: err instanceof Error ? err.name : "unknown" },
          "a phone could not be linked",
        );
      enter({ step: "failed", why: told ? err.message : "linking failed: see the server's log" });
    }
  }

  #forgetOld(): void {
    const before = this.#now().getTime() - KEPT_MS;
    for (const [id, { state, changedAt }] of this.#links) {
      if ((state.step === "linked" || state.step === "failed") && changedAt < before) this.#links.delete(id);
    }
  }
}
