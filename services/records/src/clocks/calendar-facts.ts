import { instant } from "@daybook/contract";
import { z } from "zod";
import { bankHolidays, division, DIVISIONS } from "./calendar.ts";
import { day } from "./day.ts";

/** Open clocks that one change of the calendar may move. */
export const MAX_MOVED = 10_000;

const base = {
  change: z.uuid(),
  /** Of the version that it makes. */
  id: z.uuid(),
  /** From 1. */
  number: z.int().positive(),
  /** The whole version, so that a clock can be worked out again from this event alone. */
  holidays: bankHolidays,
  /** Open clocks whose dates differ by it from what they were: until when each runs now. */
  moved: z
    .array(
      z.strictObject({
        matter: z.uuid(),
        due: instant.nullable(),
        limit: instant.nullable(),
        provisional: z.boolean(),
      }),
    )
    .max(MAX_MOVED),
  /** The same of reviews that are not answered yet. */
  reviews: z
    .array(
      z.strictObject({
        matter: z.uuid(),
        due: instant,
        limit: instant.nullable(),
        atMost: instant.nullable(),
        provisional: z.boolean(),
      }),
    )
    .max(MAX_MOVED)
    .optional(),
};
const divisions = z.array(division).min(1).max(DIVISIONS.length);
const words = z.string().min(1).max(2_000);

/** What audit events say of the calendars that clocks count by, by their action: see `factSchemas`. */
export const calendarFacts = {
  /** A file, or what Daybook brings along: where it is from. */
  "calendar.import": z.strictObject({ ...base, source: words }),
  "calendar.proclaim": z.strictObject({
    ...base,
    day,
    title: z.string().min(1).max(200),
    divisions,
    /** The proclamation, by its reference. */
    source: words,
  }),
  "calendar.withdraw": z.strictObject({ ...base, day, divisions, source: words }),
} as const;
