import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError, type Sink } from "@daybook/contract";
import type { Log, StateFile } from "@daybook/keeping";
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

const since = z.int();

interface CdrFilesOptions
  extends CdrSettings, Pick<CompareCdrOptions, "numbers" | "own" | "noted" | "keepsMs"> {
  readonly state: StateFile<"cdr">;
  readonly log: Log;
  readonly clock: () => Date;
}

/**
 * Compares files of an aggregator's own records, that somebody drops in a directory, with what passed. A file is compared once, under
 * whatever name it comes; one that cannot be read stays to be looked at, and is read again when it has changed.
 */
export class CdrFiles {
  readonly #options: CdrFilesOptions;
  /** By its name, size and time: it was refused, or compared. */
  readonly #seen = new Map<string, "refused" | "compared">();
  #isDirUnread = false;
  #isIncomplete = false;
  #comparedAt: number;

  constructor(options: CdrFilesOptions) {
    this.#options = options;
    this.#comparedAt = options.clock().getTime();
  }

  /** For `LinkHealth`, with the first of it in words. */
  get health(): { readonly alerts: readonly CdrAlert[]; readonly problem?: string } {
    const isUnread = this.#isDirUnread || [...this.#seen.values()].includes("refused");
    const alerts: CdrAlert[] = [
      ...(this.#isIncomplete ? (["cdr-incomplete"] as const) : []),
      ...(isUnread ? (["cdr-unreadable"] as const) : []),
      ...(this.#options.clock().getTime() - this.#comparedAt >= BEHIND_MS ? (["cdr-behind"] as const) : []),
    ];
    const [first] = alerts;
    return { alerts, ...(first && { problem: SENTENCES[first] }) };
  }

  /** Looks at the directory until `signal` aborts. @throws what the sink throws that is not retryable */
  async run(sink: Sink, signal: AbortSignal): Promise<void> {
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

  async #look(sink: Sink, signal: AbortSignal): Promise<void> {
    const { state, clock, settleMs = SETTLE_MS } = this.#options;
    const from = since.safeParse(state.get("cdr", "since")).data ?? clock().getTime();
    await state.write([{ kind: "cdr", name: "since", value: from }]);
    const there = new Set<string>();
    for (const { name, size, changedAt } of await this.#files()) {
      if (signal.aborted) return;
      const known = `${name} ${size} ${changedAt}`;
      there.add(known);
      if (this.#seen.has(known) || clock().getTime() - changedAt < settleMs) continue;
      this.#seen.set(known, (await this.#compare(name, size, from, sink)) ? "compared" : "refused");
    }
    for (const known of this.#seen.keys()) if (!there.has(known)) this.#seen.delete(known);
  }

  async #files(): Promise<{ name: string; size: number; changedAt: number }[]> {
    const { dir, log } = this.#options;
    try {
      const names = (await readdir(dir)).filter((name) => !name.startsWith("."));
      if (names.length > MAX_FILES) throw new CdrRefusal("there are too many files");
      const all = await Promise.all(
        names.sort().map(async (name) => {
          const found = await lstat(join(dir, name));
          return found.isFile() ? [{ name, size: found.size, changedAt: Math.floor(found.mtimeMs) }] : [];
        }),
      );
      this.#isDirUnread = false;
      return all.flat();
    } catch {
      if (!this.#isDirUnread) log.error({}, "the directory of an aggregator's records cannot be read");
      this.#isDirUnread = true;
      return [];
    }
  }

  /** @returns false for a file that is refused */
  async #compare(name: string, size: number, from: number, sink: Sink): Promise<boolean> {
    const { dir, log, state, clock } = this.#options;
    const hash = createHash("sha256");
    let digest = "";
    try {
      if (size > MAX_BYTES) throw new CdrRefusal("it is larger than a file of records may be");
      const read = cdrRows(hashed(createReadStream(join(dir, name)), hash), this.#options);
      const now = clock().getTime();
      const gaps = await compareCdr(read, () => (digest ||= hash.digest("hex")), {
        ...{ ...this.#options, since: from, now },
      });
      digest ||= hash.digest("hex");
      const isNew = !state.has("cdr", digest);
      if (isNew && gaps.length > 0) {
        await sink.capture(gaps);
        log.error(
          { gaps: gaps.length },
          "an aggregator's records have messages that were not captured: gaps",
        );
      }
      if (isNew) this.#isIncomplete = gaps.length > 0;
      await state.write([{ kind: "cdr", name: digest, value: true }]);
      this.#comparedAt = now;
      return true;
    } catch (cause) {
      const isRefused = cause instanceof CdrRefusal;
      if (!isRefused && !isOfSystem(cause)) throw cause;
      const why = isRefused ? cause.message : "it cannot be read";
      log.error({ why }, "a file of an aggregator's records is refused: nothing is compared by it");
      return false;
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

function isOfSystem(cause: unknown): boolean {
  return cause instanceof Error && "syscall" in cause;
}
