import { setTimeout as sleep } from "node:timers/promises";
import { ConnectorError } from "@daybook/contract";
import { BackOff, type Log } from "@daybook/keeping";
import type { Numbered, Outbox, Saying } from "../spool/outbox.ts";
import type { PartFiles } from "../spool/part-files.ts";
import type { WaitingFile } from "../spool/waiting-files.ts";
import type { BatchAnswer, Door } from "./door.ts";

const WAITS = { firstMs: 1_000, mostMs: 5 * 60_000 };

export interface SendingDeps {
  readonly agent: string;
  readonly door: Door;
  readonly outbox: Outbox;
  readonly parts: PartFiles;
  readonly saying: () => Saying;
  /** Their copies were lost: they are looked for again. */
  readonly onLost: (files: readonly WaitingFile[]) => void;
  readonly log: Log;
}

/** Of a copy that was lost: the batch is another by now. */
type Handed = BatchAnswer | { readonly is: "changed" };

/**
 * Hands over what waits, one batch after the other, each until it is answered as durable, until `signal` aborts.
 *
 * @throws {ConnectorError} `unlinked`: the server takes nothing of this agent any more, and somebody must act
 */
export async function keepSending(deps: SendingDeps, signal: AbortSignal): Promise<void> {
  const { outbox, log, saying } = deps;
  const waits = new BackOff(WAITS);
  let isAway = false;
  while (!signal.aborted) {
    const batch = outbox.first();
    if (!batch) {
      await outbox.untilWaiting(signal);
      continue;
    }
    const answer = await handOver(batch, deps, signal);
    if (isAborted(signal)) return;
    switch (answer.is) {
      case "taken":
        if (!(await isKept(outbox.answered(batch), deps, signal))) break;
        if (isAway) log.info({ number: batch.number }, "the server answers again");
        isAway = false;
        waits.reset();
        break;
      case "misnumbered":
        log.warn(
          { number: batch.number, next: answer.next },
          "the server's numbers are others: what waits gets new ones",
        );
        await isKept(outbox.renumber(answer.next, saying()), deps, signal);
        break;
      case "changed":
        break;
      case "refused":
        throw new ConnectorError(
          "unlinked",
          `the server takes nothing of this agent (${answer.code}): see its administrator; what waits is kept`,
        );
      case "parts-missing":
      case "later":
        if (!isAway)
          log.warn({ number: batch.number }, "the server does not answer: what is seen is kept here");
        isAway = true;
        await waits.wait(signal);
    }
  }
}

/** Where the disk takes nothing, the batch goes again after a while: the server knows that it has it. */
async function isKept(
  writing: Promise<void>,
  { log }: Pick<SendingDeps, "log">,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (!(error instanceof ConnectorError) || !error.retryable) throw error;
    log.warn({ code: error.code }, "the agent's disk does not take that a batch was answered");
    await sleep(WAITS.firstMs, undefined, { signal }).catch(() => undefined);
    return false;
  }
}

/** Whether the system gave no more files or memory: that says nothing of the copy. */
function isForNow(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOMEM"].includes(String((error as { readonly code?: unknown }).code));
}

async function handOver(
  batch: Numbered,
  { agent, door, parts, outbox, onLost, log }: SendingDeps,
  signal: AbortSignal,
): Promise<Handed> {
  const first = await door.batch(agent, batch, signal);
  if (first.is !== "parts-missing") return first;
  for (const sha256 of first.missing) {
    const file = batch.files[sha256];
    if (file === undefined) return { is: "refused", code: "unknown-part" };
    let sent: BatchAnswer;
    try {
      sent = await door.part(agent, sha256, parts.content({ file }), signal);
    } catch (error) {
      if (isAborted(signal) || isForNow(error)) return { is: "later" };
      log.error({ number: batch.number }, "a copy of an attachment is lost: it is looked for again");
      try {
        onLost(await outbox.forgo(batch.number, sha256));
      } catch (cause) {
        if (!(cause instanceof ConnectorError) || !cause.retryable) throw cause;
        return { is: "later" };
      }
      return { is: "changed" };
    }
    if (sent.is !== "taken") return sent;
  }
  return door.batch(agent, batch, signal);
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
