import type { Division } from "../clocks/calendar.ts";
import { calendarsById, latestCalendar } from "../clocks/calendars.ts";
import { type Day, londonDay } from "../clocks/day.ts";
import { type RegimeId, regimeOf, type ReviewRule, type VariantId } from "../clocks/regimes.ts";
import { type AskTime, reviewAskTime, type ReviewReckoning } from "../clocks/review.ts";
import type { Database, Tx } from "../database.ts";
import { RecordsError } from "../error.ts";
import type { ReviewOutcome } from "./matter-facts.ts";
import type { Matter, Matters } from "./matters.ts";
import { countingBy, reckonBothReviews, reviewAfterOf, type ReviewClock } from "./review-clock.ts";

/** How a review stands, and how its dates were found. */
export interface ReviewExplained {
  readonly rule: ReviewRule;
  /** Until when it may be asked for; null where nothing was answered or due yet. */
  readonly ask: AskTime | null;
  /** Whether it was asked for after that. */
  readonly late: boolean;
  /** By the bank holidays that its clock began by; null before it was asked for. */
  readonly kept: ReviewReckoning | null;
  readonly newest: ReviewReckoning | null;
}

interface Row {
  readonly regime: RegimeId | null;
  readonly rule: number | null;
  readonly variant: VariantId | null;
  readonly nation: Division | null;
  readonly asked: string | null;
  readonly calendar: string | null;
  readonly latest: string | null;
}

/** The reviews that requesters ask for: each has a clock of its own. Each change is an audit event before it counts. */
export class Reviews {
  readonly #of: { readonly database: Database; readonly matters: Matters; readonly now: () => Date };

  constructor(of: { database: Database; matters: Matters; now: () => Date }) {
    this.#of = of;
  }

  /** @param of.on when the authority received it @throws {RecordsError} `conflict`, `bad-request` */
  ask(id: string, of: { on: Day; note?: string | undefined }, actor: string): Promise<Matter> {
    return this.#of.matters.change(id, actor, async (tx, matter) => {
      const row = await rowOf(tx, id);
      const regime = regimeIn(row);
      if (!regime?.review) throw new RecordsError("conflict", "the rule of that matter knows no review");
      if (matter.review !== null) throw new RecordsError("conflict", "a review is asked for already");
      this.#notAfterToday(of.on);
      if (matter.receivedAt !== null && of.on < matter.receivedAt)
        throw new RecordsError("bad-request", "that is before the authority received the request");
      const newest = await latestCalendar(tx);
      const nation = row?.nation ?? undefined;
      const clock = reviewAfterOf({ regime, nation, asked: of.on, kept: newest, latest: newest });
      return { action: "matter.ask-review", detail: { id, on: of.on, ...noted(of), clock } };
    });
  }

  /** The requester was told how it ended, or has withdrawn it. @throws {RecordsError} `conflict`, `bad-request` */
  answer(
    id: string,
    of: { on: Day; outcome: ReviewOutcome; note?: string | undefined },
    actor: string,
  ): Promise<Matter> {
    return this.#of.matters.change(id, actor, (_tx, { review }) => {
      if (review === null) throw new RecordsError("conflict", "no review was asked for");
      if (review.answeredOn !== null) throw new RecordsError("conflict", "that review is answered already");
      this.#notAfterToday(of.on);
      if (of.on < review.askedOn) throw new RecordsError("bad-request", "that is before it was asked for");
      const { on, outcome } = of;
      return Promise.resolve({ action: "matter.answer-review", detail: { id, on, outcome, ...noted(of) } });
    });
  }

  /** Undefined where the matter's rule knows no review. */
  async explain({ id, due, dueLimit, answeredOn }: Matter): Promise<ReviewExplained | undefined> {
    const { database } = this.#of;
    const row = await rowOf(database, id);
    const regime = regimeIn(row);
    if (!row || !regime?.review) return undefined;
    const nation = row.nation ?? undefined;
    const calendar = countingBy(regime, nation, await latestCalendar(database));
    // Of two dates the later: nobody loses a right by a day that is arguable.
    const ask = calendar && reviewAskTime(regime, { due: dueLimit ?? due, answeredOn }, calendar);
    const clock = await clockIn(database, row);
    const both = clock && reckonBothReviews(clock);
    return {
      rule: regime.review,
      ask: ask ?? null,
      late: ask !== undefined && row.asked !== null && row.asked > ask.until,
      kept: both?.kept ?? null,
      newest: both?.latest ?? null,
    };
  }

  #notAfterToday(on: Day): void {
    if (on > londonDay(this.#of.now())) throw new RecordsError("bad-request", "that day is still to come");
  }
}

async function rowOf(tx: Tx, id: string): Promise<Row | undefined> {
  const [row] = await tx.query<Row>(
    `SELECT regime, rule, variant, nation, review_asked AS asked, review_calendar AS calendar, review_latest AS latest
     FROM records.matter WHERE id = $1`,
    [id],
  );
  return row;
}

function regimeIn(row: Row | undefined) {
  return row?.regime ? regimeOf(row.regime, row.rule ?? undefined, row.variant ?? undefined) : undefined;
}

async function clockIn(tx: Tx, row: Row): Promise<ReviewClock | undefined> {
  const regime = regimeIn(row);
  const { asked, nation, calendar, latest } = row;
  if (!regime || asked === null || calendar === null || latest === null) return undefined;
  const versions = await calendarsById(tx, [calendar, latest]);
  const [kept, newest] = [versions.get(calendar), versions.get(latest)];
  return kept && newest && { regime, nation: nation ?? undefined, asked, kept, latest: newest };
}

function noted({ note }: { note?: string | undefined }): { note?: string } {
  return note === undefined ? {} : { note };
}
