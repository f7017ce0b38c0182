import { waitAfter } from "@daybook/keeping";
import { z } from "zod";
import { aboutMessage } from "../reading/handed.ts";
import type { AgentState } from "./agent-state.ts";

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const WAITS = { firstMs: 5_000, mostMs: 10 * 60_000 };
/** Of one that is a gap by now. */
const LONG_WAITS = { firstMs: 10 * 60_000, mostMs: 6 * 3_600_000 };

const waitingFile = z.object({
  ...aboutMessage.shape,
  /** As the database has it. */
  guid: z.string(),
  row: z.string(),
  /** Its place among the files of its message, where it has no `file`. */
  n: z.int(),
  /** By what it is known among them: another may come before it later. */
  file: z.string().optional(),
  name: z.string(),
  /** Then it is a gap, or, where it is one, given up. Milliseconds since 1970. */
  until: z.int(),
  isGap: z.boolean().default(false),
  nextAt: z.int(),
  attempts: z.int(),
});
export type WaitingFile = z.infer<typeof waitingFile>;

/** Attachments that are not on the Mac yet: Messages fetches them when it likes. */
export class WaitingFiles {
  readonly #waiting = new Map<string, WaitingFile>();

  constructor(state: AgentState) {
    for (const value of state.all("file")) {
      const one = waitingFile.parse(value);
      this.#waiting.set(keyOf(one), one);
    }
  }

  /** Those to look for now: a few, so that nothing else waits for long. */
  due(now: number, most: number): WaitingFile[] {
    const due: WaitingFile[] = [];
    for (const one of this.#waiting.values()) {
      if (due.length >= most) break;
      const at = Math.min(one.nextAt, one.until);
      // No wait is so long: the clock was ahead when it was set.
      if (at <= now || at - now > LONG_WAITS.mostMs) due.push(one);
    }
    return due;
  }

  keep(one: WaitingFile): void {
    this.#waiting.set(keyOf(one), one);
  }

  /** Looked for again, later and later. After a restart, at once. */
  later(one: WaitingFile, now: number): void {
    const waits = one.isGap ? LONG_WAITS : WAITS;
    this.keep({ ...one, attempts: one.attempts + 1, nextAt: now + waitAfter(one.attempts, waits) });
  }

  done(one: WaitingFile): void {
    this.#waiting.delete(keyOf(one));
  }
}

export function newWaiting(
  of: Omit<WaitingFile, "until" | "nextAt" | "attempts" | "isGap">,
  now: number,
  firstMs = WAITS.firstMs,
): WaitingFile {
  return { ...of, until: now + DAY_MS, nextAt: now + firstMs, attempts: 0, isGap: false };
}

/** It is a gap: it may come yet, as it does where the clock was wrong, or where Messages fetches it for somebody who opens it. */
export function asGap(of: WaitingFile, now: number): WaitingFile {
  return { ...of, until: now + MONTH_MS, nextAt: now + LONG_WAITS.firstMs, attempts: 0, isGap: true };
}

export function keyOf({ guid, n, file }: WaitingFile): string {
  return `${guid}/${file ?? n}`;
}
