import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type Sink } from "@daybook/contract";
import { BackOff, type Log, type ScopedSink, type StateFile, type Waits } from "@daybook/keeping";
import type { Mailbox, Received } from "../journal/receive.ts";
import { WebRefusal } from "../oauth/web.ts";
import {
  type ComparedDay,
  compareDay,
  completedOf,
  noted,
  notedDay,
  type Stopped,
  type TraceKind,
  unknownOf,
} from "./compare-day.ts";
import { TraceApi, type TraceCredentials } from "./graph-api.ts";
import {
  agreeing,
  DAY_MS,
  differing,
  type Due,
  dueDays,
  ended,
  firstMark,
  heldOf,
  isBehind,
  type Mark,
  mark,
  stopping,
} from "./mark.ts";

/** How what a tenant says that it sent and got is compared with what its journal told of. */
export interface MessageTraceSettings extends TraceCredentials {
  /** So long after its end a day is compared, milliseconds. */
  readonly settleMs: number;
  /** So long after it was, one that did not agree is compared again: 6 hours unless given. */
  readonly againMs?: number;
  /** Between two looks at what is to be compared: 10 minutes unless given. */
  readonly everyMs?: number;
  /** Between two requests: 6 seconds unless given. */
  readonly paceMs?: number;
  readonly waits?: Waits;
}

interface MessageTraceOptions extends MessageTraceSettings {
  readonly mailboxes: readonly Mailbox[];
  readonly state: StateFile<TraceKind>;
  readonly log: Log;
  readonly now: () => Date;
}

const AGAIN_MS = 6 * 3_600_000;
const EVERY_MS = 600_000;
const WAITS = { firstMs: 30_000, mostMs: 3_600_000 };
/** Longer than a day is asked for again. */
const NOTED_MS = 45 * DAY_MS;
const FAILING_MS = DAY_MS;

const SENTENCES = {
  "journal-incomplete":
    "The tenant's message trace has messages that its journal did not tell of: see the gaps, and the journal rule",
  "reconciliation-refused":
    "Microsoft refuses the credentials for its message trace, or what they may read: what the journal leaves out is not found",
  "reconciliation-behind":
    "The tenant's message trace is not had, or not whole, for days: what the journal leaves out is not found yet",
} as const;
type Alert = keyof typeof SENTENCES;

/** What a comparison came to, and when it began, milliseconds since 1970. */
type Asked = ComparedDay & { readonly askedAt: number };

/** Compares, mailbox by mailbox and day by day, what a tenant's message trace has with what its journal told of. */
export class MessageTrace {
  readonly #options: MessageTraceOptions;
  readonly #api: TraceApi;
  readonly #marks = new Map<string, Mark>();
  #isProved = false;
  #isRefused = false;
  #failingSince: number | undefined;

  constructor(options: MessageTraceOptions) {
    this.#options = options;
    this.#api = new TraceApi(options, options);
  }

  /** For `LinkHealth`: what is to be seen to, and the first of it in words. */
  healthOf(account: string): { alerts: readonly Alert[]; problem?: string; stopped: Stopped } {
    const alerts = this.#alertsOf(account);
    const [first] = alerts;
    const days = this.#marks.get(account)?.stopped ?? [];
    const sum = (of: keyof Stopped) => days.reduce((count, day) => count + day[of], 0);
    const stopped = { failed: sum("failed"), quarantined: sum("quarantined") };
    return { alerts, ...(first && { problem: SENTENCES[first] }), stopped };
  }

  #alertsOf(account: string): Alert[] {
    const known = this.#marks.get(account);
    const due = this.#due();
    const isFailing = this.#failingSince !== undefined && due.now - this.#failingSince >= FAILING_MS;
    return [
      ...(known?.open.some(({ missing }) => missing > 0) ? (["journal-incomplete"] as const) : []),
      ...(this.#isRefused ? (["reconciliation-refused"] as const) : []),
      ...(isFailing || (known && isBehind(known, due)) ? (["reconciliation-behind"] as const) : []),
    ];
  }

