import { flag, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { division } from "../clocks/calendar.ts";
import { currentRegimes } from "../clocks/regimes.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { END_OF_DAY, instantOrDay, params } from "../routes/fields.ts";
import { matter, namedPerson, regime, regimeId, variantId } from "./matter-fields.ts";
import { matterKind, outcome } from "./matter-facts.ts";
import type { MatterLife } from "./matter-life.ts";
import type { Matters } from "./matters.ts";

/** A day stands for its end. */
const due = instantOrDay(END_OF_DAY).nullable();

/** A day stays one. */
const received = z.union([
  z.iso.date(),
  z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString()),
]);

export function matterRoutes({ matters, life }: { matters: Matters; life: MatterLife }): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/matters",
      action: "matter.open",
      summary: "Open a matter",
      status: 201,
      body: z.object({
        title: z.string().trim().min(1).max(1_024),
        kind: matterKind,
        due: due.optional(),
        regime: regimeId.optional(),
        receivedAt: received.optional(),
        nation: division.optional().describe("Of the body, where a regime counts its bank holidays"),
        variant: variantId
          .optional()
          .describe(
            "A fact of the matter by which its rule has other lengths: see `variants` of the regimes",
          ),
        reference: z.string().trim().min(1).max(200).optional(),
      }),
      response: matter,
      handle: ({ principal, body }) => matters.open({ ...body, due: body.due ?? null }, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/matters",
      action: "matter.list",
      summary: "Matters: newest first, or overdue first and then by what is due next",
      query: z.object({
        ...pageQuery.shape,
        state: z.enum(["open", "closed"]).optional(),
        mine: flag().optional().describe("Assigned to whoever asks"),
        order: z.enum(["newest", "due"]).default("newest"),
      }),
      response: z.object({ matters: z.array(matter), ...pageEnd }),
      handle: async ({ principal, query: { state, mine, order, ...page } }) => {
        const { entries, next } = await matters.list(page, { state, mine, order }, principal);
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
      query: z.object({ outcome: outcome.optional() }),
      response: matter,
      handle: ({ principal, params: { id }, query }) => matters.close(id, query.outcome, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/regimes",
      action: "matter.list",
      summary: "By which rules matters are counted, and where those stand",
      response: z.object({ regimes: z.array(regime) }),
      handle: () => Promise.resolve({ regimes: currentRegimes() }),
    }),
    route({
      method: "get",
      path: "/api/v1/assignees",
      action: "matter.change",
      summary: "To whom a matter can be given",
      response: z.object({ persons: z.array(namedPerson) }),
      handle: async () => ({ persons: await life.workers() }),
    }),
  ];
}
