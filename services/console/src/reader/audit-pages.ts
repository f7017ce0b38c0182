import { AUDIT_ACTIONS, AUDIT_GROUPS, auditGroupOf } from "@daybook/contract";
import { z } from "zod";
import { dateFields, dayIn } from "../date-input.ts";
import { paperOf } from "../matters/paper.ts";
import { type Page, page, view } from "../page.ts";
import { audits } from "./answers.ts";

const PAGE = 50;
const empty = z.literal("").transform(() => undefined);
/** Ids and kinds only: an address keeps no name. */
const narrowing = {
  person: z.union([empty, z.string().regex(/^[\w-]{1,128}$/)]).optional(),
  action: z.union([empty, z.string().regex(/^[a-z-]{1,32}(\.([a-z-]{1,32}|\*))?$/)]).optional(),
  ...dateFields("from"),
  ...dateFields("to"),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
};

/** What can be chosen: each group that there is, and what is in it. */
export const ACTION_GROUPS = AUDIT_GROUPS.map((group) => ({
  group,
  all: `${group}.*`,
  actions: AUDIT_ACTIONS.filter((action) => auditGroupOf(action) === group),
}));

/** Who read and did what, and why. */
export const auditPages: readonly Page[] = (
  [
    { path: "/audit", action: "audit.read", api: "/api/v1/audit", params: {} },
    {
      path: "/matters/:id/audit",
      action: "matter.read",
      api: "/api/v1/matters/:id/audit",
      params: { id: z.uuid() },
    },
  ] as const
).map(({ path, action, api: from, params }) =>
  page({
    method: "get",
    path,
    action,
    params: z.object(params as { id?: z.ZodUUID }),
    query: z.object(narrowing),
    handle: async ({ api, params: of, query }) => {
      const days = { from: dayIn(query, "from"), to: dayIn(query, "to") };
      const errors = (["from", "to"] as const)
        .filter((name) => days[name] === null)
        .map((name) => ({ field: `${name}-day`, text: "reader:errors.date" }));
      const { person, action: what, cursor } = query;
      const matter = typeof of.id === "string" ? of.id : null;
      const paper = await paperOf(api, matter);
      const found =
        errors.length > 0
          ? { entries: [], next: null }
          : await api.call("get", from, {
              ...(matter !== null && { params: { id: matter } }),
              query: {
                person,
                action: what,
                cursor,
                limit: PAGE,
                from: days.from ?? undefined,
                to: days.to ?? undefined,
              },
              response: audits,
            });
      const here = matter === null ? "/audit" : `/matters/${matter}/audit`;
      const kept = Object.entries(query).filter(([name, value]) => name !== "cursor" && Boolean(value));
      return view(
        "reader/audit",
        {
          matter,
          paper,
          here,
          entries: found.entries.map((one) => ({ ...one, detail: JSON.stringify(one.detail, undefined, 2) })),
          next:
            found.next &&
            `${here}?${new URLSearchParams([...(kept as [string, string][]), ["cursor", found.next]]).toString()}`,
          first: cursor === undefined,
          narrowed: kept.length > 0,
          values: query,
          groups: ACTION_GROUPS,
          errors,
        },
        errors.length > 0 ? 400 : 200,
      );
    },
  }),
);
