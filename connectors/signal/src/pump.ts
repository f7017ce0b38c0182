import { type Captured, ConnectorError, type SealedAttachment, type Sink } from "@daybook/contract";
import {
  type AboutAttachment,
  BackOff,
  type Log,
  messageCore,
  type ScopedSink,
  type Waits,
} from "@daybook/keeping";
import { aboutAttachment, awaited, missing } from "./attachments/about.ts";
import { fetchAttachment, type Fetched, type Wanted } from "./attachments/fetch.ts";
import { LateAttachments } from "./attachments/late.ts";
import { SignalError } from "./error.ts";
import type { zkgroup } from "./libsignal.ts";
import { type Draft, draftsOf, withAttachments } from "./reading/captured.ts";
import { People } from "./reading/people.ts";
import { pointerFields } from "./receiving/learn.ts";
import type { LinkedAccount } from "./store/account.ts";
import type { AccountFile } from "./store/account-file.ts";
import { Changes } from "./store/changes.ts";
import { countWaiting, writeWaiting } from "./store/waiting-attachments.ts";
import type { WebClient } from "./transport/download.ts";

export interface PumpOptions {
  readonly file: AccountFile;
  readonly account: () => LinkedAccount;
  readonly web: WebClient;
  readonly log: Log;
  readonly now: () => Date;
  /** An attachment that is not had for so long is recorded as a gap. */
  readonly attachmentPatienceMs: number;
  readonly lateWaits: Waits;
  readonly server: zkgroup.ServerPublicParams;
}

const BATCH = 100;
/** Of what the network sent, handed over at a time. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const WAITS = { firstMs: 200, mostMs: 30_000 };
/** So often, and so long for all of a message's, before it is recorded without what then comes later. */
const ATTEMPTS = 3;
const AT_ONCE_MS = 300_000;
const MAX_WAITING = 2_000;

