import {
  type Captured,
  ConnectorError,
  type Event,
  type SealedAttachment,
  type Sink,
} from "@daybook/contract";
import { BackOff } from "./back-off.ts";
import { SignalError } from "./error.ts";
import type { zkgroup } from "./libsignal.ts";
import type { Log } from "./log.ts";
import { openAttachment } from "./protocol/attachment-cipher.ts";
import { type Draft, draftsOf, withAttachments } from "./reading/captured.ts";
import { People } from "./reading/people.ts";
import type { Attached } from "./reading/reading.ts";
import { pointerFields } from "./receiving/learn.ts";
import type { LinkedAccount } from "./store/account.ts";
import type { AccountFile } from "./store/account-file.ts";
import type { WebClient } from "./transport/download.ts";

/** A sink that can also say what scope leaves out, so that nothing of it is fetched. */
export type ScopedSink = Sink & {
  readonly excludes?: (
    about: Pick<Event, "account" | "network" | "custodian" | "conversation">,
  ) => Promise<boolean>;
};

export interface PumpOptions {
  readonly file: AccountFile;
  readonly account: () => LinkedAccount;
  readonly web: WebClient;
  readonly log: Log;
  readonly now: () => Date;
  /** An attachment whose server does not answer for so long is recorded as a gap. */
  readonly attachmentPatienceMs: number;
  readonly server: zkgroup.ServerPublicParams;
}

const BATCH = 100;
const MAX_LONG_TEXT = 1024 * 1024;
const WAITS = { firstMs: 200, mostMs: 30_000 };

/**
 * Hands entries on to the stream, in order, and lets go of them once they are there. A crash at any point hands some on
 * twice, under the same ids.
 */
export class Pump {
  readonly #options: PumpOptions;
  #awake: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  /** There are new entries. */
  wake(): void {
    this.#awake.resolve();
  }

  /** Runs until `signal` aborts; nothing that it did not hand on is lost. */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
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
    const { file, account, server } = this.#options;
    const people = new People(account(), file, server);
    const ready: Captured[] = [];
    let through = 0;
    const flush = async () => {
      if (ready.length > 0) await this.#capture(ready.splice(0), sink);
      if (through > 0) file.forget(through);
    };
    for (const { number, entry } of entries) {
      for (const draft of draftsOf(entry, account(), people)) {
        // What waits for an attachment must not hold back what is ready.
        if (draft.attachments.length > 0) await flush();
        ready.push(...(await this.#complete(draft, sink, signal)));
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

  async #complete(draft: Draft, sink: ScopedSink, signal: AbortSignal): Promise<Captured[]> {
    if (draft.attachments.length === 0 || (await sink.excludes?.(draft.event)))
      return [withAttachments(draft, [])];
    const sealed: SealedAttachment[] = [];
    const gaps: Captured[] = [];
    let { event } = draft;
    for (const [n, attached] of draft.attachments.entries()) {
      const taken = await this.#take(attached, sink, signal);
      if (typeof taken === "string") gaps.push(gapOf(draft, attached, taken, n));
      else sealed.push(taken.attachment);
      if (typeof taken !== "string" && taken.text !== undefined) event = { ...event, text: taken.text };
    }
    return [withAttachments({ ...draft, event }, sealed), ...gaps];
  }

  /** @returns why not, where it cannot be had */
  async #take(
    attached: Attached,
    sink: Sink,
    signal: AbortSignal,
  ): Promise<string | { attachment: SealedAttachment; text?: string }> {
    const { web, now, attachmentPatienceMs, log } = this.#options;
    const until = now().getTime() + attachmentPatienceMs;
    const backOff = new BackOff(WAITS);
    const pointer = pointerFields(attached.pointer);
    const claim = {
      key: Buffer.from(pointer.key, "base64"),
      digest: Buffer.from(pointer.digest, "base64"),
      sizeBytes: pointer.sizeBytes,
    };
    for (;;) {
      const text: Uint8Array[] = [];
      try {
        const content = openAttachment(web.attachment(pointer, signal), claim);
        const kept = attached.isText && pointer.sizeBytes <= MAX_LONG_TEXT ? copying(content, text) : content;
        const attachment = await sink.attach(kept, { name: attached.name, mediaType: attached.mediaType });
        return { attachment, ...(text.length > 0 && { text: Buffer.concat(text).toString("utf8") }) };
      } catch (cause) {
        const told = rootOf(cause);
        if (told instanceof SignalError) {
          if (told.code === "attachment-invalid")
            return `An attachment is not what its sender vouched for: ${told.message}`;
          if (told.code === "attachment-missing") return "An attachment was not at Signal any more";
          if (!told.retryable) throw told;
          if (now().getTime() >= until) return "An attachment could not be fetched in time";
        } else if (told instanceof ConnectorError) {
          if (told.code === "too-large") return "An attachment is larger than is kept";
          if (!told.retryable) throw told;
        } else {
          throw cause;
        }
        if (signal.aborted) throw told;
        log.warn({ code: told.code }, "an attachment is tried again");
        await backOff.wait(signal);
      }
    }
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** A sink wraps what broke the body that it reads. */
function rootOf(error: unknown): unknown {
  let told = error;
  while (
    told instanceof ConnectorError &&
    told.code === "store-unavailable" &&
    told.cause instanceof SignalError
  )
    told = told.cause;
  return told;
}

async function* copying(body: AsyncIterable<Uint8Array>, into: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    into.push(Buffer.from(chunk));
    yield chunk;
  }
}

function gapOf(draft: Draft, { name }: Attached, why: string, n: number): Captured {
  const { conversation, custodian, sender, direction, sentAt, networkId, ...base } = draft.event;
  return {
    eventId: `${draft.eventId}:gap:${n}`,
    stableDigest: draft.stableDigest,
    event: {
      v: base.v,
      kind: "gap",
      network: base.network,
      method: base.method,
      provenance: base.provenance,
      account: base.account,
      ...(custodian && { custodian }),
      ...(conversation && { conversation }),
      ...(sender && { sender }),
      ...(direction && { direction }),
      ...(sentAt !== undefined && { sentAt }),
      ...(networkId !== undefined && { target: networkId }),
      gap: { why: why.slice(0, 1024), about: name.toWellFormed() },
      raw: "",
      connector: base.connector,
    },
  };
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
