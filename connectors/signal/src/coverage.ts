import { z } from "zod";
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
});

/**
 * Keeps account of when a link was live, in the account's file: intervals follow each other without a hole from the link
 * on, also over crashes, after which the link is taken to have been down since it was last known to be up.
 */
export class Coverage {
  readonly #file: AccountFile;
  #state: CoverageState = "down";
  #from: number;

  constructor(file: AccountFile, linkedAt: number, now: number) {
    this.#file = file;
    const stored = file.get("link", MARK);
    if (!stored) {
      this.#from = linkedAt;
      return;
    }
    const before = mark.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
    this.#from = before.from;
    this.#state = before.state;
    if (before.state !== "down") this.#turn("down", Math.min(before.until, now));
  }

  get state(): CoverageState {
    return this.#state;
  }

  /** Since when. Milliseconds since 1970. */
  get since(): number {
    return this.#from;
  }

  /** Notes that the link is in this state now. Durable once it returns. */
  enter(state: CoverageState, now: number): void {
    if (state !== this.#state) this.#turn(state, now);
    else if (now - this.#from >= RECORD_EVERY_MS) this.#turn(state, now);
    else this.#commit([], now);
  }

  /** Notes that the link still is in the state that it was in. */
  beat(now: number): void {
    this.enter(this.#state, now);
  }

  #turn(state: CoverageState, now: number): void {
    const [from, before] = [this.#from, this.#state];
    this.#from = now;
    this.#state = state;
    const entries: Entry[] = now > from ? [{ what: "coverage", from, to: now, state: before }] : [];
    if (before === "down" && state !== "down" && now - from > QUEUE_MS) {
      const why = "The link was down for longer than Signal keeps messages: some may be lost";
      entries.push({ what: "gap", id: `queue:${from}`, from, to: now - QUEUE_MS, why });
    }
    this.#commit(entries, now);
  }

  #commit(entries: readonly Entry[], now: number): void {
    const changes = new Changes(this.#file);
    changes.entries.push(...entries);
    const value = { state: this.#state, from: this.#from, until: now };
    changes.set("link", MARK, Buffer.from(JSON.stringify(value)));
    this.#file.commit(changes, now);
  }
}
