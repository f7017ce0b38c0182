import { ConnectorError, type Sink } from "@daybook/contract";
import { Canary, Lane, type Log, type StateFile } from "@daybook/keeping";
import { z } from "zod";
import { CONNECTOR } from "../events/message.ts";
import type { Arrived, Mailbox } from "../journal/receive.ts";
import { type Submission, submit } from "../submission.ts";
import { wordsOfBareTest } from "./bare-test.ts";
import { composeTest, type TestEnvelope } from "./compose-test.ts";

/** Tests of a way that mail comes by. */
export interface MailCanarySettings {
  /** Of a mailbox that is known on that way, in lower case; the server lets this process send from it. */
  readonly address: string;
  readonly submission: Submission;
  /** Between two tests, and within what each has to arrive: less. Milliseconds. */
  readonly everyMs: number;
  readonly withinMs: number;
}

interface MailCanaryOptions extends MailCanarySettings {
  readonly way: TestEnvelope["way"];
  /** Where tests go: of a journal, to the mailbox itself. */
  readonly to: string;
  /** Those that are known. */
  readonly mailboxes: readonly Mailbox[];
  readonly state: StateFile<"canary">;
  readonly log: Log;
  readonly now: () => Date;
}

/** A journal may tell of one message more than once: as it was sent, as it came, by each of its servers. */
const MOST_DELIVERIES = 4;
const digests = z.array(z.string()).default([]);

/**
 * Sends tests, and hears those that arrive: they are coverage and no records. One that does not is a gap and an alarm, of the
 * canary's account: that tells of the journal, or of what hands on copies, not only that SMTP comes through.
 */
export class MailCanary {
  readonly #mailbox: Mailbox;
  readonly #options: MailCanaryOptions;
  readonly #canary: Canary;
  readonly #lane = new Lane();
  readonly #begun = Promise.withResolvers<Sink>();

  /**
   * @throws {TypeError} where the address is of no mailbox that is known
   * @throws {ConnectorError} `malformed` when what is remembered is of another version, or damaged
   */
  constructor(options: MailCanaryOptions) {
    const { way, address, to, submission, mailboxes, state, everyMs, withinMs, log, now } = options;
    const mailbox = mailboxes.find(({ addresses }) => addresses.includes(address));
    if (!mailbox) throw new TypeError("mail is tested from no mailbox that is known");
    this.#mailbox = mailbox;
    this.#options = options;
    const { addresses, custodian } = mailbox;
    this.#canary = new Canary({
      ...{ state, everyMs, withinMs, log, now },
      about: { network: "email", method: way, account: addresses[0], custodian, connector: CONNECTOR },
      send: async (words) => {
        const message = await composeTest(words, { way, from: address, to, at: now() });
        const outcome = await submit({ from: address, to, message }, submission);
        if (outcome !== "taken")
          throw new ConnectorError("network-unavailable", "the mail server did not take a test");
      },
      record: async (events) => (await this.#begun.promise).capture(events),
    });
  }

  /** Of which it tells. */
  get mailbox(): Mailbox {
    return this.#mailbox;
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
    const known: Mailbox = { ...this.#mailbox, addresses: [...addresses, this.#options.to] };
    const words = wordsOfBareTest(message, known);
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
