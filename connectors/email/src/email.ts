import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth } from "@daybook/contract";
import { type Log, type ScopedSink, StateFile, type Waits } from "@daybook/keeping";
import { MailCanary, type MailCanarySettings } from "./canary/mail-canary.ts";
import { CopyAddresses } from "./copied/addresses.ts";
import { receiveCopy } from "./copied/receive-copy.ts";
import { listening } from "./coverage.ts";
import { CONNECTOR, idOf } from "./events/message.ts";
import { type Incoming, type IntakeTls, SmtpIntake } from "./intake/smtp-intake.ts";
import type { Sources } from "./intake/trust.ts";
import { type Arrived, type Mailbox, receive, UNASSIGNED } from "./journal/receive.ts";
import { MailReader } from "./reading/mail-reader.ts";
import type { Resolve } from "./reading/reading.ts";
import { type ReceiptKind, Receipts, type ReceiptSettings } from "./receipts/receipts.ts";
import type { TraceKind } from "./trace/compare-day.ts";
import { MessageTrace, type MessageTraceSettings } from "./trace/message-trace.ts";

/** How copies are taken that officials send of their private mail. */
export interface CopyOptions {
  /** `record@example.gov.uk` is `record+minister@example.gov.uk` too. */
  readonly addresses: readonly string[];
  /** Private mailboxes, as custodians registered them. */
  readonly mailboxes: readonly Mailbox[];
  /** Days from writing to copying that are allowed: what comes later is shown to have. */
  readonly lateAfterDays: number;
  /** From an address of those, to the first official one; nothing tests this way without. */
  readonly canary?: MailCanarySettings | undefined;
  /** Nobody is answered without. */
  readonly receipts?: (ReceiptSettings & { readonly waits?: Waits }) | undefined;
}

export interface EmailOptions {
  /** Where journals are sent to: kept to oneself, for it is half of what tells a journal from a forgery. */
  readonly journalAddresses: readonly string[];
  readonly mailboxes: readonly Mailbox[];
  readonly copies?: CopyOptions | undefined;
  /** Nothing tests the journal without. */
  readonly canary?: MailCanarySettings | undefined;
  /** Of a Microsoft 365 tenant: without it nobody compares. */
  readonly trace?: MessageTraceSettings | undefined;
  readonly sources: Sources;
  readonly at: { readonly host: string; readonly port: number };
  readonly tls?: IntakeTls | undefined;
  readonly stateFile: string;
  /** 32 bytes: encrypts what is remembered. */
  readonly key: Uint8Array;
  /** For the keys of signatures. Without it none is checked. */
  readonly resolve?: Resolve | undefined;
  readonly maxBytes?: number;
  readonly maxBytesUnderWay?: number;
  readonly beatMs?: number;
  /** How long a message is read before it is kept unread, milliseconds: 10 seconds unless given. */
  readonly readMs?: number;
  readonly log: Log;
  readonly now?: () => Date;
}

const MIB = 1024 * 1024;
/** Exchange Online takes messages of 150 MB; a report is larger than what it is about. */
const MAX_BYTES = 200 * MIB;
const MAX_BYTES_UNDER_WAY = 400 * MIB;
const BEAT_MS = 60_000;

/** The journal of an organisation's mail, and copies of private mail, as its mail servers hand them over by SMTP. */
export class Email implements Connector {
  readonly #options: EmailOptions;
  readonly #state: StateFile<"coverage" | "canary" | ReceiptKind | TraceKind>;
  readonly #copyAddresses: CopyAddresses;
  readonly #receipts: Receipts | undefined;
  readonly #canary: MailCanary | undefined;
  readonly #copyCanary: MailCanary | undefined;
  readonly #trace: MessageTrace | undefined;
  readonly #heard = new Set<string>();
  readonly #opened = Promise.withResolvers<number>();

