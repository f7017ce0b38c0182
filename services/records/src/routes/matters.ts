import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { matterKind } from "../facts.ts";
import type { Matters } from "../matters.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { END_OF_DAY, instantOrDay, params } from "./fields.ts";

const matter = z.object({
  id: z.uuid(),
  title: z.string(),
  kind: matterKind,
  openedAt: z.string(),
  due: z.string().nullable(),
  closedAt: z.string().nullable(),
});

/** A day stands for its end. */
const due = instantOrDay(END_OF_DAY).nullable();

export function matterRoutes(matters: Matters): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/matters",
      action: "matter.open",
      summary: "Open a matter",
      status: 201,
      body: z.object({ title: z.string().trim().min(1).max(1_024), kind: matterKind, due: due.optional() }),
      response: matter.omit({ closedAt: true }),
      handle: ({ principal, body }) => matters.open({ ...body, due: body.due ?? null }, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/matters",
      action: "matter.list",
      summary: "Matters, newest first",
      query: pageQuery,
      response: z.object({ matters: z.array(matter), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await matters.list(query);
        return { matters: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id",
      action: "matter.read",
      summary: "One matter",
      params,
      response: matter,
      handle: ({ params: { id } }) => matters.get(id),
    }),
    route({
      method: "post",
      path: "/api/v1/matters/:id/close",
      action: "matter.close",
      summary: "Close a matter: nothing can be read under it any more",
      params,
      response: matter,
      handle: ({ principal, params: { id } }) => matters.close(id, principal.id),
    }),
  ];
}
