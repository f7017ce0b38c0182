import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { division } from "../clocks/calendar.ts";
import { day } from "../clocks/day.ts";
import type { CalendarVersion } from "../clocks/calendars.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason } from "../routes/fields.ts";
import { matter, namedPerson, regime, reviewRule } from "./matter-fields.ts";
import { outcome, reviewOutcome } from "./matter-facts.ts";
import { HISTORY, type MatterLife } from "./matter-life.ts";
import type { Reviews } from "./reviews.ts";

const text = z.string().trim().min(1).max(10_000);
const note = text.optional();

const line = z.object({
  n: z.int(),
  what: z.enum(HISTORY),
  detail: z.string().nullable().describe("`asked`, `answered`, `paid`, or an outcome"),
  by: namedPerson,
  at: z.string(),
  on: day.nullable(),
  to: day.nullable(),
  person: namedPerson.nullable(),
  words: z.string().nullable(),
});

const reckoning = z.object({
  due: z.string().nullable(),
  waitsFor: z.enum(["clarification", "fee"]).nullable(),
  provisional: z.boolean(),
  from: day.describe("The day of receipt, or of the clarification by which it began anew"),
  promptBy: day.nullable(),
  noticeBy: day.nullable(),
  extended: z.boolean(),
  days: z
    .array(
      z.object({
        day,
        counts: z.int().nullable(),
        why: z.enum([
          "receipt",
          "counted",
          "stopped",
          "month-end",
          "stopped-days",
          "saturday",
          "sunday",
          "bank-holiday",
        ]),
        title: z.string().optional(),
        in: z.array(division).readonly().optional(),
        days: z.int().optional(),
      }),
    )
    .readonly(),
});

const reviewReckoning = reckoning.extend({ due: z.string(), atMost: z.string().nullable() });

const review = z.object({
  rule: reviewRule,
  ask: z
    .object({ from: day, until: day })
    .nullable()
    .describe("How long it may be asked for: null where nothing was answered or due yet"),
  late: z.boolean().describe("It was asked for after that: the authority need not take it"),
  kept: reviewReckoning.nullable().describe("Null before it was asked for"),
  newest: reviewReckoning.nullable(),
});

const version = z.object({ id: z.uuid(), number: z.int() }).nullable();

export function matterLifeRoutes({ life, reviews }: { life: MatterLife; reviews: Reviews }): Route[] {
  const change = { method: "post", action: "matter.change", params, response: matter } as const;
  return [
    route({
      ...change,
      path: "/api/v1/matters/:id/notes",
      summary: "Write a note",
      status: 201,
      body: z.object({ text }),
      handle: ({ principal, params: { id }, body }) => life.note(id, body.text, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/assign",
      summary: "Give a matter to somebody, or to nobody",
      body: z.object({ person: z.string().min(1).max(128).nullable() }),
      handle: ({ principal, params: { id }, body }) => life.assign(id, body.person, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/clarify",
      summary: "The requester was asked what is meant, or has answered: the clock stops, or begins anew",
      body: z.object({ what: z.enum(["asked", "answered"]), on: day, note }),
      handle: ({ principal, params: { id }, body }) => life.clarify(id, body, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/fee",
      summary: "A fees notice was sent, or the fee has come: the days between do not count",
      body: z.object({ what: z.enum(["asked", "paid"]), on: day, note }),
      handle: ({ principal, params: { id }, body }) => life.fee(id, body, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/extend",
      summary: "The requester was told that it takes longer",
      body: z.object({
        on: day,
        to: day.optional().describe("The date that was agreed, where the regime has no length for it"),
        reason,
      }),
      handle: ({ principal, params: { id }, body }) => life.extend(id, body, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/answer",
      summary: "The answer went out: the clock has ended",
      body: z.object({ on: day, outcome, note }),
      handle: ({ principal, params: { id }, body }) => life.answer(id, body, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/ask-review",
      summary: "The requester asked the authority for a review: its clock begins",
      body: z.object({ on: day.describe("When the authority received that"), note }),
      handle: ({ principal, params: { id }, body }) => reviews.ask(id, body, principal.id),
    }),
    route({
      ...change,
      path: "/api/v1/matters/:id/answer-review",
      summary: "The requester was told how the review ended, or has withdrawn it: its clock has ended",
      body: z.object({ on: day, outcome: reviewOutcome, note }),
      handle: ({ principal, params: { id }, body }) => reviews.answer(id, body, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/history",
      action: "matter.read",
      summary: "What happened to a matter, notes included, newest first",
      params,
      query: pageQuery,
      response: z.object({ history: z.array(line), ...pageEnd }),
      handle: async ({ params: { id }, query }) => {
        const { entries, next } = await life.history(id, query);
        return { history: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/clock",
      action: "matter.read",
      summary: "How a matter's dates were found: each day that counts or does not, and why",
      params,
      response: z.object({
        matter,
        regime,
        calendar: version.describe("The bank holidays that it began by"),
        latest: version.describe("The newest that count for it"),
        kept: reckoning,
        newest: reckoning.nullable().describe("By the newest; null where it counts by none"),
        review: review.nullable().describe("Null where the regime knows none"),
      }),
      handle: async ({ params: { id } }) => {
        const { matter: of, clock, kept, latest } = await life.explain(id);
        return {
          matter: of,
          regime: clock.facts.regime,
          calendar: shown(clock.kept),
          latest: shown(clock.latest),
          kept,
          newest: latest ?? null,
          review: (await reviews.explain(of)) ?? null,
        };
      },
    }),
  ];
}

function shown(one: CalendarVersion | undefined): { id: string; number: number } | null {
  return one ? { id: one.id, number: one.number } : null;
}
