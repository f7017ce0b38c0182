import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { params } from "../routes/fields.ts";
import { registration } from "./authenticator-answers.ts";
import { type Confirmations, sessionOf } from "./confirmations.ts";
import type { Passkeys } from "./passkeys.ts";
import type { Sessions } from "./sessions.ts";
import { begun, label, secret, toBegun } from "./sign-in-routes.ts";

/** What people do about their own sessions and passkeys. */
export function ownRoutes(of: {
  sessions: Sessions;
  passkeys: Passkeys;
  confirmations: Confirmations;
}): Route[] {
  return [...sessionRoutes(of.sessions), ...passkeyRoutes(of.passkeys, of.confirmations)];
}

function sessionRoutes(sessions: Sessions): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/self/sessions",
      action: "self.manage",
      summary: "Where one is signed in, newest first",
      response: z.object({
        sessions: z.array(
          z.object({
            id: z.uuid(),
            how: z.enum(["passkey", "directory", "trial"]),
            startedAt: z.string(),
            seenAt: z.string().describe("To the minute or so"),
            endsAt: z.string().describe("At the latest"),
            current: z.boolean().describe("Whether this was asked in it"),
          }),
        ),
      }),
      handle: async ({ principal: { id, session } }) => {
        const own = await sessions.of(id);
        return { sessions: own.map((one) => ({ ...one, current: one.id === session })) };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/sessions/end",
      action: "self.manage",
      summary: "Sign out",
      handle: async ({ principal }) => {
        await sessions.end(sessionOf(principal), principal.id, "signed-out");
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/sessions/end-all",
      action: "self.manage",
      summary: "Sign out everywhere, here too",
      response: z.object({ ended: z.int() }),
      handle: async ({ principal: { id } }) => ({ ended: await sessions.endAll(id, id, "everywhere") }),
    }),
    route({
      method: "post",
      path: "/api/v1/self/sessions/:id/end",
      action: "self.manage",
      summary: "Sign out of one of one's sessions",
      params,
      handle: async ({ principal, params: { id } }) => {
        await sessions.end(id, principal.id, "signed-out");
        return undefined;
      },
    }),
  ];
}

function passkeyRoutes(passkeys: Passkeys, confirmations: Confirmations): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/self/passkeys",
      action: "self.manage",
      summary: "One's passkeys, oldest first",
      response: z.object({
        passkeys: z.array(
          z.object({ id: z.uuid(), label: z.string(), addedAt: z.string(), usedAt: z.string().nullable() }),
        ),
      }),
      handle: async ({ principal }) => ({ passkeys: await passkeys.list(principal.id) }),
    }),
    route({
      method: "post",
      path: "/api/v1/self/passkeys/begin",
      action: "self.manage",
      summary: "Begin to make another passkey",
      response: begun,
      handle: async ({ principal }) => {
        const session = sessionOf(principal);
        await confirmations.require(principal);
        return toBegun(await passkeys.beginOwn(principal, session));
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/passkeys/finish",
      action: "self.manage",
      summary: "Make it",
      status: 201,
      body: z.object({ ceremony: secret, response: registration, label }),
      response: z.object({ id: z.uuid() }),
      handle: async ({ principal, body }) => {
        const own = { person: principal.id, session: sessionOf(principal) };
        return { id: await passkeys.finishOwn(own, body.ceremony, body.response, body.label) };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/passkeys/:id/remove",
      action: "self.manage",
      summary: "Remove a passkey, but not the only one",
      params,
      handle: async ({ principal, params: { id } }) => {
        await confirmations.require(principal);
        await passkeys.remove(id, principal.id);
        return undefined;
      },
    }),
  ];
}
