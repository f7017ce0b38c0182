import { z } from "zod";
import { dayOf } from "../format.ts";

const DAY_MS = 86_400_000;

/** Days that may be looked at at once. */
export const SPANS = [7, 31, 90] as const;

/** How a period is asked for: so many days, the last of them the one that is named, or today. */
export const periodQuery = z.object({
  days: z.coerce
    .number()
    .pipe(z.union(SPANS.map((one) => z.literal(one))))
    .catch(31),
  until: z.iso.date().optional().catch(undefined),
});
export type PeriodQuery = z.infer<typeof periodQuery>;

export interface Period {
  /** Days: `from` is in it, and `to` is not. */
  readonly from: string;
  readonly to: string;
  readonly days: number;
  /** Its last day. */
  readonly until: string;
  /** Last days of the periods beside it. */
  readonly before: string;
  readonly after: string;
}

export function periodOf({ days, until }: PeriodQuery, now = new Date()): Period {
  const last = until ?? dayOf(now.toISOString());
  return {
    from: shifted(last, 1 - days),
    to: shifted(last, 1),
    days,
    until: last,
    before: shifted(last, -days),
    after: shifted(last, days),
  };
}

function shifted(day: string, by: number): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) + by * DAY_MS).toISOString().slice(0, 10);
}
