import { ArchiveError, type LockedObject } from "@daybook/archive-core";
import type { RetentionOptions, RetentionReport } from "./options.ts";

const DAY_MS = 86_400_000;
const MAX_ALERTS = 1_000;

/** One pass over the stores: its clock, its report, and what is done to single objects. */
export class Pass {
  readonly options: RetentionOptions;
  readonly now: Date;
  readonly report: RetentionReport = {
    extended: 0,
    held: 0,
    released: 0,
    swept: 0,
    expired: { orphans: 0, disposed: 0, attachments: 0, snapshots: 0 },
    copied: 0,
    kept: 0,
    alerts: [],
    moreAlerts: 0,
  };

  constructor(options: RetentionOptions) {
    this.options = options;
    this.now = options.now();
  }

  /** Days of lock that an object has left. */
  daysLeft({ retainUntil }: LockedObject): number {
    return (retainUntil.getTime() - this.now.getTime()) / DAY_MS;
  }

  inDays(days: number): Date {
    return new Date(this.now.getTime() + days * DAY_MS);
  }

  alert(key: string, problem: string): void {
    if (this.report.alerts.length < MAX_ALERTS) this.report.alerts.push({ key, problem });
    else this.report.moreAlerts += 1;
  }

  /** Keeps an object that is needed locked. Undefined: it is not there. */
  async keep(key: string, state: LockedObject | undefined): Promise<void> {
    const { extender, extendBelowDays, minLockDays, lockDays } = this.options;
    if (!state) return this.alert(key, "it is gone");
    const left = this.daysLeft(state);
    if (left >= extendBelowDays) return;
    const extended = await this.#attempt(key, "its lock could not be lengthened", () =>
      extender.extend(key, this.inDays(lockDays)),
    );
    if (extended) this.report.extended += 1;
    // Also when it is well again: for so long it could have been lost.
    if (left < minLockDays) this.alert(key, `its lock had ${Math.floor(left)} days left`);
  }

  /** Sets or lifts a legal hold, where it is not as it should be. */
  async hold(key: string, state: LockedObject, held: boolean): Promise<void> {
    if (state.legalHold === held) return;
    const done = await this.#attempt(key, "its legal hold could not be changed", () =>
      this.options.extender.setLegalHold(key, held),
    );
    if (done) this.report[held ? "held" : "released"] += 1;
  }

  /** Removes an object that nothing needs, if its lock has lapsed. */
  async expire(
    key: string,
    state: LockedObject | undefined,
    as: keyof RetentionReport["expired"],
  ): Promise<void> {
    if (!state || state.legalHold || this.daysLeft(state) > 0) return;
    const gone = await this.#attempt(key, "it could not be removed", () => this.options.expirer.remove(key));
    if (gone) this.report.expired[as] += 1;
  }

  /** What fails for one object, for good or not, is an alert, and not the end of the pass. */
  async #attempt(key: string, problem: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      this.alert(key, `${problem}: ${code}`);
      return false;
    }
  }
}

/** The code of a store's error; undefined for any other. A refusal is of the store's own, and no error of the ports. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof ArchiveError) return error.code;
  return (error as { code?: unknown } | null)?.code === "store-refused" ? "store-refused" : undefined;
}
