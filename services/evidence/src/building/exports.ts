import type { Writable } from "node:stream";
import type { Recipient } from "@daybook/openpgp";
import type { PackageReport } from "@daybook/package";
import type { Logger } from "@daybook/runtime";
import { EvidenceError } from "../error.ts";
import type { ExportDeps, ExportRequest, PreparedExport } from "../export.ts";
import { prepareExport } from "../export.ts";
import { writeZip } from "../write-zip.ts";
import { BuildQueue } from "./build-queue.ts";
import { type BuildProgress, Meter } from "./progress.ts";
import { openFolder, storePackage, type StoredPackage } from "./stored-package.ts";

/** Each holds the places of its records. */
const MAX_EXPORTS = 100;

export type ExportState = "ready" | "queued" | "building" | "built" | "writing" | "written" | "failed";

export interface Failure {
  readonly code: "disk-full" | "unavailable" | "failed";
  /** For whoever asked, in words: what to do. */
  readonly detail: string;
}

/** An export that was asked for since the server started, and what became of it. */
export interface HeldExport {
  readonly id: string;
  readonly owner: string;
  readonly request: ExportRequest;
  readonly prepared: PreparedExport;
  readonly recipients: readonly Recipient[];
  state: ExportState;
  report?: PackageReport;
  receipt?: Promise<Buffer>;
  hasReceipt: boolean;
  meter?: Meter;
  built?: { readonly stored: StoredPackage; readonly at: Date; readonly until: Date };
  failure?: Failure;
}

export interface ExportsOptions {
  readonly deps: ExportDeps;
  /** Where built packages wait: a folder of this process's own. */
  readonly dir: string;
  /** How long they do. */
  readonly keptMs: number;
  readonly log: Logger;
}

/** The exports of this process: asked for, built in the background, kept for a while. */
export class Exports {
  readonly #options: ExportsOptions;
  readonly #held = new Map<string, HeldExport>();
  readonly #queue = new BuildQueue();
  readonly #stopping = new AbortController();
  readonly #opened: Promise<void>;

  constructor(options: ExportsOptions) {
    this.#options = options;
    this.#opened = openFolder(options.dir);
    this.#opened.catch(() => undefined);
  }

  /** Resolves once packages can be built. Rejects when there is nowhere to keep them. */
  get opened(): Promise<void> {
    return this.#opened;
  }

