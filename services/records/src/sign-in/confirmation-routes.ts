import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { assertion } from "./authenticator-answers.ts";
import type { Confirmations } from "./confirmations.ts";
import { begun, leaving, query, secret, toBegun } from "./sign-in-routes.ts";

/** How somebody in a session shows again who they are; and how the directory is asked again what they may do. */
export function confirmationRoutes(confirmations: Confirmations): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/self/confirmation",
      action: "self.manage",
      summary: "How one shows again who one is, in this session, and until when that holds",
      response: z.object({
        how: z.enum(["passkey", "directory", "trial"]),
        until: z.string().nullable().describe("Null where it has to be shown first"),
      }),
      handle: ({ principal }) => confirmations.state(principal),
    }),
    route({
      method: "post",
      path: "/api/v1/self/confirmation/passkey/begin",
      action: "self.manage",
      summary: "Begin to show it with a passkey",
      response: begun,
      handle: async ({ principal }) => toBegun(await confirmations.beginPasskey(principal)),
    }),
    route({
      method: "post",
      path: "/api/v1/self/confirmation/passkey/finish",
      action: "self.manage",
      summary: "Show it with a passkey",
      body: z.object({ ceremony: secret, response: assertion }),
      handle: async ({ principal, body }) => {
        await confirmations.finishPasskey(principal, body.ceremony, body.response);
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/confirmation/oidc/begin",
      action: "self.manage",
      summary: "Begin to ask the organisation's directory again, who somebody is or only what they may do",
      body: z.object({
        silent: z.boolean().default(false).describe("Asks nothing of them, and what they may do alone"),
      }),
      response: leaving,
      handle: ({ principal, body }) => confirmations.beginDirectory(principal, body.silent),
    }),
    route({
      method: "post",
      path: "/api/v1/self/confirmation/oidc/finish",
      action: "self.manage",
      summary: "Take what the directory answered",
      body: z.object({ ceremony: secret, query }),
      handle: async ({ principal, body }) => {
        await confirmations.finishDirectory(principal, body.ceremony, body.query);
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/confirmation/trial",
      action: "self.manage",
      summary: "Show it with the start token of a trial, by which one came",
      body: z.object({ start: secret }),
      handle: async ({ principal, body }) => {
        await confirmations.byTrial(principal, body.start);
        return undefined;
      },
    }),
  ];
}
