import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { captureBatches, type Log, type ScopedSink, type StateFile } from "@daybook/keeping";
import { z } from "zod";
import { compareCdr, type CompareCdrOptions } from "./compare.ts";
import { CdrRefusal, type CdrSettings } from "./options.ts";
import { cdrRows } from "./rows.ts";

const EVERY_MS = 3_600_000;
const SETTLE_MS = 10 * 60_000;
const BEHIND_MS = 3 * 24 * 3_600_000;
const MAX_FILES = 10_000;
const MAX_BYTES = 1024 * 1024 * 1024;

const SENTENCES = {
  "cdr-unreadable":
    "An aggregator's file of its records cannot be read: the log says which line, and nothing is compared by it",
  "cdr-incomplete":
    "The aggregator's records have messages that were not captured: see the gaps, and ask the aggregator",
  "cdr-behind":
    "No file of the aggregator's records has come for three days: what it did not deliver is not found",
} as const;
export type CdrAlert = keyof typeof SENTENCES;

const instant = z.int();

/** `again`: it was compared before; `unread`: it could not be had, and is asked for again. */
type Outcome = "complete" | "incomplete" | "again" | "refused" | "unread";

interface CdrFilesOptions
  extends CdrSettings, Pick<CompareCdrOptions, "numbers" | "own" | "noted" | "keepsMs"> {
  readonly state: StateFile<"cdr">;
  readonly log: Log;
  readonly clock: () => Date;
}

/**
 * Compares files of an aggregator's own records, that somebody drops in a directory, with what passed. A file is compared once, under
 * whatever name it comes; one that is not as it was set stays to be looked at, and is read again when it has changed.
 */
export class CdrFiles {
  readonly #options: CdrFilesOptions;
  /** By its name, size and time. */
  readonly #seen = new Map<string, Outcome>();
  #isDirUnread = false;
  #isIncomplete = false;
  #comparedAt: number;

  /** @throws {ConnectorError} `malformed` when what is remembered is damaged */
  constructor(options: CdrFilesOptions) {
    const { state, clock } = options;
    this.#options = options;
    const [compared, since] = ["compared", "since"].map(
      (name) => instant.safeParse(state.get("cdr", name)).data,
    );
    this.#comparedAt = compared ?? since ?? clock().getTime();
  }

