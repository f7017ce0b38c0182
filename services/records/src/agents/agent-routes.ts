import { agentKey, network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { RecordsError } from "../error.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason } from "../routes/fields.ts";
import { agentKind } from "./agent-facts.ts";
import type { Agents } from "./agents.ts";

const agent = z.object({
  id: z.uuid(),
  kind: agentKind,
  account: z.uuid(),
  custodian: z.uuid(),
  device: z.uuid(),
  offeredAt: z.string(),
  expiresAt: z.string().describe("Until when its code can be used"),
  enrolledAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});

const known = z.object({
  id: z.uuid(),
  kind: agentKind,
  key: z.string(),
  standing: z.enum(["enrolled", "revoked", "moved"]),
  account: z.string(),
  custodian: z.object({ id: z.uuid(), name: z.string() }),
});

/** Agents on devices: offered by administrators, revoked by them or by whose phone it was. */
export function agentRoutes(agents: Agents): Route[] {
  return [
    route({
      method: "get",
      path: "/api/v1/agents",
      action: "device.read",
      summary: "Agents on devices, in the order they were offered an enrolment",
      query: pageQuery.extend({ device: z.uuid().optional().describe("Those of one device alone") }),
      response: z.object({ agents: z.array(agent), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await agents.list(query);
        return { agents: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/agents/:id",
      action: "device.read",
      summary: "One agent on a device",
      params,
      response: agent,
      handle: ({ params: { id } }) => agents.get(id),
    }),
    route({
      method: "post",
      path: "/api/v1/agents",
      action: "connector.manage",
      summary: "Offer a device an enrolment; answers with the code, which is told this once",
      status: 201,
      body: z.object({
        kind: agentKind.describe("What it hands over: `android-sms`, `mac-imessage`"),
        network,
        identifier: z.string().trim().min(1).max(512).describe("The account, as its network names it"),
        custodian: z.string().trim().min(1).max(512).describe("Name or id"),
        device: z.uuid().describe("Of the register of devices"),
        reason,
      }),
      response: z.object({ id: z.uuid(), code: z.string(), expiresAt: z.string() }),
      handle: ({ principal, body }) => agents.offer(body, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/agents/:id/revoke",
      action: "connector.manage",
      summary: "Take nothing of an agent any more: its phone is lost, or was replaced",
      params,
      body: z.object({ reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await agents.revoke(id, body.reason, principal.id);
        return undefined;
      },
    }),
    route({
      method: "post",
      path: "/api/v1/self/agents/:id/revoke",
      action: "self.link",
      summary: "Take nothing of an agent on your own phone any more: it is lost",
      params,
      body: z.object({ reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await agents.revoke(id, body.reason, principal.id, principal.custodians ?? []);
        return undefined;
      },
    }),
    route({
      method: "get",
      path: "/internal/v1/agents",
      action: "internal",
      summary: "The agents that have ever enrolled, and how they stand",
      response: z.object({ agents: z.array(known) }),
      handle: async () => ({ agents: await agents.known() }),
    }),
    route({
      method: "post",
      path: "/internal/v1/agents/enrol",
      action: "internal",
      summary: "Make a key the agent that a code was made for",
      body: z.object({ code: z.string().min(1).max(64), key: z.base64().min(1).max(512) }),
      response: agent,
      handle: ({ body }) => {
        const key = Buffer.from(body.key, "base64");
        if (!agentKey(key)) throw new RecordsError("bad-request", "that is no key of an agent");
        return agents.enrol(body.code, key);
      },
    }),
  ];
}
