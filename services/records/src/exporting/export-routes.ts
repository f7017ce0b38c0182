import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { params } from "../routes/fields.ts";
import type { PastExports } from "./past-exports.ts";

/** What the evidence service asks of exports. */
export function pastExportRoutes(past: Pick<PastExports, "list">): Route[] {
  return [
    route({
      method: "get",
      path: "/internal/v1/matters/:id/exports",
      action: "internal",
      summary: "Exports that were asked for under a matter, newest first",
      params,
      query: pageQuery,
      response: z.object({
        exports: z.array(
          z.object({
            id: z.uuid(),
            at: z.string(),
            by: z.string().nullable(),
            name: z.string().nullable(),
            of: z.enum(["everything", "filters", "selection"]),
          }),
        ),
        ...pageEnd,
      }),
      handle: async ({ params: { id }, query }) => {
        const { entries, next } = await past.list(id, query);
        return { exports: entries, next };
      },
    }),
  ];
}
