import { setTimeout as sleep } from "node:timers/promises";
import { BackOff, type Log, type Waits } from "@daybook/keeping";
import type { Intake } from "../intake/intake.ts";
import type { Redeliveries } from "../intake/redeliveries.ts";
import type { SmppAccount, SmppHost } from "../options.ts";
import { SessionError } from "./error.ts";
import { SmppSession } from "./session.ts";

export interface BoundOptions {
  readonly account: SmppAccount;
  readonly intake: Intake;
  readonly redeliveries: Redeliveries;
  readonly waits: Waits;
  readonly enquireMs: number;
  readonly answerMs: number;
  readonly settleMs: number;
  /** Told of each change. @param refusal command_status, where the bind was refused */
  readonly onState: (state: "bound" | "down", refusal?: number) => void;
  /** What messages are submitted over: each is here while it is bound. */
  readonly sessions: Set<SmppSession>;
  /** Resolves once nothing that was submitted waits for its answer. */
  readonly submitted: () => Promise<void>;
  readonly log: Log;
}

let opened = 0;

/** Keeps one host bound until `signal` aborts: then what was heard is answered, and the session ends in good order. */
export async function keepBound(host: SmppHost, options: BoundOptions, signal: AbortSignal): Promise<void> {
  const { account, intake, redeliveries, answerMs, log, onState } = options;
  const backOff = new BackOff(options.waits);
  while (!signal.aborted) {
    opened += 1;
    const id = opened;
    let reason: SessionError;
    try {
      const session = await SmppSession.open(
        host,
        account,
        { id, answerMs, onMessage: (raw, answer) => intake.take({ raw, session: id, answer }) },
        signal,
      );
      backOff.reset();
      redeliveries.bound(id);
      onState("bound");
      log.info({}, "bound to the SMSC");
      reason = await whileBound(session, options, signal);
    } catch (cause) {
      if (!(cause instanceof SessionError)) throw cause;
      reason = cause;
    }
    redeliveries.ended(id);
    onState("down", reason.status);
    if (isAborted(signal)) return;
    log.warn({ code: reason.code, status: reason.status }, "not bound to the SMSC: trying again");
    await backOff.wait(signal);
  }
}

async function whileBound(
  session: SmppSession,
  options: BoundOptions,
  signal: AbortSignal,
): Promise<SessionError> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const { sessions } = options;
  sessions.add(session);
  const upkeep = keepAlive(session, options, both);
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = () => aborted.resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([session.ended, aborted.promise]);
    if (session.isOpen) await leave(session, options);
    return await session.ended;
  } finally {
    sessions.delete(session);
    stop.abort();
    signal.removeEventListener("abort", onAbort);
    await upkeep;
  }
}

/** Answers what was heard, and ends. */
async function leave(session: SmppSession, { intake, redeliveries, submitted }: BoundOptions): Promise<void> {
  session.stopHearing();
  await submitted();
  await intake.idle();
  const { answered } = session;
  if ((await session.unbind()) && redeliveries.settled(session.id, answered)) intake.wake();
}

/** Enquires where nothing else does, and sooner after an answer: so that we know that it arrived. */
async function keepAlive(
  session: SmppSession,
  { redeliveries, intake, enquireMs, settleMs }: BoundOptions,
  signal: AbortSignal,
): Promise<void> {
  let settled = 0;
  let waitedMs = 0;
  while (session.isOpen && !signal.aborted) {
    const step = Math.min(settleMs, enquireMs);
    await sleep(step, undefined, { signal }).catch(() => undefined);
    waitedMs += step;
    if (isAborted(signal) || (session.answered === settled && waitedMs < enquireMs)) continue;
    waitedMs = 0;
    const { answered } = session;
    try {
      await session.enquire();
    } catch (cause) {
      if (!(cause instanceof SessionError)) throw cause;
      return;
    }
    settled = answered;
    if (redeliveries.settled(session.id, answered)) intake.wake();
  }
}

/** Asked again after a wait. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
