import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason, recordId } from "../routes/fields.ts";
import { sendLines } from "../routes/operations.ts";
import { finding } from "./search-routes.ts";
import type { MatterSelection } from "./selection.ts";
import { conversationKey } from "./search-facts.ts";
import { MAX_SELECTED_AT_ONCE } from "./selection-facts.ts";

const count = z.int().nonnegative();
const ids = z.array(recordId).min(1).max(MAX_SELECTED_AT_ONCE);
const MAX_BYTES = 512 * 1024;
/** A page is opened and recorded as read. */
const MAX_PAGE = 100;

export function selectionRoutes({ selection }: { selection: MatterSelection }): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/matters/:id/selection",
      action: "selection.change",
      summary:
        "Select records under a matter: these, all that a search finds, or a conversation, or a day of it; may be repeated",
      params,
      maxBytes: MAX_BYTES,
      body: z.object({
        ids: ids.optional(),
        search: z.uuid().optional(),
        conversation: conversationKey.optional().describe("Its key"),
        day: z.iso.date().optional(),
        why: reason.optional().describe("Of these records"),
      }),
      response: z.object({ added: count, already: count, total: count }),
      handle: ({ principal, params: { id: matter }, body, signal }) => {
        const given = [body.ids, body.search, body.conversation].filter((one) => one !== undefined);
        const fits =
          given.length === 1 &&
          (body.day === undefined || body.conversation !== undefined) &&
          (body.why === undefined || body.ids !== undefined);
        if (!fits)
          throw new RecordsError(
            "bad-request",
            "name `ids` (with `why`), or `search`, or `conversation` (with `day`)",
          );
        if (body.ids) return selection.addRecords(matter, body.ids, body.why ?? "one by one", principal.id);
        if (body.search !== undefined) return selection.addFound(matter, body.search, principal.id, signal);
        const { conversation = "", day } = body;
        return selection.addConversation(matter, { conversation, day }, principal.id, signal);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/matters/:id/selection/remove",
      action: "selection.change",
      summary: "Take records out of a matter's selection",
      params,
      maxBytes: MAX_BYTES,
      body: z.object({ ids, why: reason.default("one by one") }),
      response: z.object({ removed: count, total: count }),
      handle: ({ principal, params: { id }, body }) => selection.remove(id, body.ids, body.why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/matters/:id/selection/clear",
      action: "selection.change",
      summary: "Take everything out of a matter's selection",
      params,
      body: z.object({ why: reason.default("all of it") }),
      response: z.object({ removed: count, total: count }),
      handle: ({ principal, params: { id }, body }) => selection.clear(id, body.why, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/selection/count",
      action: "matter.read",
      summary: "How many records are selected under a matter",
      params,
      response: z.object({ total: count }),
      handle: async ({ params: { id } }) => ({ total: await selection.count(id) }),
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id/selection",
      action: "record.view",
      summary: "The records that are selected under a matter, last added first",
      params,
      query: pageQuery.extend({ limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE) }),
      response: z.object({
        total: count,
        entries: z.array(
          z.object({
            record: z.string(),
            addedBy: z.string(),
            addedAt: z.string(),
            finding: finding.nullable().describe("Null when it was disposed of"),
          }),
        ),
        ...pageEnd,
      }),
      handle: async ({ principal, params: { id }, query }) => {
        const page = await selection.list(id, query, principal);
        return { total: await selection.count(id), ...page };
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/matters/:id/selection",
      action: "internal",
      summary: "A matter's selection: JSON lines `{id}`, in their order, then `{ok, count}`",
      params,
      download: true,
      handle: async ({ params: { id: matter }, response }) => {
        await sendLines(response, async (line) => {
          const sent = await selection.each(matter, (id) => line({ id }));
          await line({ ok: true, count: sent });
        });
        return undefined;
      },
    }),
  ];
}
