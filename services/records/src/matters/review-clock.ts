import type { Calendar, Division } from "../clocks/calendar.ts";
import { calendarMaker, type CalendarVersion } from "../clocks/calendars.ts";
import type { Day } from "../clocks/day.ts";
import { type Regime } from "../clocks/regimes.ts";
import { reckonReview, type ReviewReckoning } from "../clocks/review.ts";
import type { ReviewAfter } from "./matter-facts.ts";

/** The clock of a review with everything that it follows from. */
export interface ReviewClock {
  readonly regime: Regime;
  readonly nation: Division | undefined;
  /** When the authority was asked for it. */
  readonly asked: Day;
  /** The bank holidays that it began by, and the newest. */
  readonly kept: CalendarVersion;
  readonly latest: CalendarVersion;
}

/** A regime's working days by a version of the bank holidays; undefined where it counts by none. */
export function countingBy(
  { calendar }: Regime,
  nation: Division | undefined,
  version: CalendarVersion | undefined,
  calendars = calendarMaker(),
): Calendar | undefined {
  if (!version || calendar === undefined) return undefined;
  return calendars(version, calendar === "nation" ? (nation ?? "england-and-wales") : calendar);
}

/** Works the clock out by the version that it began by and by the newest. */
export function reckonBothReviews(
  { regime, nation, asked, kept, latest }: ReviewClock,
  calendars = calendarMaker(),
): { readonly kept: ReviewReckoning; readonly latest: ReviewReckoning } {
  const by = (version: CalendarVersion) => {
    const calendar = countingBy(regime, nation, version, calendars);
    if (!calendar) throw new Error(`${regime.id} counts by no calendar`);
    return reckonReview(regime, asked, calendar);
  };
  return { kept: by(kept), latest: by(latest) };
}

/** What a fact says of the clock: of two dates the earlier is the target, the later the arguable limit. */
export function reviewAfterOf(clock: ReviewClock, calendars = calendarMaker()): ReviewAfter {
  const { kept, latest } = reckonBothReviews(clock, calendars);
  const [due = kept.due, limit = kept.due] = [kept.due, latest.due].sort();
  const [atMost = null] = [kept.atMost, latest.atMost].filter((one) => one !== null).sort();
  return {
    due,
    limit: limit === due ? null : limit,
    atMost,
    provisional: kept.provisional || latest.provisional,
    calendar: clock.kept.id,
    latest: clock.latest.id,
  };
}
