import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import type { Log } from "@daybook/keeping";
import { Attachments } from "./database/attachments.ts";
import { Watching } from "./database/watching.ts";
import { Liveness, type LivenessCommands } from "./liveness.ts";
import { Door } from "./server/door.ts";
import { enrol, identityIn } from "./server/enrol.ts";
import { type ServerAddress, Signer } from "./server/identity.ts";
import { keepSending } from "./server/sending.ts";
import { type AgentState, openAgentState } from "./spool/agent-state.ts";
import { AnsweredRows } from "./spool/answered-rows.ts";
import { KnownRows } from "./spool/known-rows.ts";
import { Outbox } from "./spool/outbox.ts";
import { PartFiles } from "./spool/part-files.ts";

const GIB = 1024 ** 3;
/** Of batches and attachments that wait: beyond, what is new stays in Messages' database alone. */
const MAX_SPOOL_BYTES = 8 * GIB;
/** Of the disk's free room: below, somebody should look. */
const LOW_BYTES = 2 * GIB;
const EVERY_MS = 1_000;
const MEASURE_MS = 10_000;
const SPOOL_FULL = "spool-full";

/** Where the agent keeps what it must not lose, and how it is sealed. */
export interface AgentHome {
  readonly dir: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface MacAgentOptions extends AgentHome {
  /** `chat.db`; its attachments lie beside it. */
  readonly database: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** How often is looked whether anything was written, milliseconds: a second unless given. */
  readonly everyMs?: number;
  readonly maxSpoolBytes?: number;
  /** Test messages; none unless given. */
  readonly liveness?: LivenessCommands | undefined;
}

interface Opened {
  readonly state: AgentState;
  readonly outbox: Outbox;
  readonly answered: AnsweredRows;
  readonly parts: PartFiles;
}

/**
 * Enrols this Mac by a code, once. May be repeated with the same code.
 *
 * @throws {ConnectorError} `link-refused`; `network-unavailable`, retryable; `malformed`: the agent runs, or another key
 */
export async function enrolMacAgent(
  of: AgentHome & { readonly code: string; readonly server: ServerAddress },
  signal: AbortSignal,
): Promise<{ readonly agent: string }> {
  const opened = await open(of, () => new Date());
  try {
    const { agent } = await enrol(of, opened, signal);
    return { agent };
  } finally {
    opened.state.close();
  }
}

/**
 * Hands over what this Mac's Messages has and gets, until `signal` aborts: everything that is there, then each change. A
 * kill at any moment loses nothing and repeats nothing.
 *
 * @throws {ConnectorError} `unlinked`: it is not enrolled, or the server takes nothing of it any more; `malformed`: its own
 * files are damaged, in use, or under another key
 */
export async function runMacAgent(options: MacAgentOptions, signal: AbortSignal): Promise<void> {
  const { now = () => new Date(), everyMs = EVERY_MS, log, database } = options;
  const opened = await open(options, now);
  const { state, outbox, answered, parts } = opened;
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    const identity = identityIn(state);
    if (!identity)
      throw new ConnectorError("unlinked", "this Mac is not enrolled: run `daybook agent enrol` with a code");
    const { agent, server, key, heartbeatSeconds } = identity;
    const problems = new Problems();
    const room = { isFull: false };
    const saying = (waiting = 0) => ({ agent, problems: problems.all, waiting });
    const door = new Door(server, new Signer(key), now);
    const liveness =
      options.liveness &&
      new Liveness({
        ...options.liveness,
        agent,
        state,
        handOver: (outgoing) => outbox.add(outgoing, saying()),
        onProblem: (problem) => problems.set("canary", problem),
        log,
        now,
      });
    const watching = new Watching({
      path: database,
      state,
      outbox,
      answered,
      known: new KnownRows(state),
      attachments: new Attachments(join(dirname(database), "Attachments"), parts),
      isTest: (text) => liveness?.isTest(text) ?? Promise.resolve(false),
      saying,
      isFull: () => room.isFull,
      onProblem: (problem) => problems.set("database", problem),
      onUnsent: (problem) => problems.set("account", problem),
      onCounted: (problem) => problems.set("count", problem),
      now,
      everyMs,
      log,
    });
    const work = [
      watching.run(both),
      ...(liveness ? [liveness.run(both)] : []),
      keepSending(
        { agent, door, outbox, parts, saying, log, onLost: (files) => watching.lookFor(files) },
        both,
      ),
      keepMeasuring({ ...opened, ...options, everyMs, problems, room }, both),
      keepBeating({ outbox, saying, problems, everyMs: heartbeatSeconds * 1_000 }, both),
    ];
    // Whatever ends first ends the others, so that nothing is half alive.
    const ended = work.map((one) => one.finally(() => stop.abort()));
    const failed = (await Promise.allSettled(ended)).find(({ status }) => status === "rejected");
    door.close();
    if (failed?.status === "rejected") throw failed.reason;
  } finally {
    state.close();
  }
}

