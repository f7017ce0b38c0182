import { randomUUID } from "node:crypto";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { links } from "../src/health/health-answers.ts";
import {
  accountList,
  type Agent,
  agent,
  agentList,
  custodianList,
  device,
  deviceList,
  offeredAgent,
} from "../src/registry/registry-answers.ts";

const HOUR_MS = 3_600_000;
const summary = "fake";
const words = z.string().min(1);
const params = z.object({ id: z.uuid() });

const MAC = { id: "3b241101-e2bb-4255-8caf-4136c566a910", label: "MAC-0042" };
const PHONE = { id: "3b241101-e2bb-4255-8caf-4136c566a911", label: "PHONE-0007" };
export const AGENT_DEVICES = [MAC, PHONE] as const;
const PERSON = { id: "3b241101-e2bb-4255-8caf-4136c566a920", name: "Olivia Sinclair" };
const ACCOUNTS = [
  { id: "3b241101-e2bb-4255-8caf-4136c566a930", network: "imessage", identifier: "olivia@minister.example" },
  { id: "3b241101-e2bb-4255-8caf-4136c566a931", network: "sms", identifier: "+447700900123" },
] as const;

/** What capture says of an agent's link. */
export interface MadeLink {
  readonly status: string;
  readonly problem?: string;
  readonly alerts?: readonly string[];
  readonly heardAt: string | null;
  readonly waiting: number | null;
}

/** A register of agents in memory, and what was asked of it. */
export interface AgentsApi {
  readonly routes: readonly Route[];
  /** In the order they were offered. */
  readonly agents: Agent[];
  /** How links stand, by agent; `away`: capture does not answer. */
  readonly capture: { readonly links: Map<string, MadeLink>; away: boolean };
  /** Bodies of offers and revocations. */
  readonly asked: Readonly<Record<string, string>>[];
  /** Adds one of a kind, offered an hour ago and enrolled unless given otherwise. */
  add(kind: string, more?: Partial<Agent>): Agent;
}

const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString();
const isMac = (kind: string) => kind === "mac-imessage";

/** The API's agents, with two devices, one custodian, and an account on each of two networks. */
export function agentsApi(): AgentsApi {
  const agents: Agent[] = [];
  const asked: AgentsApi["asked"] = [];
  const capture: AgentsApi["capture"] = { links: new Map(), away: false };
  const add: AgentsApi["add"] = (kind, more = {}) => {
    const made = {
      ...{ id: randomUUID(), kind, custodian: PERSON.id, device: isMac(kind) ? MAC.id : PHONE.id },
      account: ACCOUNTS[isMac(kind) ? 0 : 1].id,
      ...{ offeredAt: ago(1), expiresAt: ago(-23), enrolledAt: ago(0.5), revokedAt: null },
      ...more,
    };
    agents.push(made);
    return made;
  };
  const find = (id: string) => {
    const found = agents.find((one) => one.id === id);
    if (!found) throw new ProblemError(404, "not-found", "there is no such agent");
    return found;
  };
  const deviceOf = (of: (typeof AGENT_DEVICES)[number]) => ({
    ...of,
    ...{ ownership: "corporate", mode: null, source: null, uses: [] },
  });
  const linkOf = ({ id, account }: Agent, { heardAt, waiting, alerts = [], ...link }: MadeLink) => {
    const { network = "", identifier = "" } = ACCOUNTS.find((one) => one.id === account) ?? {};
    return {
      ...{ network, method: "device-agent", account: identifier, custodian: PERSON },
      ...{ problem: null, alerts: [...alerts], linkedAt: null, downSince: null },
      ...link,
      agent: { id, heardAt, waiting },
    };
  };
  const list = (
    path: string,
    action: "custodian.read" | "account.read" | "device.read",
    response: z.ZodType<unknown, object>,
    answer: object,
  ) =>
    route({
      method: "get",
      path,
      action,
      summary,
      query: z.object({ limit: z.string().optional() }),
      response,
      handle: () => Promise.resolve(answer),
    });
  const from = "2026-01-01T00:00:00.000Z";
  return {
    agents,
    capture,
    asked,
    add,
    routes: [
      list("/api/v1/custodians", "custodian.read", custodianList, {
        custodians: [{ ...PERSON, state: "linked", leftAt: null }],
        next: null,
      }),
      list("/api/v1/accounts", "account.read", accountList, {
        accounts: ACCOUNTS.map((one) => ({
          ...one,
          ...{ method: "device-agent", custodian: PERSON.id, from, to: null },
        })),
        next: null,
      }),
      list("/api/v1/devices", "device.read", deviceList, {
        devices: AGENT_DEVICES.map(deviceOf),
        next: null,
      }),
      route({
        method: "get",
        path: "/api/v1/devices/:id",
        action: "device.read",
        summary,
        params,
        response: device,
        handle: ({ params: { id } }) => Promise.resolve(deviceOf(id === MAC.id ? MAC : PHONE)),
      }),
      route({
        method: "get",
        path: "/api/v1/links",
        action: "status.read",
        summary,
        response: links,
        handle: () => {
          if (capture.away) throw new ProblemError(404, "no-such-route", "capture is not here");
          const known = agents.filter(({ revokedAt }) => revokedAt === null);
          const accounts = known.flatMap((one) => {
            const link = capture.links.get(one.id);
            return link ? [linkOf(one, link)] : [];
          });
          return Promise.resolve({ accounts });
        },
      }),
      route({
        method: "get",
        path: "/api/v1/agents",
        action: "device.read",
        summary,
        query: z.object({
          ...{ limit: z.coerce.number().default(1_000), cursor: z.coerce.number().default(0) },
          device: z.uuid().optional(),
        }),
        response: agentList,
        handle: ({ query: { limit, cursor, device: on } }) => {
          const all = agents.filter((one) => on === undefined || one.device === on);
          const end = cursor + limit;
          return Promise.resolve({
            agents: all.slice(cursor, end),
            next: end < all.length ? String(end) : null,
          });
        },
      }),
      route({
        method: "post",
        path: "/api/v1/agents",
        action: "connector.manage",
        summary,
        status: 201,
        body: z.object({
          ...{ kind: words, network: words, identifier: words, custodian: words, reason: words },
          device: z.uuid(),
        }),
        response: offeredAgent,
        handle: ({ body }) => {
          if (body.custodian !== PERSON.name)
            throw new ProblemError(404, "no-such-custodian", "there is no custodian of that name");
          asked.push(body);
          const made = add(body.kind, { device: body.device, enrolledAt: null });
          const { id, expiresAt } = made;
          return Promise.resolve({ id, code: "ABCDE-FGHJK-MNPQR-STVWX", expiresAt });
        },
      }),
      route({
        method: "get",
        path: "/api/v1/agents/:id",
        action: "device.read",
        summary,
        params,
        response: agent,
        handle: ({ params: { id } }) => Promise.resolve(find(id)),
      }),
      route({
        method: "post",
        path: "/api/v1/agents/:id/revoke",
        action: "connector.manage",
        summary,
        params,
        body: z.object({ reason: words }),
        handle: ({ params: { id }, body }) => {
          find(id).revokedAt ??= new Date().toISOString();
          asked.push(body);
          return Promise.resolve(undefined);
        },
      }),
    ],
  };
}
