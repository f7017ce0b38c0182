import { z } from "zod";
import { division } from "../clocks/calendar.ts";
import { day } from "../clocks/day.ts";
import { REGIME_IDS, VARIANT_IDS } from "../clocks/regimes.ts";
import { matterKind, outcome, reviewOutcome } from "./matter-facts.ts";
import { CLOCK_STATES } from "./matter-state.ts";

export const regimeId = z.enum(REGIME_IDS);

export const namedPerson = z.object({ id: z.string(), name: z.string().nullable() });

export const variantId = z.enum(VARIANT_IDS);

const review = z.object({
  askedOn: day,
  due: z.string().describe("The target: its last moment, in UTC"),
  dueLimit: z.string().nullable().describe("A later date, which is arguable, as of the matter"),
  atMost: z.string().nullable().describe("What it should not take longer than, where its regime says so"),
  provisional: z.boolean(),
  statutory: z.boolean().describe("False: the law sets no time, good practice does"),
  state: z.enum(CLOCK_STATES),
  answeredOn: day.nullable(),
  outcome: reviewOutcome.nullable(),
});

export const matter = z.object({
  id: z.uuid(),
  title: z.string(),
  kind: matterKind,
  openedAt: z.string(),
  due: z.string().nullable().describe("The target: its last moment, in UTC"),
  closedAt: z.string().nullable(),
  reference: z.string().nullable(),
  regime: regimeId.nullable(),
  receivedAt: z
    .string()
    .nullable()
    .describe("When the authority received it: a day, or an instant where hours count"),
  nation: division.nullable(),
  variant: variantId.nullable().describe("A fact of the matter by which its rule has other lengths"),
  dueLimit: z
    .string()
    .nullable()
    .describe("A later date, which is arguable: a bank holiday was proclaimed since"),
  provisional: z.boolean().describe("It needs a year whose bank holidays are not known yet"),
  waitsFor: z.enum(["clarification", "fee"]).nullable(),
  state: z.enum(CLOCK_STATES),
  answeredOn: day.nullable(),
  outcome: outcome.nullable(),
  assignedTo: namedPerson.nullable(),
  review: review.nullable().describe("The review that the requester asked for: a clock of its own"),
});

export const reviewRule = z.object({
  askWithin: z.int(),
  askFrom: z.literal("later-of-due-and-answer").optional(),
  answerIn: z.int(),
  atMost: z.int().optional(),
  statutory: z.boolean(),
});

export const regime = z.object({
  id: regimeId,
  version: z.int(),
  name: z.string(),
  kind: matterKind,
  unit: z.enum(["working-days", "months", "hours", "fixed"]),
  length: z.int(),
  startsOn: z.enum(["day-after-receipt", "receipt"]),
  calendar: z.enum([...division.options, "united-kingdom", "nation"]).optional(),
  roll: z.boolean(),
  clarification: z.enum(["restart", "stop"]).optional(),
  feeStops: z.boolean(),
  extension: z.object({ to: z.union([z.int(), z.literal("by-letter")]), when: z.string() }).optional(),
  remindAt: z.int().optional(),
  review: reviewRule.optional(),
  variants: z
    .partialRecord(variantId, z.object({ length: z.int(), answerReviewIn: z.int(), source: z.string() }))
    .optional(),
  variant: variantId.optional(),
  source: z.string(),
});
