import { z } from "zod";
import { SignalError } from "./error.ts";
import type { AccountFile } from "./store/account-file.ts";
import { Changes } from "./store/changes.ts";
import type { Entry } from "./store/entry.ts";

/** Whether an account hears what happens: `catching-up` while what waited at Signal is handed over. */
export type CoverageState = "live" | "catching-up" | "down";

const MARK = "coverage";
/** An interval that goes on is recorded so often, so that coverage is known to the hour. */
const RECORD_EVERY_MS = 3_600_000;
/** Signal keeps messages for a device that is away at least so long; what came before may be lost. */
export const QUEUE_MS = 30 * 86_400_000;

const mark = z.strictObject({
  state: z.enum(["live", "catching-up", "down"]),
  from: z.int(),
  /** The last time that it was known to hold. */
  until: z.int(),
  /** Since when nothing came through, while that is so. */
  downSince: z.int().optional(),
});
type Mark = z.infer<typeof mark>;

function readMark(file: AccountFile): Mark | undefined {
  const stored = file.get("link", MARK);
  return stored && mark.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** Until when a link is known to have been up, milliseconds since 1970; undefined where there was none. */
export function heardUntil(file: AccountFile): number | undefined {
  const last = readMark(file);
  return last?.state === "down" ? (last.downSince ?? last.from) : last?.until;
}

/**
 * Keeps account of when a link was live, in the account's file: intervals follow each other without a hole from the link
 * on, also over crashes, after which the link is taken to have been down since it was last known to be up. So it is where
 * the disk took nothing: what cannot be written is not captured either.
 */
export class Coverage {
  readonly #file: AccountFile;
  /** As the file has it. */
  #mark: Mark;
  #state: CoverageState = "down";
  #isUnwritten = false;

  constructor(file: AccountFile, linkedAt: number, now: number) {
    this.#file = file;
    this.#mark = readMark(file) ?? { state: "down", from: linkedAt, until: linkedAt, downSince: linkedAt };
    if (this.#mark.state === "down") return;
    this.#isUnwritten = true;
    this.enter("down", now);
  }

  get state(): CoverageState {
    return this.#state;
  }

  /** Since when. Milliseconds since 1970. */
  get since(): number {
    return this.#mark.from;
  }

  /** Since when nothing comes through, milliseconds since 1970; undefined while something does. */
  get downSince(): number | undefined {
    return this.#mark.downSince ?? (this.#mark.state === "down" ? this.#mark.from : undefined);
  }

  /** The disk takes nothing. */
  get isUnwritten(): boolean {
    return this.#isUnwritten;
  }

  /** Notes that the link is in this state now. Durable once it returns, unless `isUnwritten`: then as soon as can be. */
  enter(state: CoverageState, now: number): void {
    this.#state = state;
    const entries: Entry[] = [];
    const before = this.#isUnwritten ? lostSince(this.#mark, entries) : this.#mark;
    const from = Math.min(before.from, now);
    const turns = state !== before.state || now - from >= RECORD_EVERY_MS;
    if (turns && now > from) entries.push({ what: "coverage", from, to: now, state: before.state });
    const downSince = before.state === "down" ? (before.downSince ?? from) : now;
    if (before.state === "down" && state !== "down" && now - downSince > QUEUE_MS) {
      const why = "The link was down for longer than Signal keeps messages: some may be lost";
      entries.push({ what: "gap", id: `queue:${downSince}`, from: downSince, to: now - QUEUE_MS, why });
    }
    const next = {
      state,
      from: turns ? now : from,
      until: now,
      ...(state === "down" && { downSince: Math.min(downSince, now) }),
    };
    this.#isUnwritten = !this.#write(next, entries, now);
    if (!this.#isUnwritten) this.#mark = next;
  }

  /** Notes that the link still is in the state that it was in. */
  beat(now: number): void {
    this.enter(this.#state, now);
  }

  #write(next: Mark, entries: readonly Entry[], now: number): boolean {
    const changes = new Changes(this.#file);
    changes.entries.push(...entries);
    changes.set("link", MARK, Buffer.from(JSON.stringify(next)));
    try {
      this.#file.commit(changes, now);
      return true;
    } catch (cause) {
      if (!(cause instanceof SignalError) || !cause.retryable) throw cause;
      return false;
    }
  }
}

/** What was up when it was last written is taken to have been down since. */
function lostSince(known: Mark, entries: Entry[]): Mark {
  const { state, from, until } = known;
  if (state === "down") return known;
  if (until > from) entries.push({ what: "coverage", from, to: until, state });
  return { state: "down", from: until, until, downSince: until };
}