/**
 * Hands entries on to the stream, in order, and lets go of them once they are there. A crash at any point hands some on
 * twice, under the same ids.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #late: LateAttachments;
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#late = new LateAttachments({ ...options, waits: options.lateWaits });
  }

  /** There are new entries. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Runs until `signal` aborts; nothing that it did not hand on is lost. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const parts = [this.#run(sink, both), this.#late.run(sink, both)];
    try {
      await Promise.all(parts);
    } finally {
      stop.abort();
      await Promise.allSettled(parts);
    }
  }

  async #run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { file, log } = this.#options;
    const backOff = new BackOff(WAITS);
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      this.#awake = Promise.withResolvers();
      const entries = file.entries(BATCH);
      if (entries.length === 0) {
        await this.#awake.promise;
        continue;
      }
      try {
        await this.#handOn(entries, sink, signal);
        backOff.reset();
      } catch (cause) {
        const retryable =
          (cause instanceof ConnectorError || cause instanceof SignalError) && cause.retryable;
        if (!retryable) {
          if (isAborted(signal)) return;
          throw cause;
        }
        log.warn({ code: cause.code }, "events wait in the account's file");
        await backOff.wait(signal);
      }
    }
  }

  async #handOn(
    entries: ReturnType<AccountFile["entries"]>,
    sink: ScopedSink,
    signal: AbortSignal,
  ): Promise<void> {
    const { file, account, server, now } = this.#options;
    const people = new People(account(), file, server);
    const ready: Captured[] = [];
    let through = 0;
    let bytes = 0;
    let waiting = new Changes(file);
    const flush = async () => {
      if (ready.length > 0) await this.#capture(ready.splice(0), sink);
      bytes = 0;
      if (through === 0) return;
      file.forget(through, waiting, now().getTime());
      if (!waiting.isEmpty) this.#late.wake();
      waiting = new Changes(file);
    };
    for (const { number, entry } of entries) {
      for (const draft of draftsOf(entry, account(), people)) {
        // What waits for an attachment must not hold back what is ready.
        if (draft.attachments.length > 0 || bytes > MAX_BATCH_BYTES) await flush();
        ready.push(...(await this.#complete(draft, sink, waiting, signal)));
        bytes += draft.event.raw.length;
      }
      through = number;
    }
    await flush();
  }

  /** An event that does not fit the schema is recorded by its bytes alone: one person's nonsense stops nobody. */
  async #capture(events: readonly Captured[], sink: Sink): Promise<void> {
    try {
      await sink.capture(events);
    } catch (cause) {
      if (!(cause instanceof ConnectorError) || cause.code !== "event-invalid") throw cause;
      for (const one of events) {
        await sink.capture([one]).catch(async (error: unknown) => {
          if (!(error instanceof ConnectorError) || error.code !== "event-invalid") throw error;
          this.#options.log.error({}, "an event does not fit the schema: recorded by its bytes alone");
          await sink.capture([bareOf(one)]);
        });
      }
    }
  }

  async #complete(
    draft: Draft,
    sink: ScopedSink,
    waiting: Changes,
    signal: AbortSignal,
  ): Promise<Captured[]> {
    if (draft.attachments.length === 0 || (await sink.excludes?.(draft.event)))
      return [withAttachments(draft, [])];
    const sealed: SealedAttachment[] = [];
    const beside: Captured[] = [];
    let { event } = draft;
    const patience = AbortSignal.timeout(AT_ONCE_MS);
    for (const [n, attached] of draft.attachments.entries()) {
      const wanted = { ...attached, pointer: pointerFields(attached.pointer) };
      const fetched = await this.#fetch(wanted, sink, patience, signal);
      if (fetched.state === "sealed") {
        sealed.push(fetched.attachment);
        if (fetched.text !== undefined) event = { ...event, text: fetched.text };
      } else {
        const about = aboutAttachment(draft, attached.name, n);
        beside.push(
          fetched.state === "never"
            ? missing(about, fetched.why)
            : this.#later(about, wanted, fetched.why, waiting),
        );
      }
    }
    return [withAttachments({ ...draft, event }, sealed), ...beside];
  }

  /** A few attempts: what a message waits for holds back all that follow. */
  async #fetch(
    wanted: Wanted,
    sink: ScopedSink,
    patience: AbortSignal,
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { web, log } = this.#options;
    const backOff = new BackOff(WAITS);
    for (let attempt = 1; ; attempt += 1) {
      const fetched = await fetchAttachment(wanted, { web, sink, signal, patience });
      if (fetched.state !== "not-now" || fetched.answered || attempt === ATTEMPTS) return fetched;
      log.warn({}, "an attachment is tried again");
      await backOff.wait(signal);
    }
  }

  /** Leaves an attachment for later, until its time is over. */
  #later(
    about: AboutAttachment,
    { pointer, name, mediaType, isText }: Wanted,
    why: string,
    waiting: Changes,
  ): Captured {
    const { file, now, attachmentPatienceMs, lateWaits } = this.#options;
    const at = now().getTime();
    const until = at + attachmentPatienceMs;
    const isHopeless = at >= until || pointer.at === "" || !messageCore.safeParse(about.core).success;
    if (isHopeless || countWaiting(file) >= MAX_WAITING) return missing(about, why);
    const wanted = { pointer, name, mediaType, isText };
    writeWaiting(waiting, { about, wanted, until, nextAt: at + lateWaits.firstMs, attempts: 1 });
    return awaited(about, new Date(until));
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function bareOf({ eventId, stableDigest, event, attachments }: Captured): Captured {
  const { v, network, method, provenance, account, custodian, receivedAt, raw, connector } = event;
  return {
    eventId,
    stableDigest,
    ...(attachments && { attachments }),
    event: {
      v,
      kind: "notice",
      network,
      method,
      provenance,
      account,
      ...(custodian && { custodian }),
      ...(receivedAt !== undefined && { receivedAt }),
      text: "A Signal event that cannot be shown: its bytes are kept",
      raw,
      connector,
    },
  };
}
