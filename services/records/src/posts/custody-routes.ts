import { method, network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { params, reason } from "../routes/fields.ts";
import type { AccountChanges } from "./account-changes.ts";
import { type Custody, custodianState } from "./custody.ts";
import { deviceUse } from "./device-routes.ts";
import type { Devices } from "./devices.ts";
import { custodianRef, name, span, when } from "./fields.ts";
import { accountNetwork, holdingKind, identifierKind } from "./post-facts.ts";
import { held } from "./post-routes.ts";
import type { Posts } from "./posts.ts";

const custodian = z.object({
  id: z.uuid(),
  name: z.string(),
  addedAt: z.string(),
  leftAt: z.string().nullable(),
  state: custodianState.describe("`expected`: no account of theirs is linked now"),
});
const account = z.object({
  id: z.uuid(),
  network,
  method,
  identifier: z.string().nullable(),
  addedAt: z.string(),
  links: z.array(z.object({ custodian: custodianRef, ...span })).readonly(),
});
const heldIdentifier = z.object({ id: z.uuid(), kind: identifierKind, value: z.string(), ...span });
const identifierText = z.string().trim().min(1).max(512);

export interface CustodyOptions {
  readonly custody: Custody;
  readonly accountChanges: AccountChanges;
  readonly posts: Posts;
  readonly devices: Devices;
  readonly zone: string;
  readonly now: () => Date;
}

/** People over time: who they are, what they were, by what they are known. */
export function custodyRoutes(of: CustodyOptions): Route[] {
  return [...personRoutes(of), ...identifierRoutes(of), ...accountRoutes(of)];
}

function personRoutes({ custody, accountChanges, posts, devices, zone, now }: CustodyOptions): Route[] {
  const at = when(zone);
  return [
    route({
      method: "get",
      path: "/api/v1/custodians/:id",
      action: "custodian.read",
      summary: "A custodian, with posts, accounts, devices and numbers over time",
      params,
      response: custodian.extend({
        holdings: z.array(held),
        accounts: z.array(account),
        uses: z.array(deviceUse),
        identifiers: z.array(heldIdentifier),
      }),
      handle: async ({ params: { id } }) => {
        const one = await custody.get(id);
        const accounts = await accountChanges.of(id);
        return {
          ...one,
          holdings: await posts.holdings({ custodian: id }),
          accounts,
          uses: await devices.uses({ accounts: accounts.map((each) => each.id) }),
          identifiers: await custody.identifiers(id),
        };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/custodians/:id/posts",
      action: "post.read",
      summary: "Which posts they held at an instant, and whether a change of post is near",
      params,
      query: z.object({ at: at.optional().describe("Now, if absent") }),
      response: z.object({
        at: z.string(),
        posts: z.array(z.object({ id: z.uuid(), title: z.string(), kind: holdingKind })).readonly(),
        nearChange: z.boolean().describe("A holding of theirs begins or ends within 24 hours"),
      }),
      handle: async ({ params: { id }, query }) => {
        await custody.get(id);
        const [answer] = await posts.at(id, [query.at ?? now().toISOString()]);
        return answer as NonNullable<typeof answer>;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/custodians/:id/rename",
      action: "custodian.manage",
      summary: "Give a custodian another name; records keep the one that they were captured with",
      params,
      body: z.object({ name, reason }),
      response: custodian,
      handle: ({ principal, params: { id }, body }) =>
        custody.rename(id, body.name, body.reason, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/custodians/:id/leave",
      action: "custodian.manage",
      summary:
        "They are not captured from an instant on: accounts and posts end with it; what was captured stays",
      params,
      body: z.object({ to: at.optional().describe("Exclusive; now, if absent"), reason }),
      response: custodian,
      handle: ({ principal, params: { id }, body }) =>
        custody.leave(id, body.to ?? now().toISOString(), body.reason, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/custodians/:id/return",
      action: "custodian.manage",
      summary: "They did not leave, or are back: accounts and posts are to be given again",
      params,
      body: z.object({ reason }),
      response: custodian,
      handle: ({ principal, params: { id }, body }) => custody.return(id, body.reason, principal.id),
    }),
  ];
}

function identifierRoutes({ custody, zone }: CustodyOptions): Route[] {
  const at = when(zone);
  return [
    route({
      method: "post",
      path: "/api/v1/custodians/:id/identifiers",
      action: "custodian.manage",
      summary: "Note a number or address of a custodian",
      status: 201,
      params,
      body: z.object({
        kind: identifierKind,
        value: identifierText,
        from: at,
        to: at.nullable().default(null),
        reason,
      }),
      response: z.object({ id: z.uuid() }),
      handle: ({ principal, params: { id }, body: { reason: why, ...one } }) =>
        custody.identify(id, one, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/identifiers/:id/end",
      action: "custodian.manage",
      summary: "A number or address is theirs no more",
      params,
      body: z.object({ to: at.describe("Exclusive"), reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await custody.endIdentifier(id, body.to, body.reason, principal.id);
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/identifiers/holders",
      action: "account.read",
      summary: "Whose a number or address was at an instant",
      body: z.object({ network: accountNetwork.optional(), identifier: identifierText, at }),
      response: z.object({
        holders: z.array(
          z.object({
            custodian: custodianRef,
            account: z.uuid().nullable(),
            ...span,
            nearChange: z.boolean(),
          }),
        ),
      }),
      handle: async ({ body: { network: on, identifier, at: instant } }) => ({
        holders: await custody.who({ network: on, identifier, at: instant }),
      }),
    }),
  ];
}

function accountRoutes({ accountChanges, devices, zone }: CustodyOptions): Route[] {
  const at = when(zone);
  return [
    route({
      method: "get",
      path: "/api/v1/accounts/:id",
      action: "account.read",
      summary: "An account, whose it was when, and on which devices",
      params,
      response: account.extend({ uses: z.array(deviceUse) }),
      handle: async ({ params: { id } }) => ({
        ...(await accountChanges.get(id)),
        uses: await devices.uses({ accounts: [id] }),
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/accounts",
      action: "account.manage",
      summary: "Add an account that capture does not know yet",
      status: 201,
      body: z.object({
        network: accountNetwork,
        method: method.exclude(["internal"]),
        identifier: identifierText,
        custodian: name.describe("Name or id"),
        from: at,
        to: at.nullable().default(null),
        reason,
      }),
      response: account,
      handle: ({ principal, body: { reason: why, ...one } }) => accountChanges.add(one, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/accounts/:id/correct",
      action: "account.manage",
      summary: "Correct whose an account was within an interval; devices that it was on are released in it",
      params,
      body: z.object({
        custodian: name.nullable().describe("Name or id; null for nobody"),
        from: at,
        to: at.nullable().default(null),
        reason,
      }),
      response: account,
      handle: ({ principal, params: { id }, body: { reason: why, ...one } }) =>
        accountChanges.correct(id, one, why, principal.id),
    }),
  ];
}
