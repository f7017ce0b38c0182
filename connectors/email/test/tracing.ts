import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageTraceSettings } from "../src/trace/message-trace.ts";
import { MessageTraceApi } from "../../../test/fakes/message-trace.ts";

export const HOUR_MS = 3_600_000;
export const ANNS = "ann@example.gov.uk";
/** The day that is compared, at ten; and when it is. */
export const TEN = new Date("2024-05-13T10:00:00Z");
export const SETTLED = Date.parse("2024-05-15T00:00:01Z");

export const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(5);
};

/** A tenant whose message trace is asked, a state, and a clock: all new for each test, the day before the one that is compared. */
export class Tracing {
  #api: MessageTraceApi | undefined;
  #dir = "";
  clock = 0;
  logged: string[] = [];

  get api(): MessageTraceApi {
    if (!this.#api) throw new TypeError("it is not there");
    return this.#api;
  }

  get settings(): MessageTraceSettings {
    const { tenant, clientId } = this.api.directory;
    const { url } = this.api;
    const credential = { clientSecret: () => "made up" };
    return {
      application: { tenant, clientId, credential, loginUrl: url },
      ...{ graphUrl: url, settleMs: 24 * HOUR_MS },
      ...{ everyMs: 10, paceMs: 0, waits: { firstMs: 5, mostMs: 20 } },
    };
  }

  /** What a connector stands on. */
  get around() {
    const log = (fields: object, sentence: string) =>
      void this.logged.push(`${JSON.stringify(fields)} ${sentence}`);
    return {
      ...{ stateFile: join(this.#dir, "email.state"), key: Buffer.alloc(32, 7) },
      now: () => new Date(this.clock),
      log: { info: log, warn: log, error: log },
    };
  }

  /** What was asked for of a day, by sender or recipient. */
  askedOf(day: string): number {
    const filters = this.api.asked.flatMap((query) => query.get("$filter") ?? []);
    return filters.filter((one) => one.includes(`ge ${day}T`)).length;
  }

  async renew(): Promise<void> {
    this.clock = Date.parse("2024-05-12T12:00:00Z");
    this.logged = [];
    this.#api = await MessageTraceApi.start();
    this.#api.now = () => this.clock;
    this.#dir = mkdtempSync(join(tmpdir(), "daybook-mail-trace-"));
  }

  async end(): Promise<void> {
    await this.#api?.close();
    rmSync(this.#dir, { recursive: true });
  }
}

/** Registers what renews and ends it. */
export function tracing(): Tracing {
  const made = new Tracing();
  beforeEach(() => made.renew());
  afterEach(() => made.end());
  return made;
}
