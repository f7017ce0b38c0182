import { waitAfter } from "@daybook/keeping";
import { z } from "zod";
import { aboutMessage } from "../reading/handed.ts";
import type { AgentState } from "./agent-state.ts";

const DAY_MS = 86_400_000;
const WAITS = { firstMs: 5_000, mostMs: 10 * 60_000 };

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
  /** Then it is a gap. Milliseconds since 1970. */
  until: z.int(),
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
      if (Math.min(one.nextAt, one.until) <= now) due.push(one);
    }
    return due;
  }

  keep(one: WaitingFile): void {
    this.#waiting.set(keyOf(one), one);
  }

  /** Looked for again, later and later. After a restart, at once. */
  later(one: WaitingFile, now: number): void {
    this.keep({ ...one, attempts: one.attempts + 1, nextAt: now + waitAfter(one.attempts, WAITS) });
  }

  done(one: WaitingFile): void {
    this.#waiting.delete(keyOf(one));
  }
}

export function newWaiting(
  of: Omit<WaitingFile, "until" | "nextAt" | "attempts">,
  now: number,
  firstMs = WAITS.firstMs,
): WaitingFile {
  return { ...of, until: now + DAY_MS, nextAt: now + firstMs, attempts: 0 };
}

export function keyOf({ guid, n, file }: WaitingFile): string {
  return `${guid}/${file ?? n}`;
}