  /**
   * @throws {ConnectorError} `malformed` when the state file cannot be used
   * @throws {TypeError} where tests would come from no mailbox that is known
   */
  constructor(options: EmailOptions) {
    const { stateFile: path, key, mailboxes, canary, trace, log, now = () => new Date() } = options;
    this.#options = options;
    this.#state = StateFile.open({
      path,
      key,
      now,
      label: "daybook email state v1",
      whose: "mail's connector",
    });
    this.#copyAddresses = new CopyAddresses(options.copies?.addresses ?? []);
    const receipts = options.copies?.receipts;
    this.#receipts = receipts && new Receipts({ ...receipts, state: this.#state, log, now });
    const testing = { state: this.#state, log, now };
    this.#canary =
      canary && new MailCanary({ ...canary, ...testing, way: "journal", to: canary.address, mailboxes });
    const { copies } = options;
    this.#copyCanary =
      copies?.canary &&
      new MailCanary({
        ...{ ...copies.canary, ...testing, way: "copied", mailboxes: copies.mailboxes },
        to: copies.addresses[0] ?? "",
      });
    this.#trace = trace && new MessageTrace({ ...trace, mailboxes, state: this.#state, log, now });
    // Nobody notes what a journal tells of: a comparison that is begun later begins anew.
    if (!trace) for (const kind of ["trace", "journaled"] as const) this.#state.forget(kind, Infinity);
  }

  /** The port that is listened at, once it is. */
  get port(): Promise<number> {
    return this.#opened.promise;
  }

  health(): readonly LinkHealth[] {
    const journaled = this.#options.mailboxes.map(({ addresses: [account], custodian }) => {
      const { alerts = [], ...problem } = this.#trace?.healthOf(account) ?? {};
      return {
        ...{ account, custodian, ...problem },
        status: this.#heard.has(account) ? "live" : "waiting",
        alerts: [...(this.#canary?.mailbox.addresses[0] === account ? this.#canary.alerts : []), ...alerts],
      };
    });
    if (!this.#copyCanary) return journaled;
    const { mailbox, alerts } = this.#copyCanary;
    return [
      ...journaled,
      { account: mailbox.addresses[0], custodian: mailbox.custodian, status: "live", alerts },
    ];
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { mailboxes, now = () => new Date(), beatMs = BEAT_MS, readMs, resolve, log } = this.#options;
    await using reader = new MailReader({ resolve, ...(readMs !== undefined && { clockMs: readMs }) });
    const intake = this.#intake(sink, reader);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const beat = (until: AbortSignal) => sleep(beatMs, undefined, { signal: until }).catch(() => undefined);
    let parts: Promise<void>[] = [];
    try {
      const port = await intake.listen();
      this.#opened.resolve(port);
      log.info({ port }, "listening for journals of mail");
      sink.report({ state: "live" });
      parts = mailboxes.map((one) => listening(one, { state: this.#state, now, sink }, beat, both));
      if (this.#receipts) parts.push(this.#receipts.run(sink, both));
      if (this.#canary) parts.push(this.#canary.run(sink, both));
      if (this.#copyCanary) parts.push(this.#copyCanary.run(sink, both));
      if (this.#trace) parts.push(this.#trace.run(sink, both));
      await Promise.all([...parts, aborted(signal)]);
    } finally {
      stop.abort();
      await intake.close();
      await Promise.allSettled(parts);
      sink.report({ state: "down" });
      this.#state.close();
    }
  }

  #intake(sink: ScopedSink, reader: MailReader): SmtpIntake {
    const { journalAddresses, sources, at, tls, log, now = () => new Date() } = this.#options;
    const known = new Set(journalAddresses.map((address) => address.toLowerCase()));
    return new SmtpIntake({
      ...{ at, tls, sources, log, now },
      maxBytes: this.#options.maxBytes ?? MAX_BYTES,
      maxBytesUnderWay: this.#options.maxBytesUnderWay ?? MAX_BYTES_UNDER_WAY,
      hasRecipient: (address) => known.has(address) || this.#copyAddresses.has(address),
      deliver: (incoming) => this.#deliver(incoming, sink, reader),
      async tooLarge({ from, sizeBytes, at: refusedAt }) {
        log.error({ sizeBytes }, "a message was refused for its size");
        await sink.capture([tooLarge(from, sizeBytes, refusedAt)]);
      },
    });
  }

  async #deliver(incoming: Incoming, sink: ScopedSink, reader: MailReader): Promise<string> {
    const { log, mailboxes } = this.#options;
    const copiedTo = incoming.to.filter((address) => this.#copyAddresses.has(address));
    const journaledTo = incoming.to.filter((address) => !this.#copyAddresses.has(address));
    const isTest = (arrived: Arrived) => this.#canary?.hear(arrived) ?? Promise.resolve(false);
    let digest: string | undefined;
    try {
      if (journaledTo.length > 0) {
        const options = { sink, reader, mailboxes, log, isTest };
        const received = await receive({ ...incoming, to: journaledTo }, options);
        for (const account of received.accounts) this.#heard.add(account);
        await this.#trace?.note(received, incoming.receivedAt);
        ({ digest } = received);
      }
      if (copiedTo.length > 0)
        digest = (await this.#keepCopy({ ...incoming, to: copiedTo }, sink, reader)) ?? digest;
      return digest === undefined ? "2.0.0 a test arrived" : `2.0.0 kept as ${digest}`;
    } catch (error) {
      const isRetryable = error instanceof ConnectorError && error.retryable;
      if (isRetryable) log.warn({}, "a message cannot be kept now: its sender is told to send it again");
      else log.error({ err: error }, "a message could not be kept: its sender is told to send it again");
      throw error;
    }
  }

  async #keepCopy(incoming: Incoming, sink: ScopedSink, reader: MailReader) {
    const { copies, log } = this.#options;
    const { mailboxes = [], lateAfterDays = 0 } = copies ?? {};
    const addresses = this.#copyAddresses;
    const isTest = (arrived: Arrived) => this.#copyCanary?.hear(arrived) ?? Promise.resolve(false);
    const kept = await receiveCopy(incoming, {
      ...{ sink, reader, addresses, mailboxes, lateAfterDays, log, isTest },
    });
    if (!kept) return undefined;
    const { sentBy } = kept;
    if (sentBy !== undefined) await this.#receipts?.queue({ ...kept, sentBy }, incoming.receivedAt);
    return kept.digest.slice(0, 16);
  }
}

/** A message that was never here: the only one that its sender is told not to send again. */
function tooLarge(from: string, sizeBytes: number, at: Date) {
  const when = at.toISOString();
  const why = `A message of ${sizeBytes} bytes was refused: it is larger than is taken`;
  return {
    ...idOf("refused", when, from, String(sizeBytes)),
    event: {
      v: 1,
      kind: "gap",
      network: "email",
      method: "journal",
      provenance: "journaled",
      account: UNASSIGNED,
      gap: { from: when, to: when, why, ...(from !== "" && { about: from.toWellFormed().slice(0, 512) }) },
      raw: "",
      connector: CONNECTOR,
    },
  } as const;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