  /**
   * Notes what a journal told of, before its sender is answered. Repeatable.
   *
   * @throws {ConnectorError} `store-unavailable`, retryable: nothing may be noted
   */
  async note({ accounts, names, sentAt }: Received, receivedAt: Date): Promise<void> {
    const day = dayOf(receivedAt.getTime());
    // What was sent on another day may be of that one in the trace too.
    const isOfDay = sentAt !== undefined && dayOf(Date.parse(sentAt)) === day;
    await this.#options.state.write(
      accounts.flatMap((account) =>
        [...names.map((name) => noted(account, name)), ...(isOfDay ? [notedDay(account, day)] : [])].map(
          (name) => ({ kind: "journaled", name, value: true }) as const,
        ),
      ),
    );
  }

  /** Compares until `signal` aborts. @throws what the sink throws that is not retryable */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { everyMs = EVERY_MS, waits = WAITS, log, now } = this.#options;
    const backOff = new BackOff(waits);
    while (!isAborted(signal)) {
      try {
        await this.#look(sink, signal);
        [this.#failingSince, this.#isRefused] = [undefined, false];
        backOff.reset();
        await sleep(everyMs, undefined, { signal });
      } catch (cause) {
        if (isAborted(signal)) return;
        const isTheirs = cause instanceof WebRefusal;
        if (!isTheirs && !(cause instanceof ConnectorError && cause.retryable)) throw cause;
        if (isTheirs) log.warn({ status: cause.status }, "the tenant's message trace cannot be had now");
        this.#failingSince ??= now().getTime();
        this.#isRefused = isTheirs && cause.isOfCredentials;
        await backOff.wait(signal, isTheirs ? cause.retryAfterMs : 0);
      }
    }
  }

  /** Compares what is due. @throws {WebRefusal} where something of it could not be */
  async #look(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { state, mailboxes, now } = this.#options;
    state.forget("journaled", now().getTime() - NOTED_MS);
    if (this.#marks.size === 0) await this.#open();
    if (!this.#isProved) await this.#api.prove(signal);
    this.#isProved = true;
    let refusal: WebRefusal | undefined;
    for (const mailbox of mailboxes) {
      await this.#end(mailbox, sink);
      for (const day of dueDays(this.#markOf(mailbox), this.#due())) {
        try {
          const askedAt = this.#due().now;
          const { excludes } = sink;
          const of = { api: this.#api, state, mailbox, day, ...(excludes && { excludes }) };
          const compared = await compareDay(of, signal);
          await this.#say(mailbox, day, { ...compared, askedAt }, sink);
        } catch (cause) {
          if (!(cause instanceof WebRefusal) || !cause.isOfQuestion) throw cause;
          refusal = cause;
        }
      }
    }
    if (refusal) throw refusal;
  }

  /** Where it was left. A mailbox that was not governed for a while begins again: nobody noted what was told of it. */
  async #open(): Promise<void> {
    const { state, mailboxes, now } = this.#options;
    const known = state.all("trace").flatMap((value) => mark.safeParse(value).data ?? []);
    const governed = new Set(mailboxes.map(({ addresses: [account] }) => account));
    const gone = known.filter(({ account }) => !governed.has(account));
    const marks = [...governed].map(
      (account) => known.find((one) => one.account === account) ?? firstMark(account, now().getTime()),
    );
    await state.write([
      ...gone.map(({ account }) => ({ kind: "trace", name: account, value: undefined }) as const),
      ...marks.map((value) => ({ kind: "trace", name: value.account, value }) as const),
    ]);
    for (const one of marks) this.#marks.set(one.account, one);
  }

  async #end(mailbox: Mailbox, sink: Sink): Promise<void> {
    const before = this.#markOf(mailbox);
    const { mark: after, unknown } = ended(before, this.#due().now);
    if (after.from === before.from) return;
    if (unknown.length > 0) await sink.capture(unknown.map((one) => unknownOf(mailbox, one)));
    await this.#write(after);
  }

  /** Records what a comparison found, then that it is done. */
  async #say(mailbox: Mailbox, day: number, compared: Asked, sink: Sink): Promise<void> {
    const { askedAt, theirs, missing, isWhole, gap, stopped } = compared;
    const known = this.#markOf(mailbox);
    const of = await this.#sayStopped(known, day, compared, sink);
    const before = of.open.find((one) => one.day === day);
    const theirsBefore = before?.theirs ?? heldOf(known, day)?.theirs ?? 0;
    if (gap && gap.stableDigest !== before?.gap) {
      await sink.capture([gap]);
      this.#options.log.error({ missing: missing.length, of: theirs }, "a journal left out messages: a gap");
    }
    // A list that has become shorter does not say that what it had is here.
    if (!gap && isWhole && theirs >= theirsBefore) {
      if (before?.gap !== undefined) await sink.capture([completedOf(mailbox, day)]);
      return this.#write(agreeing(of, day, stopped.quarantined > 0));
    }
    const isShorter = before !== undefined && theirs < before.theirs;
    await this.#write(
      differing(of, {
        day,
        askedAt,
        theirs: Math.max(theirs, theirsBefore),
        missing: isShorter ? Math.max(missing.length, before.missing) : missing.length,
        gap: gap?.stableDigest ?? before?.gap,
      }),
    );
  }

  /** Records what was stopped, where that is news. @returns the mark with it, to be written */
  async #sayStopped(
    of: Mark,
    day: number,
    { askedAt, stopped, notice, theirs }: Asked,
    sink: Sink,
  ): Promise<Mark> {
    if (!notice) return stopping(of, day, undefined);
    if (of.stopped.find((one) => one.day === day)?.notice !== notice.stableDigest) {
      await sink.capture([notice]);
      this.#options.log.warn(
        { ...stopped },
        "a tenant stopped messages on their way that its journal did not tell of",
      );
    }
    return stopping(of, day, { day, ...stopped, notice: notice.stableDigest, askedAt, theirs });
  }

  async #write(value: Mark): Promise<void> {
    await this.#options.state.write([{ kind: "trace", name: value.account, value }]);
    this.#marks.set(value.account, value);
  }

  #markOf({ addresses: [account] }: Mailbox): Mark {
    return this.#marks.get(account) ?? firstMark(account, this.#due().now);
  }

  #due(): Due {
    const { now, settleMs, againMs = AGAIN_MS } = this.#options;
    return { now: now().getTime(), settleMs, againMs };
  }
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
