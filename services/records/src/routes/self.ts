import { type Route, route } from "@daybook/runtime";
import { z } from "zod";

/** Who asks, and what clocks show where they ask. @param zone of the deployment, IANA */
export function selfRoute(zone: string): Route {
  return route({
    method: "get",
    path: "/api/v1/self",
    action: "self.read",
    summary: "Whose token this is",
    response: z.object({
      id: z.string(),
      name: z.string(),
      kind: z.enum(["person", "machine"]),
      roles: z.array(z.string()).readonly(),
      custodians: z.array(z.string()).readonly().default([]).describe("For whom they may speak"),
      renew: z
        .boolean()
        .default(false)
        .describe(
          "The directory is to be asked again what they may do, before the session ends for want of it",
        ),
      zone: z.string().describe("Where the body is, IANA: days that people name are days there"),
    }),
    handle: ({ principal }) => Promise.resolve({ ...principal, zone }),
  });
}
