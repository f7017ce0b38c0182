import { type Action, RIGHTS, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Refusals } from "./refusals.ts";

const actions = Object.keys(RIGHTS) as [Action, ...Action[]];

export function refusalRoutes({ refusals }: { refusals: Refusals }): Route[] {
  return [
    route({
      method: "post",
      path: "/api/v1/self/refusals",
      action: "self.read",
      summary: "Puts on record that a page was refused to you",
      body: z.object({ action: z.enum(actions) }),
      handle: async ({ principal, body }) => {
        await refusals.record(principal, body.action);
      },
    }),
    route({
      method: "post",
      path: "/internal/v1/refusals",
      action: "internal",
      summary: "Puts on record that another service refused something",
      body: z.object({ person: z.string().min(1).max(512), action: z.enum(actions) }),
      handle: async ({ body: { person, action } }) => {
        await refusals.record({ id: person }, action);
      },
    }),
  ];
}
