import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Matters } from "../matters/matters.ts";
import { params } from "../routes/fields.ts";
import type { Audits } from "./audits.ts";

const text = (max: number) => z.string().min(1).max(max).optional();

const narrowing = {
  person: text(512).describe("Name or id of who did it"),
  action: text(128).describe("An action, or a group of them: `matter.*`"),
  subject: text(1_024).describe("Id of what it was done to"),
  from: text(32).describe("Inclusive: a day or an instant"),
  to: text(32).describe("Inclusive: a day means all of it"),
};
const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: text(32).describe("The `next` of the page before"),
};

const response = z.object({
  entries: z.array(
    z.object({
      id: z.string().describe("Of the audit record"),
      index: z.int(),
      at: z.string(),
      actor: z.object({
        id: z.string(),
        name: z.string().nullable(),
        kind: z.enum(["person", "machine"]).nullable(),
      }),
      action: z.string(),
      matter: z.object({ id: z.string(), title: z.string().nullable() }).nullable(),
      subject: z.string().nullable(),
      detail: z.record(z.string(), z.json()),
    }),
  ),
  next: z.string().nullable().describe("Where the next page begins; a page may be short and still have one"),
});

/** The matter's own is for those who read the matter; it stays when the matter is closed. */
export function auditRoutes({ audits, matters }: { audits: Audits; matters: Matters }): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/audit",
      action: "audit.read",
      summary: "Who did what, and why: the audit log, the latest first",
      query: z.object({ ...narrowing, matter: z.uuid().optional(), ...paging }),
      response,
      handle: ({ principal, query: { limit, cursor, ...filters } }) =>
        audits.page(filters, { limit, cursor }, principal),
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/audit",
      action: "matter.read",
      summary: "What was done under a matter, the latest first",
      params,
      query: z.object({ ...narrowing, ...paging }),
      response,
      handle: async ({ principal, params: { id: matter }, query: { limit, cursor, ...filters } }) => {
        await matters.get(matter);
        return audits.page({ ...filters, matter }, { limit, cursor }, principal);
      },
    }),
  ];
}
