import type { Captured, Event } from "@daybook/contract";
import { Canary, isNothingButTest, type Log, type ScopedSink, type StateFile } from "@daybook/keeping";
import { Holders } from "../holders.ts";
import { CONNECTOR, type OfficialNumber } from "../options.ts";
import type { SmsCanary } from "./send.ts";

const EVERY_MS = 3_600_000;
const WITHIN_MS = 5 * 60_000;

/** Test messages to each official number, from a second provider: they have to arrive, and are no records. */
export class TestMessages {
  readonly #canaries = new Map<string, Canary>();
  #sink: ScopedSink | undefined;

  constructor(of: {
    readonly canary: SmsCanary | undefined;
    readonly state: StateFile<"canary">;
    readonly numbers: readonly OfficialNumber[];
    readonly log: Log;
    readonly now: () => Date;
  }) {
    const { canary, state, log, now } = of;
    if (!canary) return;
    const { everyMs = EVERY_MS, withinMs = WITHIN_MS } = canary;
    const holders = new Holders(of.numbers);
    for (const number of holders.numbers) {
      const about: Pick<Event, "network" | "method" | "account" | "connector"> = {
        ...{ network: "sms", method: "carrier", account: number, connector: CONNECTOR },
      };
      const heldBy = ({ event, ...one }: Captured): Captured => {
        const custodian = holders.of(number, now().getTime());
        return { ...one, event: { ...event, ...(custodian && { custodian }) } };
      };
      const one = new Canary({
        ...{ state, about, everyMs, withinMs, log, now },
        send: (text, signal) => canary.send(number, text, signal),
        record: async (events) => this.#sink?.capture(events.map(heldBy)),
      });
      this.#canaries.set(number, one);
    }
  }

  /** For a number's `LinkHealth`. */
  alertsOf(number: string): readonly string[] {
    return this.#canaries.get(number)?.alerts ?? [];
  }

  /**
   * The events without tests of ours: that those arrived is durable. One that says anything besides stays a message, so
   * that nobody hides words behind a test's.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: whether it is durable is not known
   */
  async without<One extends Captured>(events: readonly One[]): Promise<One[]> {
    const others: One[] = [];
    for (const one of events) {
      const { text = "" } = one.event;
      if (!(await this.#canaryOf(one)?.hear(text)) || !isNothingButTest(text)) others.push(one);
    }
    return others;
  }

  /** Whether it is nothing but a test of ours, of which a provider's list tells: that it arrived is not known by that. */
  isTest(one: Captured): boolean {
    const { text = "" } = one.event;
    return isNothingButTest(text) && this.#canaryOf(one)?.knows(text) === true;
  }

  #canaryOf({ event: { kind, direction, account } }: Captured): Canary | undefined {
    return kind === "message" && direction === "incoming" ? this.#canaries.get(account) : undefined;
  }

  /** Sends them, and notices those that do not arrive, until `signal` aborts. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    await Promise.all([...this.#canaries.values()].map((one) => one.run(signal)));
  }
}