  /** For `LinkHealth`, with the first of it in words. */
  get health(): { readonly alerts: readonly CdrAlert[]; readonly problem?: string } {
    const isUnread =
      this.#isDirUnread || [...this.#seen.values()].some((one) => one === "refused" || one === "unread");
    const alerts: CdrAlert[] = [
      ...(this.#isIncomplete ? (["cdr-incomplete"] as const) : []),
      ...(isUnread ? (["cdr-unreadable"] as const) : []),
      ...(this.#options.clock().getTime() - this.#comparedAt >= BEHIND_MS ? (["cdr-behind"] as const) : []),
    ];
    const [first] = alerts;
    return { alerts, ...(first && { problem: SENTENCES[first] }) };
  }

  /** Looks at the directory until `signal` aborts. @throws what the sink throws that is not retryable */
  async run(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { everyMs = EVERY_MS, log, noted, clock } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#look(sink, signal);
        noted.forget(clock().getTime());
      } catch (cause) {
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
        log.warn({ code: cause.code }, "an aggregator's records are compared later");
      }
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(sink: ScopedSink, signal: AbortSignal): Promise<void> {
    const { state, clock, settleMs = SETTLE_MS } = this.#options;
    const since = instant.safeParse(state.get("cdr", "since")).data ?? clock().getTime();
    await state.write([{ kind: "cdr", name: "since", value: since }]);
    const there = new Set<string>();
    const news = new Set<Outcome>();
    for (const { name, size, changedAt } of await this.#files()) {
      if (signal.aborted) return;
      const known = `${name} ${size} ${changedAt}`;
      there.add(known);
      const before = this.#seen.get(known) ?? (state.has("cdr", known) ? "again" : undefined);
      const isSettled = Math.abs(clock().getTime() - changedAt) >= settleMs;
      if ((before !== undefined && before !== "unread") || !isSettled) continue;
      const outcome = await this.#compare({ name, size, known, since }, sink, signal);
      this.#seen.set(known, outcome);
      news.add(outcome);
      if (outcome === "incomplete") this.#isIncomplete = true;
    }
    if (news.has("complete") && !news.has("incomplete")) this.#isIncomplete = false;
    for (const known of this.#seen.keys()) if (!there.has(known)) this.#seen.delete(known);
  }

  async #files(): Promise<{ name: string; size: number; changedAt: number }[]> {
    const { dir, log } = this.#options;
    try {
      const names = (await readdir(dir)).filter((name) => !name.startsWith("."));
      if (names.length > MAX_FILES) throw new CdrRefusal(`it has more than ${MAX_FILES} files`);
      const all = await Promise.all(
        names.sort().map(async (name) => {
          const found = await lstat(join(dir, name)).catch(unlessGone);
          return found?.isFile() ? [{ name, size: found.size, changedAt: Math.floor(found.mtimeMs) }] : [];
        }),
      );
      this.#isDirUnread = false;
      return all.flat();
    } catch (cause) {
      if (!this.#isDirUnread)
        log.error({ why: whyOf(cause) }, "the directory of an aggregator's records cannot be read");
      this.#isDirUnread = true;
      return [];
    }
  }

  async #compare(
    of: { readonly name: string; readonly size: number; readonly known: string; readonly since: number },
    sink: ScopedSink,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { dir, log, state, clock } = this.#options;
    const hash = createHash("sha256");
    let digest = "";
    try {
      if (of.size > MAX_BYTES) throw new CdrRefusal("it is larger than a file of records may be");
      const bytes = createReadStream(join(dir, of.name), { end: Math.max(0, of.size - 1), signal });
      const now = clock().getTime();
      const { gaps, messages, others } = await compareCdr(
        cdrRows(hashed(bytes, hash), this.#options),
        () => (digest ||= hash.digest("hex")),
        { ...this.#options, since: of.since, now, ...(sink.excludes && { excludes: sink.excludes }) },
      );
      digest ||= hash.digest("hex");
      const isNew = !state.has("cdr", digest);
      if (isNew) await captureBatches(gaps, { sink, log, inPlaceOf: (gap) => gap });
      await state.write([
        ...[digest, of.known].map((name) => ({ kind: "cdr", name, value: true }) as const),
        { kind: "cdr", name: "compared", value: now },
      ]);
      this.#comparedAt = now;
      log.info({ messages, others }, "a file of an aggregator's records was compared");
      if (!isNew) return "again";
      if (gaps.length === 0) return "complete";
      log.error({ gaps: gaps.length }, "an aggregator's records have messages that were not captured: gaps");
      return "incomplete";
    } catch (cause) {
      // It was given up.
      if (signal.aborted && !(cause instanceof ConnectorError)) return "unread";
      const isRefused = cause instanceof CdrRefusal;
      if (!isRefused && !isOfSystem(cause)) throw cause;
      log.error(
        { why: whyOf(cause) },
        "a file of an aggregator's records is refused: nothing is compared by it",
      );
      return isRefused ? "refused" : "unread";
    }
  }
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

function isOfSystem(cause: unknown): cause is NodeJS.ErrnoException {
  return typeof cause === "object" && cause !== null && "syscall" in cause;
}

/** It was taken away since it was listed. */
function unlessGone(cause: unknown): undefined {
  if (!isOfSystem(cause) || cause.code !== "ENOENT") throw cause;
}

function whyOf(cause: unknown): string {
  return cause instanceof CdrRefusal ? cause.message : "the system does not give it";
}
