import { method, network } from "@daybook/contract";
import { ROLES, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { MAX_SPOKEN_FOR, scopeRule } from "../facts.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import type { Accounts } from "../accounts.ts";
import { type Custody, custodianState } from "../posts/custody.ts";
import type { Registry } from "../registry.ts";
import type { Scope } from "../scope.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import type { Tokens } from "../tokens.ts";
import { instantOrDay, params, reason, START_OF_DAY } from "./fields.ts";
import { selfRoute } from "./self.ts";

const name = z.string().trim().min(1).max(512);
const custodian = z.object({ id: z.uuid(), name: z.string() });
/** Nothing was captured before. */
const EARLIEST = "1970-01-01T00:00:00.000Z";
const account = z.object({
  id: z.uuid(),
  network,
  method,
  identifier: z.string().nullable(),
  custodian: z.uuid(),
  from: z.string(),
  to: z.string().nullable(),
});

export function registryRoutes({
  registry,
  accounts,
  scope,
  tokens,
  requireConfirmed,
  custody,
  zone,
}: {
  registry: Registry;
  accounts: Accounts;
  scope: Scope;
  tokens: Tokens;
  requireConfirmed: SignIn["requireConfirmed"];
  custody: Custody;
  zone: string;
}): Route[] {
  return [
    ...custodianRoutes(registry, custody),
    ...accountRoutes(accounts),
    ownAccounts(registry, accounts),
    ...scopeRoutes(scope),
    selfRoute(zone),
    ...tokenRoutes(tokens, registry, requireConfirmed),
  ];
}

function custodianRoutes(registry: Registry, custody: Custody): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/custodians",
      action: "custodian.read",
      summary: "Custodians, in the order they were added",
      query: pageQuery,
      response: z.object({
        custodians: z.array(custodian.extend({ state: custodianState, leftAt: z.string().nullable() })),
        ...pageEnd,
      }),
      handle: async ({ query }) => {
        const { entries, next } = await registry.custodians(query);
        const states = new Map(
          (await custody.states(entries.map(({ id }) => id))).map((one) => [one.id, one]),
        );
        return { custodians: entries.flatMap(({ id }) => states.get(id) ?? []), next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/custodians",
      action: "custodian.manage",
      summary: "Add a custodian",
      status: 201,
      body: z.object({
        name,
        another: z.boolean().default(false).describe("Another person of a name that exists"),
      }),
      response: custodian,
      handle: ({ principal, body }) => registry.add(body.name, body.another, principal.id),
    }),
  ];
}

