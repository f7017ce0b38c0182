import { MAX_VOLUME_DAYS } from "@daybook/catalogue";
import { eventKind, method, network, party } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { instantOrDay, START_OF_DAY } from "../routes/fields.ts";
import type { Captured } from "./captured.ts";

const DAY_MS = 86_400_000;
const SHOWN_DAYS = 31;

const span = { from: z.string(), to: z.string().nullable() };

const captured = z.strictObject({
  id: z.uuid(),
  network,
  method,
  identifier: z.string().nullable(),
  custodian: party,
  ...span,
  total: z.int().describe("Records, of every kind"),
  first: z.string().nullable(),
  last: z.string().nullable(),
  days: z
    .array(z.strictObject({ day: z.string(), kind: eventKind, records: z.int() }))
    .readonly()
    .describe("Days with something, within the period"),
  coverage: z.array(z.strictObject({ from: z.string(), to: z.string(), state: z.string() })).readonly(),
  gaps: z
    .array(
      z.strictObject({
        from: z.string().nullable(),
        to: z.string().nullable(),
        why: z.string().nullable().describe("Null where somebody said it"),
      }),
    )
    .readonly(),
});

/** What Daybook has of whoever asks: what was captured since when, and on which devices. */
export function capturedRoutes(of: Pick<Captured, "accounts" | "devices">, now: () => Date): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/self/coverage",
      action: "self.content",
      summary: "What was captured of you and since when, by account: figures and intervals, no content",
      query: z.object({
        from: instantOrDay(START_OF_DAY).optional(),
        to: instantOrDay(START_OF_DAY).optional().describe("Exclusive; a day means its beginning in UTC"),
      }),
      response: z.strictObject({ from: z.string(), to: z.string(), accounts: z.array(captured) }),
      async handle({ principal: { custodians = [] }, query }) {
        const to = query.to ?? now().toISOString();
        const from = query.from ?? new Date(Date.parse(to) - SHOWN_DAYS * DAY_MS).toISOString();
        const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
        if (!(days > 0 && days <= MAX_VOLUME_DAYS))
          throw new RecordsError(
            "bad-request",
            `a period has an end after its beginning, ${MAX_VOLUME_DAYS} days at most`,
          );
        return { from, to, accounts: await of.accounts(custodians, { from, to }) };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/self/devices",
      action: "self.content",
      summary: "The devices that your accounts were on, as the registry has them",
      response: z.strictObject({
        devices: z.array(
          z.strictObject({
            id: z.uuid(),
            label: z.string(),
            ownership: z.string(),
            account: z.uuid(),
            ...span,
          }),
        ),
      }),
      handle: async ({ principal: { custodians = [] } }) => ({ devices: await of.devices(custodians) }),
    }),
  ];
}
