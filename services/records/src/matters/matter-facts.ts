import { instant } from "@daybook/contract";
import { z } from "zod";
import { division } from "../clocks/calendar.ts";
import { day } from "../clocks/day.ts";
import { REGIME_IDS, VARIANT_IDS } from "../clocks/regimes.ts";

const change = z.uuid();
const id = z.uuid();
const words = (max: number) => z.string().min(1).max(max);

export const matterKind = z.enum(["foi", "inquiry", "audit", "sar"]);
export type MatterKind = z.infer<typeof matterKind>;

/** How a matter ended, in the words of the statutes. */
export const outcome = z.enum([
  "disclosed",
  "partly-disclosed",
  "withheld",
  "not-held",
  "refused",
  "withdrawn",
  "transferred",
  "other",
]);
export type Outcome = z.infer<typeof outcome>;

/** How a review of an answer ended. */
export const reviewOutcome = z.enum(["confirmed", "modified", "substituted", "decided", "withdrawn"]);
export type ReviewOutcome = z.infer<typeof reviewOutcome>;

/** Until when a matter runs after a fact, so that it stays what it was whatever is known later. */
export const clockAfter = z.strictObject({
  /** The target: the earlier of what the calendar it began by and the newest say. Null while it waits. */
  due: instant.nullable(),
  /** The later of the two, which is arguable; null where they agree. */
  limit: instant.nullable(),
  provisional: z.boolean(),
  waitsFor: z.enum(["clarification", "fee"]).nullable(),
  /** The version of the bank holidays that it began by, and the newest. */
  calendar: z.uuid().nullable(),
  latest: z.uuid().nullable(),
});
export type ClockAfter = z.infer<typeof clockAfter>;

/** Until when a review has to be answered. */
export const reviewAfter = z.strictObject({
  /** The earlier of what the calendar it began by and the newest say. */
  due: instant,
  /** The later of the two; null where they agree. */
  limit: instant.nullable(),
  /** What it should not take longer than, where the regime says so. */
  atMost: instant.nullable(),
  provisional: z.boolean(),
  calendar: z.uuid(),
  latest: z.uuid(),
});
export type ReviewAfter = z.infer<typeof reviewAfter>;

const regime = z.strictObject({
  id: z.enum(REGIME_IDS),
  version: z.int().positive(),
  /** Of the body, where its bank holidays count. */
  nation: division.optional(),
  /** A fact of the matter by which the rule has other lengths. */
  variant: z.enum(VARIANT_IDS).optional(),
});
const note = words(10_000).optional();

/** What audit events say of matters, by their action: see `factSchemas`. */
export const matterFacts = {
  "matter.open": z.strictObject({
    change,
    id,
    title: words(1_024),
    kind: matterKind,
    /** As it was set; one that a regime works out is in `clock`. */
    due: instant.nullable(),
    regime: regime.optional(),
    /** When the authority received it: a day, or an instant where hours count. */
    receivedAt: z.union([day, instant]).optional(),
    reference: words(200).optional(),
    clock: clockAfter.optional(),
  }),
  "matter.note": z.strictObject({ change, id, text: words(10_000) }),
  /** Null: to nobody. */
  "matter.assign": z.strictObject({ change, id, person: words(128).nullable() }),
  "matter.clarify": z.strictObject({
    change,
    id,
    what: z.enum(["asked", "answered"]),
    on: day,
    note,
    clock: clockAfter,
  }),
  "matter.fee": z.strictObject({
    change,
    id,
    what: z.enum(["asked", "paid"]),
    on: day,
    note,
    clock: clockAfter,
  }),
  "matter.extend": z.strictObject({
    change,
    id,
    on: day,
    to: day.optional(),
    reason: words(2_000),
    clock: clockAfter,
  }),
  "matter.answer": z.strictObject({ change, id, on: day, outcome, note }),
  "matter.ask-review": z.strictObject({ change, id, on: day, note, clock: reviewAfter }),
  "matter.answer-review": z.strictObject({ change, id, on: day, outcome: reviewOutcome, note }),
  "matter.close": z.strictObject({ change, id, outcome: outcome.optional() }),
} as const;