function accountRoutes(accounts: Accounts): Route[] {
  const when = instantOrDay(START_OF_DAY).refine((at) => at >= EARLIEST, `not before ${EARLIEST}`);
  return [
    route({
      method: "get",
      path: "/api/v1/accounts",
      action: "account.read",
      summary: "Accounts, and which custodian they belong to when",
      query: pageQuery,
      response: z.object({ accounts: z.array(account), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await accounts.list(query);
        return { accounts: entries, next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/accounts/:id/move",
      action: "account.manage",
      summary: "Link an account to another custodian from an instant on; what was said for later is void",
      params,
      body: z.object({
        custodian: name.describe("Name or id"),
        from: when.optional().describe("A day means its beginning in UTC; now, if absent"),
        reason,
      }),
      response: account,
      handle: ({ principal, params: { id }, body: { custodian: to, from, reason: why } }) =>
        accounts.move(id, { custodian: to, from, reason: why }, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/accounts/:id/end",
      action: "account.manage",
      summary: "End an account's link to its custodian; what was said for later is void",
      params,
      body: z.object({
        to: when.optional().describe("Exclusive; a day means its beginning in UTC; now, if absent"),
        reason,
      }),
      response: account,
      handle: ({ principal, params: { id }, body }) =>
        accounts.end(id, { to: body.to, reason: body.reason }, principal.id),
    }),
  ];
}

function ownAccounts(registry: Registry, accounts: Accounts): Route {
  return route({
    method: "get",
    path: "/api/v1/self/accounts",
    action: "self.read",
    summary: "Whose token this is, and the accounts of those for whom they may speak",
    response: z.object({
      id: z.string(),
      name: z.string(),
      custodians: z.array(custodian),
      accounts: z.array(account),
    }),
    async handle({ principal: { id, name: called, custodians = [] } }) {
      const [known, own] = await Promise.all([
        Promise.all(custodians.map((one) => registry.find(one))),
        accounts.of(custodians),
      ]);
      return { id, name: called, custodians: known, accounts: own };
    },
  });
}

function scopeRoutes(scope: Scope): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/scope",
      action: "scope.read",
      summary: "What capture takes and leaves, ended rules included",
      query: pageQuery,
      response: z.object({
        rules: z.array(
          z.object({
            id: z.uuid(),
            rule: scopeRule,
            reason: z.string(),
            addedBy: z.string(),
            addedAt: z.string(),
            endedAt: z.string().nullable(),
          }),
        ),
        ...pageEnd,
      }),
      handle: async ({ query }) => {
        const { entries, next } = await scope.list(query);
        return { rules: entries, next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/scope",
      action: "scope.manage",
      summary: "Add a rule",
      status: 201,
      body: scopeRule.extend({
        conversation: z
          .string()
          .min(1)
          .max(1_024)
          .optional()
          .describe("Id or exact title; kept as a keyed hash"),
        reason,
      }),
      response: z.object({ id: z.uuid() }),
      handle: ({ principal, body: { reason: why, ...rule } }) => scope.add(rule, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/scope/:id/end",
      action: "scope.manage",
      summary: "End a rule",
      params,
      body: z.object({ reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await scope.end(id, body.reason, principal.id);
        return undefined;
      },
    }),
  ];
}

function tokenRoutes(
  tokens: Tokens,
  registry: Registry,
  requireConfirmed: SignIn["requireConfirmed"],
): Route[] {
  const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length);
  const kind = z.enum(["person", "machine"]);
  return [
    route({
      method: "get",
      path: "/api/v1/tokens",
      action: "token.read",
      summary: "Tokens, without the tokens",
      query: pageQuery,
      response: z.object({
        tokens: z.array(
          z.object({
            id: z.uuid(),
            person: z.string(),
            name: z.string(),
            kind,
            roles: z.array(z.string()).readonly(),
            custodians: z.array(z.uuid()).readonly(),
            addedAt: z.string(),
            expiresAt: z.string().nullable(),
            revokedAt: z.string().nullable(),
          }),
        ),
        ...pageEnd,
      }),
      handle: async ({ query }) => {
        const { entries, next } = await tokens.list(query);
        return { tokens: entries, next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/tokens",
      action: "token.manage",
      summary: "Make a token: it is told here and never again",
      status: 201,
      body: z.object({
        name,
        kind: kind.default("person"),
        roles: roles.transform((given) => [...new Set(given)]),
        custodians: z
          .array(name)
          .max(MAX_SPOKEN_FOR)
          .default([])
          .describe("Names or ids of custodians whose messages its bearer may answer, in their name"),
        expiresAt: z.iso
          .datetime({ offset: true })
          .transform((text) => new Date(text).toISOString())
          .nullable()
          .default(null),
      }),
      response: z.object({ id: z.uuid(), person: z.string(), token: z.string() }),
      async handle({ principal, body }) {
        await requireConfirmed(principal);
        const found = await Promise.all(body.custodians.map((one) => registry.find(one)));
        return tokens.add({ ...body, custodians: found.map(({ id }) => id) }, principal.id);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/tokens/:id/revoke",
      action: "token.manage",
      summary: "Revoke a token, at once",
      params,
      handle: async ({ principal, params: { id } }) => {
        await tokens.revoke(id, principal.id);
        return undefined;
      },
    }),
  ];
}
