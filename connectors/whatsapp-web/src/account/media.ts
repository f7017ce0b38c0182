import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import {
  coreOf,
  type Fetched,
  isKnown,
  LateAttachments,
  type Log,
  type ScopedSink,
  waitingAttachment,
  type Waits,
  written,
} from "@daybook/keeping";
import { z } from "zod";
import { WebError } from "../error.ts";
import type { PagePort } from "../page-port.ts";
import type { Draft } from "../reading/drafts.ts";
import type { MediaWanted } from "../reading/reading.ts";
import type { AccountState } from "./kept.ts";

/** Base64 of it passes the browser's pipe without harm; 220 MB at once never did. */
const SLICE_BYTES = 4 * 1024 * 1024;
/** WhatsApp Web has a file whole in memory, several times over, before it can be read. */
const TIMES_IN_MEMORY = 5;

/** The page, as far as media are asked of it. */
export interface MediaPage {
  /** Lets the browser have so much more memory for a while. */
  allow(bytes: number): void;
  ask(
    what: "openMedia",
    message: string,
    mostBytes: number,
  ): Promise<Awaited<ReturnType<PagePort["openMedia"]>>>;
  ask(what: "sliceOfMedia", message: string, from: number, bytes: number): Promise<string>;
  ask(what: "closeMedia", message: string): Promise<unknown>;
}

const waitingMedium = waitingAttachment.extend({
  wanted: z.object({
    id: z.string(),
    name: z.string(),
    mediaType: z.string(),
    sizeBytes: z.number().optional(),
    sha256: z.string().optional(),
  }),
});
type WaitingMedium = z.infer<typeof waitingMedium>;

/** A minute, two, four, … a day: WhatsApp asks the sender's phone for what its servers have lost. */
const WAITS: Waits = { firstMs: 60_000, mostMs: 86_400_000 };
/** As long as WhatsApp's servers keep a file. */
const LIFE_MS = 30 * 86_400_000;
/** Each is whole in the browser's memory while it is read. */
const AT_ONCE = 1;
const PAGE_MS = 500;
const MIB = 1024 * 1024;

/** Files of an account's messages: asked of its page once their messages are recorded. */
export class AccountMedia {
  readonly #state: AccountState;
  readonly #now: () => Date;
  readonly #late: LateAttachments<WaitingMedium>;

  /** @param of `page`: what is signed in now */
  constructor(of: {
    readonly state: AccountState;
    readonly page: () => MediaPage | undefined;
    readonly waits?: Waits | undefined;
    readonly maxFileMiB: number;
    readonly log: Log;
    readonly now: () => Date;
  }) {
    const { state, page, waits = WAITS, maxFileMiB, log, now } = of;
    this.#state = state;
    this.#now = now;
    this.#late = new LateAttachments({
      ...{ state, waits, log, now, schema: waitingMedium, atOnce: AT_ONCE },
      fetch: async ({ wanted }, sink, signal) => {
        // Without a session there is nobody to ask, and no attempt.
        for (;;) {
          signal.throwIfAborted();
          const there = page();
          if (there) return fetchMedium(wanted, { page: there, sink, mostBytes: maxFileMiB * MIB });
          await sleep(PAGE_MS, undefined, { signal });
        }
      },
    });
  }

  /** Durable once resolved. */
  async want(drafts: readonly Draft[]): Promise<void> {
    const now = this.#now().getTime();
    const wanted = drafts
      .flatMap((draft) => (draft.media ? [waitingOf(draft, draft.media, now)] : []))
      .filter((one) => !isKnown(one, this.#state));
    await this.#state.write(wanted.map(written));
    this.#late.add(wanted);
  }

  /** Runs until `signal` aborts. */
  run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    return this.#late.run(sink, signal);
  }
}

function waitingOf({ eventId, stableDigest, event }: Draft, wanted: MediaWanted, now: number): WaitingMedium {
  const about = { eventId, stableDigest, n: 0, core: coreOf(event), name: wanted.name };
  return { ...about, wanted, until: now + LIFE_MS, nextAt: now, attempts: 0 };
}

/**
 * One attempt at a message's file: in slices, its hash looked at.
 *
 * @throws {ConnectorError} `store-unavailable`: ours takes nothing, which is no attempt
 */
export async function fetchMedium(
  wanted: MediaWanted,
  { page, sink, mostBytes }: { page: MediaPage; sink: ScopedSink; mostBytes: number },
): Promise<Fetched> {
  if ((wanted.sizeBytes ?? 0) > mostBytes) return { state: "never", why: "it is larger than is taken" };
  page.allow(TIMES_IN_MEMORY * (wanted.sizeBytes ?? mostBytes));
  try {
    const opened = await page.ask("openMedia", wanted.id, mostBytes);
    if (opened.state !== "had") return opened;
    return await attached(wanted, opened.sizeBytes, page, sink);
  } catch (cause) {
    if (cause instanceof ConnectorError && cause.code === "too-large")
      return { state: "never", why: "it is larger than is taken" };
    if (!(cause instanceof WebError)) throw cause;
    return { state: "later", why: "WhatsApp Web did not hand it over" };
  } finally {
    await page.ask("closeMedia", wanted.id).catch(() => undefined);
    page.allow(0);
  }
}

async function attached(
  { id, name, mediaType, sha256 }: MediaWanted,
  sizeBytes: number,
  page: MediaPage,
  sink: ScopedSink,
): Promise<Fetched> {
  let broken: unknown;
  async function* slices(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < sizeBytes; at += SLICE_BYTES)
        yield Buffer.from(await page.ask("sliceOfMedia", id, at, SLICE_BYTES), "base64");
    } catch (cause) {
      broken = cause;
      throw cause;
    }
  }
  try {
    const attachment = await sink.attach(slices(), { name, mediaType });
    if (sha256 === undefined || sha256 === attachment.sha256) return { state: "had", attachment };
    return { state: "later", why: "its bytes are others than its message says" };
  } catch (cause) {
    throw broken instanceof WebError ? broken : cause;
  }
}