  /** Asks for one: see `prepareExport`. @throws {EvidenceError} */
  async ask(request: ExportRequest, recipients: readonly Recipient[]): Promise<HeldExport> {
    const prepared = await prepareExport(request, this.#options.deps);
    const { id, actor: owner } = request;
    const held: HeldExport = {
      id,
      owner,
      request,
      prepared,
      recipients,
      state: "ready",
      hasReceipt: false,
    };
    this.#held.set(id, held);
    await this.#forgetOld();
    return held;
  }

  /** An export of theirs. @throws {EvidenceError} `no-such-export` */
  async find(id: string, owner: string): Promise<HeldExport> {
    await this.#forgetOld();
    const found = this.#held.get(id);
    if (found?.owner !== owner)
      throw new EvidenceError(
        "no-such-export",
        "no such export since the server started, or its package was kept for long enough: ask for another",
      );
    return found;
  }

  /** Those under a matter, newest first, whoever asked for them. */
  of(matter: string): HeldExport[] {
    return [...this.#held.values()].filter(({ request }) => request.matter === matter).reverse();
  }

  /** How far any export is, if it is here: for lists. */
  stateOf(id: string): ExportState | undefined {
    return this.#held.get(id)?.state;
  }

  /** How far its build is; undefined before it is asked for. */
  progressOf(held: HeldExport): (BuildProgress & { ahead: number }) | undefined {
    return held.meter && { ...held.meter.progress(), ahead: this.#queue.aheadOf(held.id) };
  }

  /**
   * Has the package built in the background, onto this server's disk. Repeatable: one that is being built or is built is
   * left alone; one that failed is tried again.
   *
   * @throws {EvidenceError} `busy`; `already-taken` while it is streamed
   */
  build(held: HeldExport): void {
    if (held.state === "writing")
      throw new EvidenceError("already-taken", "the package is being taken: wait until that is over");
    if (held.state === "queued" || held.state === "building" || held.state === "built") return;
    const { state, meter: before } = held;
    const { records, copies } = held.prepared;
    const meter = new Meter(records + copies, this.#options.deps.now);
    held.state = "queued";
    held.meter = meter;
    try {
      this.#queue.add(held.id, () => this.#run(held, meter));
    } catch (error) {
      held.state = state;
      if (before) held.meter = before;
      else delete held.meter;
      throw error;
    }
  }

  /** The logged record of this export, with its proof. Repeatable. @throws {EvidenceError} `not-finished`, `unavailable` */
  async receipt(held: HeldExport): Promise<Buffer> {
    if (!held.report)
      throw new EvidenceError(
        "not-finished",
        "the receipt is made when the package is built, or has been taken whole",
      );
    held.receipt ??= held.prepared.receipt(held.report);
    held.receipt.catch(() => delete held.receipt);
    const receipt = await held.receipt;
    held.hasReceipt = true;
    return receipt;
  }

  /** Gives up what is being built, and removes what is. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#queue.close();
    await removeAll(this.#held.values());
    this.#held.clear();
  }

  async #run(held: HeldExport, meter: Meter): Promise<void> {
    const { dir, keptMs, log, deps } = this.#options;
    const { signal } = this.#stopping;
    held.state = "building";
    delete held.failure;
    meter.start();
    try {
      await this.#opened;
      signal.throwIfAborted();
      const write = (out: Writable) =>
        writeZip(out, held.request.name, held.prepared, {
          recipients: held.recipients,
          onRead: (stage) => meter.read(stage),
        });
      const onBytes = (bytes: number) => meter.written(bytes);
      const { stored, result } = await storePackage(dir, write, { signal, onBytes });
      held.report = result;
      meter.enter("receipt");
      await this.receipt(held).catch((error: unknown) => {
        // Whoever asks for the receipt has it made again.
        log.warn({ export: held.id, code: codeOf(error) }, "an export's own record is not in the log yet");
      });
      const at = deps.now();
      held.built = { stored, at, until: new Date(at.getTime() + keptMs) };
      held.state = "built";
    } catch (error) {
      if (signal.aborted) return;
      held.state = "failed";
      held.failure = failureOf(error);
      log.error({ export: held.id, code: codeOf(error) }, "an export could not be built");
    }
  }

  /** Forgets packages that were kept for long enough, and the oldest exports where there are too many. */
  async #forgetOld(): Promise<void> {
    const now = this.#options.deps.now();
    const idle = [...this.#held.values()].filter(
      ({ state }) => state !== "queued" && state !== "building" && state !== "writing",
    );
    const old = new Set(idle.filter(({ built }) => built && built.until <= now));
    const surplus = this.#held.size - old.size - MAX_EXPORTS;
    const rest = idle.filter((held) => !old.has(held));
    for (const held of rest.slice(0, Math.max(0, surplus))) old.add(held);
    for (const held of old) this.#held.delete(held.id);
    await removeAll(old);
  }

  /** Removes packages whose time is over, until `signal` aborts. */
  async keepHouse(signal: AbortSignal, sleep: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      await this.#forgetOld();
      await sleep(signal);
    }
  }
}

async function removeAll(exports: Iterable<HeldExport>): Promise<void> {
  await Promise.all([...exports].flatMap(({ built }) => (built ? [built.stored.remove()] : [])));
}

/** By which an error is told in the log, where its message may quote anything. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : "unknown";
}

function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (error instanceof EvidenceError && (code === "disk-full" || code === "unavailable"))
    return { code, detail: error.message };
  const isAway = error instanceof Error && "retryable" in error && error.retryable === true;
  if (isAway) return { code: "unavailable", detail: "a store does not answer: have the package built again" };
  return { code: "failed", detail: "the package could not be made: see the server's log" };
}
