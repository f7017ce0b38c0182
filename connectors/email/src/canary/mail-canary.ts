import { ConnectorError, type Sink } from "@daybook/contract";
import { Canary, Lane, type Log, type StateFile } from "@daybook/keeping";
import { z } from "zod";
import { CONNECTOR } from "../events/message.ts";
import type { Arrived, Mailbox } from "../journal/receive.ts";
import { type Submission, submit } from "../submission.ts";
import { wordsOfBareTest } from "./bare-test.ts";
import { composeTest } from "./compose-test.ts";

/** Tests of a journal: a message from a governed mailbox to itself, whose report must arrive. */
export interface JournalCanarySettings {
  /** An address of a governed mailbox, in lower case; the server lets this process send from it. */
  readonly address: string;
  readonly submission: Submission;
  /** Between two tests, and within what each has to arrive: less. Milliseconds. */
  readonly everyMs: number;
  readonly withinMs: number;
}

interface JournalCanaryOptions extends JournalCanarySettings {
  readonly mailboxes: readonly Mailbox[];
  readonly state: StateFile<"canary">;
  readonly log: Log;
  readonly now: () => Date;
}

/** A journal may tell of one message more than once: as it was sent, as it came, by each of its servers. */
const MOST_DELIVERIES = 4;
const digests = z.array(z.string()).default([]);

/**
 * Sends tests, and hears those that the journal tells of: they are coverage and no records. One that does not arrive is a gap and an
 * alarm, of the canary's account: it tells of the journal, not only that SMTP comes through.
 */
export class JournalCanary {
  readonly #mailbox: Mailbox;
  readonly #options: JournalCanaryOptions;
  readonly #canary: Canary;
  readonly #lane = new Lane();
  readonly #begun = Promise.withResolvers<Sink>();

  /**
   * @throws {TypeError} where the address is of no governed mailbox
   * @throws {ConnectorError} `malformed` when what is remembered is of another version, or damaged
   */
  constructor(options: JournalCanaryOptions) {
    const { address, submission, mailboxes, state, everyMs, withinMs, log, now } = options;
    const mailbox = mailboxes.find(({ addresses }) => addresses.includes(address));
    if (!mailbox) throw new TypeError("the journal is tested from no governed mailbox");
    this.#mailbox = mailbox;
    this.#options = options;
    const { addresses, custodian } = mailbox;
    this.#canary = new Canary({
      ...{ state, everyMs, withinMs, log, now },
      about: { network: "email", method: "journal", account: addresses[0], custodian, connector: CONNECTOR },
      send: async (words) => {
        const message = await composeTest(words, { address, at: now() });
        const outcome = await submit({ from: address, to: address, message }, submission);
        if (outcome !== "taken")
          throw new ConnectorError(
            "network-unavailable",
            "the mail server did not take a test of the journal",
          );
      },
      record: async (events) => (await this.#begun.promise).capture(events),
    });
  }

  /** Of which it tells. */
  get account(): string {
    return this.#mailbox.addresses[0];
  }

  /** For its `LinkHealth`. */
  get alerts(): readonly string[] {
    return this.#canary.alerts;
  }

  /** Sends tests, and notices those that do not arrive, until `signal` aborts. @throws what the sink throws that is not retryable */
  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    this.#begun.resolve(sink);
    await this.#canary.run(signal);
  }

  /**
   * Whether it is a test of ours and says nothing besides: that it arrived is durable then. One that says more arrived as well, and
   * stays a message, so that nobody hides words behind a test's. Repeatable.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: whether it is durable is not known
   */
  async hear({ message, reading, journal, isAlone, digest }: Arrived): Promise<boolean> {
    const { addresses } = this.#mailbox;
    const isOurs = (address: string | undefined) => address !== undefined && addresses.includes(address);
    if (reading.from.length !== 1 || !isOurs(reading.from[0]?.address)) return false;
    if (journal && !isOurs(journal.sender)) return false;
    const words = wordsOfBareTest(message, this.#mailbox);
    if (!(await this.#canary.hear(words ?? reading.text ?? ""))) return false;
    const wentNowhereElse =
      !journal ||
      (journal.unknownLines === 0 &&
        !journal.isCut &&
        journal.recipients.every(({ address }) => isOurs(address)));
    return words !== undefined && isAlone && wentNowhereElse && (await this.#isOneOfFew(words, digest));
  }

  /** A message that is made like a test, when that is known, is not one of the first. */
  #isOneOfFew(words: string, digest: string): Promise<boolean> {
    return this.#lane.run(async () => {
      const { state } = this.#options;
      const name = `deliveries of ${words}`;
      const known = digests.parse(state.get("canary", name));
      if (known.includes(digest)) return true;
      if (known.length >= MOST_DELIVERIES) return false;
      await state.write([{ kind: "canary", name, value: [...known, digest] }]);
      return true;
    });
  }
}
