import { setTimeout as sleep } from "node:timers/promises";
import { type Connector, ConnectorError, type LinkHealth } from "@daybook/contract";
import { BackOff, Coverage, type CoverageState, type ScopedSink, type Waits } from "@daybook/keeping";
import { CONNECTOR } from "../events/message.ts";
import { WebRefusal } from "../oauth/web.ts";
import { MailReader } from "../reading/mail-reader.ts";
import { Line } from "./line.ts";
import { Memory } from "./memory.ts";
import { accountOf, type ImapAccount, type ImapOptions } from "./options.ts";
import { type ImapState, openImapState } from "./state.ts";
import { visit } from "./visit.ts";

const MAX_BYTES = 200 * 1024 * 1024;
const EVERY_MS = 5 * 60_000;
const ANSWER_MS = 30_000;
const BEAT_MS = 60_000;
const WAITS: Waits = { firstMs: 2_000, mostMs: 5 * 60_000 };
/** What is to be seen to, where a mailbox is refused. */
const REFUSED = {
  password: "The IMAP server refuses the user or the password: give Daybook the right ones",
  token: "The IMAP server refuses the user or the token: see which mailboxes the application may open",
  noToken: "The directory gives no token: see the application, its secret or key, and what it may do",
} as const;

/** Mailboxes that are read by IMAP: what they hold, and then what comes to them and goes from them. */
export class Imap implements Connector {
  readonly #options: ImapOptions;
  readonly #state: ImapState;
  readonly #watched: readonly Watched[];

  /** @throws {ConnectorError} `malformed` when the state file cannot be used */
  constructor(options: ImapOptions) {
    const { accounts, stateFile, key, now = () => new Date() } = options;
    this.#options = options;
    this.#state = openImapState(stateFile, key, now);
    this.#watched = accounts.map((account) => new Watched(account, options, this.#state));
  }

  health(): readonly LinkHealth[] {
    return this.#watched.map((one) => one.health());
  }

  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    await using reader = new MailReader();
    log.info({ accounts: this.#watched.length }, "reading mailboxes by IMAP");
    const parts = this.#watched.map((one) => one.run({ sink, reader }, both));
    try {
      await Promise.all(parts);
    } finally {
      stop.abort();
      await Promise.allSettled(parts);
      sink.report({ state: "down" });
      this.#state.close();
    }
  }
}

/** One account: one line at a time, again and again. */
class Watched {
  readonly #account: ImapAccount;
  readonly #options: ImapOptions;
  readonly #state: ImapState;
  readonly #now: () => Date;
  #link: CoverageState = "down";
  #downSince: Date | undefined;
  /** Why it is refused. */
  #refusal: keyof typeof REFUSED | undefined;
  #unopened = 0;

  constructor(account: ImapAccount, options: ImapOptions, state: ImapState) {
    this.#account = account;
    this.#options = options;
    this.#state = state;
    this.#now = options.now ?? (() => new Date());
    this.#downSince = this.#now();
  }

  health(): LinkHealth {
    return {
      account: accountOf(this.#account),
      custodian: this.#account.custodian,
      status: this.#refusal ? "refused" : this.#link,
      ...(this.#refusal && { problem: REFUSED[this.#refusal] }),
      alerts: this.#unopened > 0 ? ["folder-not-opened"] : [],
      ...(this.#downSince && { downSince: this.#downSince }),
    };
  }

  async run(of: { sink: ScopedSink; reader: MailReader }, signal: AbortSignal): Promise<void> {
    const { beatMs = BEAT_MS } = this.#options;
    const coverage = this.#coverage(of.sink);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const beat = (async () => {
      while (!both.aborted) {
        await sleep(beatMs, undefined, { signal: both }).catch(() => undefined);
        await coverage.beat(this.#now().getTime());
      }
    })();
    const reading = this.#read(of, coverage, both);
    try {
      await Promise.race([reading, beat]);
    } finally {
      stop.abort();
      await Promise.allSettled([reading, beat]);
      await this.#enter("down", coverage);
    }
  }

  async #read(
    of: { sink: ScopedSink; reader: MailReader },
    coverage: Coverage,
    signal: AbortSignal,
  ): Promise<void> {
    const backOff = new BackOff(this.#options.waits ?? WAITS);
    while (!signal.aborted) {
      let leastMs = 0;
      await this.#follow(of, coverage, () => backOff.reset(), signal).catch((error: unknown) => {
        if (!signal.aborted) leastMs = this.#broken(error);
      });
      await this.#enter("down", coverage);
      await backOff.wait(signal, leastMs);
    }
  }

  /** @returns what the other side asked to be left alone for, milliseconds @throws what another line would not mend */
  #broken(error: unknown): number {
    const isRefused = error instanceof ConnectorError && error.code === "link-refused";
    if (!(error instanceof ConnectorError) || !(error.retryable || isRefused)) throw error;
    const web = error.cause instanceof WebRefusal ? error.cause : undefined;
    this.#refusal = isRefused ? this.#refusalOf(web) : undefined;
    const said = { network: "email", method: "export", code: error.code, ...(web && { token: web.message }) };
    this.#options.log.warn(said, "a mailbox cannot be read now: trying again");
    return web?.retryAfterMs ?? 0;
  }

  #refusalOf(web: WebRefusal | undefined): keyof typeof REFUSED {
    if (web) return "noToken";
    return "password" in this.#account.signIn ? "password" : "token";
  }

  /** Reads the mailbox over one line, until it breaks. */
  async #follow(
    { sink, reader }: { sink: ScopedSink; reader: MailReader },
    coverage: Coverage,
    onVisited: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { answerMs = ANSWER_MS, maxBytes = MAX_BYTES, everyMs = EVERY_MS, log } = this.#options;
    const account = this.#account;
    const memory = new Memory(this.#state, accountOf(account));
    using line = await Line.open(account, { answerMs, maxBytes }, signal);
    this.#refusal = undefined;
    await this.#enter("catching-up", coverage);
    const options = { account, memory, sink, reader, maxBytes, log, now: this.#now };
    while (!signal.aborted) {
      const { isDue, unopened } = await visit(line, options, signal);
      this.#unopened = unopened;
      onVisited();
      await this.#enter("live", coverage);
      sink.report({ state: "live" });
      if (!isDue) await line.hear(everyMs, signal);
    }
  }

  async #enter(state: CoverageState, coverage: Coverage): Promise<void> {
    const now = this.#now();
    this.#link = state;
    this.#downSince = state === "down" ? (this.#downSince ?? now) : undefined;
    await coverage.enter(state, now.getTime());
  }

  #coverage(sink: ScopedSink): Coverage {
    const { custodian } = this.#account;
    return new Coverage({
      state: this.#state,
      about: {
        ...{ network: "email", method: "export", custodian, connector: CONNECTOR },
        account: accountOf(this.#account),
      },
      linkedAt: this.#now().getTime(),
      record: (events) => sink.capture(events),
    });
  }
}
