import { ROLES, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { params } from "../routes/fields.ts";
import type { Confirmations } from "./confirmations.ts";
import type { Directory } from "./directory.ts";
import type { Invitations } from "./invitations.ts";
import type { People } from "./people.ts";
import { MAX_OWN_CUSTODIANS } from "./sign-in-facts.ts";

const unique = <T>(items: T[]) => [...new Set(items)];
const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length).transform(unique);
const custodians = z
  .array(z.uuid())
  .max(MAX_OWN_CUSTODIANS)
  .default([])
  .describe("Those that they are, or speak for")
  .transform(unique);
const person = z.object({
  id: z.uuid(),
  name: z.string(),
  roles: z.array(z.enum(ROLES)).readonly(),
  custodians: z.array(z.uuid()).readonly(),
  addedAt: z.string(),
  endedAt: z.string().nullable(),
  passkeys: z.int().describe("How many they have"),
  directory: z.boolean().describe("Whether they sign in with the organisation's directory"),
  invitedUntil: z.string().nullable().describe("When the link that they have not used is over"),
});
const invitation = z.object({
  link: z.string().describe("Told here and never again: good once"),
  expiresAt: z.string(),
});

/** Who may sign in, for those who decide it. */
export function personRoutes(of: {
  people: People;
  invitations: Invitations;
  directory: Directory | undefined;
  confirmations: Confirmations;
  /** Whether a link would lead anywhere. */
  canInvite: boolean;
}): Route[] {
  const { people, invitations, directory, confirmations, canInvite } = of;
  return [
    route({
      method: "get",
      path: "/api/v1/persons",
      action: "person.read",
      summary: "Who may sign in, or might once, in the order they were added",
      query: pageQuery,
      response: z.object({ persons: z.array(person), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await people.list(query);
        return { persons: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/persons/:id",
      action: "person.read",
      summary: "One of them",
      params,
      response: person,
      handle: ({ params: { id } }) => people.get(id),
    }),
    route({
      method: "post",
      path: "/api/v1/persons",
      action: "person.manage",
      summary: "Add a person, with a link by which they make a passkey",
      status: 201,
      body: z.object({ name: z.string().trim().min(1).max(512), roles, custodians }),
      response: z.object({ person, invitation: invitation.nullable() }),
      handle: async ({ principal, body }) => {
        await confirmations.require(principal);
        const added = await people.add(body, principal.id);
        const invited = canInvite ? await invitations.make(added.id, principal.id) : null;
        return { person: await people.get(added.id), invitation: invited };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/persons/:id/change",
      action: "person.manage",
      summary: "Change what somebody else may do: it holds from their next request on",
      params,
      body: z.object({ roles, custodians }),
      response: person,
      handle: async ({ principal, params: { id }, body }) => {
        await confirmations.require(principal);
        return people.change(id, body, principal);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/persons/:id/invitation",
      action: "person.manage",
      summary: "Another link by which a person makes a passkey: earlier ones are void",
      status: 201,
      params,
      response: invitation,
      handle: async ({ principal, params: { id } }) => {
        await confirmations.require(principal);
        return invitations.make(id, principal.id);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/persons/:id/identity",
      action: "person.manage",
      summary:
        "Join a person to who the organisation's directory says they are: they sign in there from then on",
      params,
      body: z.object({ subject: z.string().min(1).max(512).describe("What the directory calls them") }),
      response: person,
      handle: async ({ principal, params: { id }, body }) => {
        if (!directory) throw new RecordsError("conflict", "no directory is set up here");
        await confirmations.require(principal);
        return people.identify(id, { issuer: directory.issuer, subject: body.subject }, principal);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/persons/:id/end",
      action: "person.manage",
      summary: "End somebody's access at once: sessions, tokens, passkeys and links",
      params,
      handle: async ({ principal, params: { id } }) => {
        await people.end(id, principal);
        return undefined;
      },
    }),
  ];
}
