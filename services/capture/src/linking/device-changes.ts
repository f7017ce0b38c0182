import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type LinkHealth } from "@daybook/contract";
import type { Logger, Principal } from "@daybook/runtime";
import { CaptureError } from "../error.ts";
import { answeredEvent, askedEvent } from "./change-events.ts";
import type { LinkChange, LinkChanges } from "./link-changes.ts";
import type { LinkedConnector } from "./links.ts";

const LOOK_MS = 5_000;

/** A change of device that waits for somebody, and whose account it is. */
export interface Question extends LinkChange {
  readonly connector: LinkedConnector;
  readonly health: LinkHealth;
}

/**
 * The procedure when an account is linked again, on a new phone or after its link was lost: a person says whether anything
 * is missing from between, and that is on the account's record. Whatever the network.
 */
export class DeviceChanges {
  readonly #changes: LinkChanges;
  readonly #connectors: () => readonly LinkedConnector[];
  readonly #log: Logger;
  readonly #now: () => Date;

  constructor(of: {
    changes: LinkChanges;
    connectors: () => readonly LinkedConnector[];
    log: Logger;
    now: () => Date;
  }) {
    this.#changes = of.changes;
    this.#connectors = of.connectors;
    this.#log = of.log;
    this.#now = of.now;
  }

  /** Looks for links that are new until `signal` aborts. What cannot be noted is noted at the next look. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        this.#log.warn({ error: nameOf(error) }, "links cannot be noted just now");
      });
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Notes each link, and asks about those that follow another. Repeatable; a crash asks again, as the same event. */
  async look(): Promise<void> {
    for (const connector of this.#connectors()) {
      for (const health of connector.health()) {
        await this.#changes.note(connector.network, health, this.#now(), async (change) => {
          await connector.record(askedEvent({ ...connector, ...health }, change));
          this.#log.warn({ change: change.id }, "an account was linked again: somebody has to confirm it");
        });
      }
    }
  }

  /** What waits for an answer, of accounts that this process captures. */
  async questions(connector: LinkedConnector, health: LinkHealth): Promise<Question[]> {
    const open = await this.#changes.open(connector.network, health.account);
    return open.map((change) => ({ ...change, connector, health }));
  }

  /** Those that somebody may answer: records officers all, others those of whom they speak for. */
  async questionsFor(principal: Principal): Promise<Question[]> {
    const found: Question[] = [];
    for (const connector of this.#connectors()) {
      for (const health of connector.health())
        if (speaksFor(principal, health)) found.push(...(await this.questions(connector, health)));
    }
    return found;
  }

  /**
   * Takes an answer: durable on the account's record before the question is closed. A crash between leaves it open, and
   * both answers are on record.
   *
   * @returns false where there is no such question for them: it was answered, or is not theirs
   * @throws {CaptureError} `unavailable`
   */
  async answer(
    id: string,
    principal: Principal,
    said: { readonly complete: boolean; readonly words: string },
  ): Promise<boolean> {
    const question = (await this.questionsFor(principal)).find((one) => one.id === id);
    if (!question) return false;
    const { connector, health } = question;
    const at = this.#now();
    const by = { id: principal.id, name: principal.name };
    try {
      await connector.record(answeredEvent({ ...connector, ...health }, question, { ...said, by, at }));
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
      throw new CaptureError("unavailable", "the answer cannot be recorded just now: give it again", {
        cause,
      });
    }
    return this.#changes.close(id, at);
  }
}

function speaksFor({ roles, custodians = [] }: Principal, { custodian }: LinkHealth): boolean {
  return roles.includes("records-officer") || custodians.includes(custodian.id);
}

/** What a library says may quote what it was given. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