async function open({ dir, key }: AgentHome, now: () => Date): Promise<Opened> {
  const state = openAgentState(join(dir, "agent.db"), key, now);
  try {
    const kept = state.get("agent", "salt");
    const salt = typeof kept === "string" ? kept : randomBytes(32).toString("base64");
    if (kept === undefined) await state.write([{ kind: "agent", name: "salt", value: salt }]);
    const parts = await PartFiles.open(
      join(dir, "parts"),
      key,
      Buffer.from(salt, "base64"),
      Outbox.filesOf(state),
    );
    const answered = new AnsweredRows(state);
    return { state, answered, parts, outbox: new Outbox(state, parts, answered, now) };
  } catch (error) {
    state.close();
    throw error;
  }
}

/** What is wrong on the Mac, in codes. */
class Problems {
  readonly #of = new Map<string, string>();

  get all(): string[] {
    return [...this.#of.values()].sort();
  }

  set(about: string, problem: string | undefined): void {
    if (problem === undefined) this.#of.delete(about);
    else this.#of.set(about, problem);
  }
}

/** @param room what is known of it: while there is none, nothing that is new is taken */
async function keepMeasuring(
  of: Pick<MacAgentOptions, "dir" | "maxSpoolBytes" | "log"> &
    Opened & { everyMs: number; problems: Problems; room: { isFull: boolean } },
  signal: AbortSignal,
): Promise<void> {
  const { dir, outbox, parts, problems, room, log, maxSpoolBytes = MAX_SPOOL_BYTES } = of;
  while (!signal.aborted) {
    const wasFull = room.isFull;
    room.isFull = outbox.bytes + (await parts.bytes()) > maxSpoolBytes;
    if (room.isFull && !wasFull) log.error({}, "the spool is full: what is new stays in the database");
    if (wasFull && !room.isFull) log.info({}, "the spool has room again");
    if (room.isFull) problems.set("spool", SPOOL_FULL);
    // It is said at least once, also where it was over before a batch could be made.
    else if (outbox.said.split(",").includes(SPOOL_FULL)) problems.set("spool", undefined);
    const free = await statfs(dir).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => Infinity,
    );
    problems.set("disk", free < LOW_BYTES ? "storage-low" : undefined);
    await sleep(Math.min(MEASURE_MS, of.everyMs * 10), undefined, { signal }).catch(() => undefined);
  }
}

/** Says that the agent is there while nothing else does, and at once when what is wrong with it changes. */
async function keepBeating(
  of: { outbox: Outbox; saying: () => ReturnType<Saying>; problems: Problems; everyMs: number },
  signal: AbortSignal,
): Promise<void> {
  let beatAt = -Infinity;
  while (!signal.aborted) {
    const isDue = performance.now() - beatAt >= of.everyMs || of.problems.all.join() !== of.outbox.said;
    if (isDue && of.outbox.waiting === 0) {
      await of.outbox.heartbeat(of.saying()).catch((error: unknown) => {
        if (!(error instanceof ConnectorError) || !error.retryable) throw error;
      });
      beatAt = performance.now();
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}
type Saying = (waiting?: number) => { agent: string; problems: readonly string[]; waiting: number };
