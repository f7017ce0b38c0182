import type { Calendar } from "./calendar.ts";
import { type Day, londonDay } from "./day.ts";
import { reckon, type Reckoning } from "./reckon.ts";
import type { Regime } from "./regimes.ts";

/** How long a requester may ask for a review. */
export interface AskTime {
  /** The day after which it counts. */
  readonly from: Day;
  /** The last day. An authority may take a later one all the same. */
  readonly until: Day;
}

export interface ReviewReckoning extends Reckoning {
  readonly due: string;
  /** What it should not take longer than, where that is later than `due`: RFC 3339. */
  readonly atMost: string | null;
}

/**
 * Until when a review may be asked for; undefined where the regime knows none, or nothing was answered or due yet.
 *
 * @param of.due of the request: RFC 3339
 */
export function reviewAskTime(
  regime: Regime,
  of: { readonly due: string | null; readonly answeredOn: Day | null },
  calendar: Calendar,
): AskTime | undefined {
  const { review } = regime;
  const dueOn = of.due === null ? null : londonDay(new Date(of.due));
  const { answeredOn } = of;
  const later = review?.askFrom === "later-of-due-and-answer";
  const from = later
    ? ([dueOn, answeredOn]
        .filter((one) => one !== null)
        .sort()
        .at(-1) ?? null)
    : (answeredOn ?? dueOn);
  if (!review || from === null) return undefined;
  const { due } = workingDays(regime, from, review.askWithin, calendar);
  return { from, until: londonDay(new Date(due)) };
}

/**
 * Works out until when a review that was asked for has to be answered.
 *
 * @param asked when the authority received that: the next working day is the first
 * @throws {Error} where the regime knows no review
 */
export function reckonReview(regime: Regime, asked: Day, calendar: Calendar): ReviewReckoning {
  const { review } = regime;
  if (!review) throw new Error(`${regime.id} knows no review`);
  const reckoned = workingDays(regime, asked, review.answerIn, calendar);
  const atMost = review.atMost === undefined ? null : workingDays(regime, asked, review.atMost, calendar).due;
  return { ...reckoned, atMost };
}

function workingDays(
  { id, version, name, kind, source }: Regime,
  from: Day,
  length: number,
  calendar: Calendar,
): Reckoning & { readonly due: string } {
  const regime: Regime = {
    ...{ id, version, name, kind, source, length },
    unit: "working-days",
    startsOn: "day-after-receipt",
    roll: false,
    feeStops: false,
  };
  const reckoned = reckon({ regime, received: from, steps: [] }, calendar);
  if (reckoned.due === null) throw new Error("nothing stops a review");
  return { ...reckoned, due: reckoned.due };
}
