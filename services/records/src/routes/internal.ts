import { method, network } from "@daybook/contract";
import { type Authenticator, ROLES, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { scopeRule } from "../facts.ts";
import type { Accounts } from "../accounts.ts";
import { matterKind } from "../matters/matter-facts.ts";
import type { Matters } from "../matters/matters.ts";
import { RecordsError } from "../error.ts";
import type { Registry } from "../registry.ts";
import type { Scope } from "../scope.ts";

const actor = z.string().min(1).max(512);

/** What the other services of the deployment ask: under `/internal/v1`, for no person. */
export function internalRoutes(of: {
  registry: Registry;
  accounts: Accounts;
  scope: Scope;
  /** Of everybody's tokens and sessions. */
  authenticator: Authenticator;
  matters: Matters;
}): Route[] {
  const { registry, accounts, scope, authenticator, matters } = of;
  return [
    route({
      method: "post",
      path: "/internal/v1/custodians/resolve",
      action: "internal",
      summary: "The custodian of a name or id, made where there is none",
      body: z.object({ name: z.string().min(1).max(512), create: z.boolean().default(false), actor }),
      response: z.object({ id: z.uuid(), name: z.string() }),
      handle: ({ body }) =>
        body.create ? registry.resolve(body.name, body.actor) : registry.find(body.name),
    }),
    route({
      method: "post",
      path: "/internal/v1/accounts/resolve",
      action: "internal",
      summary: "The account through which a custodian is captured now, made or linked where there is none",
      body: z.object({
        custodian: z.uuid(),
        network,
        method,
        identifier: z.string().min(1).max(512).nullable().default(null),
        actor,
      }),
      response: z.object({ id: z.uuid() }),
      handle: ({ body: { actor: by, ...account } }) => accounts.resolve(account, by),
    }),
    route({
      method: "get",
      path: "/internal/v1/accounts/:id",
      action: "internal",
      summary: "An account, and the custodian that it belongs to now",
      params: z.object({ id: z.uuid() }),
      response: z.object({
        id: z.uuid(),
        network,
        method,
        identifier: z.string().nullable(),
        custodian: z.object({ id: z.uuid(), name: z.string() }).nullable(),
      }),
      handle: ({ params: { id } }) => accounts.now(id),
    }),
    route({
      method: "get",
      path: "/internal/v1/scope",
      action: "internal",
      summary: "The scope rules in force, and their version",
      response: z.object({ version: z.int(), rules: z.array(scopeRule.extend({ id: z.uuid() })) }),
      handle: () => scope.published(),
    }),
    route({
      method: "post",
      path: "/internal/v1/introspect",
      action: "internal",
      summary: "Who a token stands for",
      body: z.object({ token: z.string().min(1).max(1_024) }),
      response: z.object({
        id: z.string(),
        name: z.string(),
        kind: z.enum(["person", "machine"]),
        roles: z.array(z.enum(ROLES)),
        custodians: z.array(z.uuid()),
      }),
      handle: async ({ body }) => {
        const found = await authenticator.authenticate(body.token);
        if (!found) throw new RecordsError("not-found", "that token is unknown, expired or revoked");
        const { roles, custodians = [], ...who } = found;
        return { ...who, roles: ROLES.filter((role) => roles.includes(role)), custodians: [...custodians] };
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/matters/:id",
      action: "internal",
      summary: "One matter",
      params: z.object({ id: z.uuid() }),
      response: z.object({
        id: z.uuid(),
        title: z.string(),
        kind: matterKind,
        openedAt: z.string(),
        due: z.string().nullable(),
        closedAt: z.string().nullable(),
      }),
      handle: ({ params }) => matters.get(params.id),
    }),
  ];
}
