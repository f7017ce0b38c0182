import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason } from "../routes/fields.ts";
import { bankHolidays, division, DIVISIONS, govUkFile } from "./calendar.ts";
import type { Calendars } from "./calendars.ts";
import { day } from "./day.ts";

const version = z.object({
  id: z.uuid(),
  number: z.int(),
  kind: z.enum(["import", "proclaim", "withdraw"]),
  source: z.string(),
  day: day.nullable(),
  divisions: z.array(division).readonly().nullable(),
  knownTo: z.int().describe("The last year of which every division's bank holidays are known"),
  addedBy: z.string(),
  addedAt: z.string(),
});
const divisions = z
  .array(division)
  .min(1)
  .max(DIVISIONS.length)
  .refine((given) => new Set(given).size === given.length, "names a division twice");

export function calendarRoutes(calendars: Calendars): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/calendars",
      action: "calendar.read",
      summary: "Versions of the bank holidays that clocks count by, newest first",
      query: pageQuery,
      response: z.object({ calendars: z.array(version), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await calendars.list(query);
        return { calendars: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/calendars/:id",
      action: "calendar.read",
      summary: "One version, with its days",
      params,
      response: version.extend({ holidays: bankHolidays }),
      handle: ({ params: { id } }) => calendars.get(id),
    }),
    route({
      method: "post",
      path: "/api/v1/calendars/import",
      action: "calendar.manage",
      summary: "Take a newer bank-holidays.json of gov.uk's: open clocks are worked out again",
      status: 201,
      body: z.object({ file: govUkFile, source: reason }),
      response: version,
      handle: ({ principal, body }) => calendars.import(body.file, body.source, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/calendars/proclaim",
      action: "calendar.manage",
      summary: "Add a bank holiday that was proclaimed since",
      status: 201,
      body: z.object({ day, title: z.string().trim().min(1).max(200), divisions, source: reason }),
      response: version,
      handle: ({ principal, body }) => calendars.proclaim(body, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/calendars/withdraw",
      action: "calendar.manage",
      summary: "Take a proclaimed bank holiday back, as one that was added in error",
      status: 201,
      body: z.object({ day, divisions, source: reason }),
      response: version,
      handle: ({ principal, body }) => calendars.withdraw(body, principal.id),
    }),
  ];
}
