import type { ApiClient } from "@daybook/runtime";
import type { Link } from "../health/health-answers.ts";
import { linksOf } from "../health/links.ts";
import { page, type Said, view } from "../page.ts";
import { namesOf } from "./account-pages.ts";
import { act, REASON } from "./act.ts";
import {
  accountList,
  type Agent,
  agent,
  agentList,
  cursor,
  device,
  deviceList,
  offeredAgent,
  params,
} from "./registry-answers.ts";

const PAGE = 50;
const MANAGE = "connector.manage";
/** What each kind of agent hands over messages of. */
const NETWORKS: Readonly<Record<string, string>> = { "mac-imessage": "imessage", "android-sms": "sms" };

type Params = Readonly<Record<string, string>>;

const find = (api: ApiClient, id = "") =>
  api.call("get", "/api/v1/agents/:id", { params: { id }, response: agent });

/** What the register calls the devices that there are, by their ids. */
async function labelsOf(api: ApiClient): Promise<Record<string, string>> {
  const { devices } = await api.call("get", "/api/v1/devices", { response: deviceList });
  return Object.fromEntries(devices.map(({ id, label }) => [id, label]));
}

/** How an agent stands in the register: `enrolled` ones stand as their link does. @param now RFC 3339, UTC */
function standingOf({ enrolledAt, revokedAt, expiresAt }: Agent, now: string) {
  if (revokedAt !== null) return "revoked";
  if (enrolledAt !== null) return "enrolled";
  return expiresAt > now ? "offered" : "lapsed";
}

const stands = (agents: readonly Agent[], links: readonly Link[] | undefined) => {
  const now = new Date().toISOString();
  return agents.map((one) => ({
    ...one,
    standing: standingOf(one, now),
    link: links?.find((link) => link.agent?.id === one.id),
  }));
};

/** Agents of a device, and how each stands. */
export async function agentsOn(api: ApiClient, id: string) {
  const query = { device: id };
  const [{ agents }, links] = await Promise.all([
    api.call("get", "/api/v1/agents", { query, response: agentList }),
    linksOf(api),
  ]);
  return stands(agents, links);
}

/** Agents, each with what it is called, how it stands, and as whose. */
async function shown(api: ApiClient, agents: readonly Agent[]) {
  const [links, names, labels, { accounts }] = await Promise.all([
    linksOf(api),
    namesOf(api),
    labelsOf(api),
    api.call("get", "/api/v1/accounts", { response: accountList }),
  ]);
  const called = new Map(accounts.map((one) => [one.id, one]));
  const all = stands(agents, links).map((one) => ({
    ...one,
    label: labels[one.device],
    name: names[one.custodian],
    called: called.get(one.account),
  }));
  return { all, linksKnown: links !== undefined };
}

/** What is left on its device when it is revoked, as far as that is known. */
async function leftOn(api: ApiClient, { id, enrolledAt }: Agent): Promise<Said> {
  if (enrolledAt === null) return { key: "registry:agent.left.notEnrolled", values: {} };
  const waiting = (await linksOf(api))?.find((link) => link.agent?.id === id)?.agent?.waiting ?? null;
  if (waiting === null) return { key: "registry:agent.left.unknown", values: {} };
  return waiting === 0
    ? { key: "registry:agent.left.nothing", values: {} }
    : { key: "registry:agent.left.some", values: { count: waiting } };
}

/** The form that makes a code. @param on whether the device is asked for, or is the page's own */
const offering = (on: "any" | "this") =>
  act({
    key: on === "any" ? "offer-agent" : "offer-agent-here",
    path: on === "any" ? "/agents/new" : "/devices/:id/offer",
    action: MANAGE,
    ...(on === "this" && { params }),
    fields: [
      { name: "agent", type: "choice", values: Object.keys(NETWORKS) },
      { name: "identifier", type: "text" },
      { name: "custodian", type: "text" },
      ...(on === "any" ? [{ name: "device", type: "select" } as const] : []),
      REASON,
    ],
    asked: async (api, { id = "" }) => {
      if (on === "this") {
        const one = await api.call("get", "/api/v1/devices/:id", { params: { id }, response: device });
        return { caption: one.label, back: `/devices/${id}` };
      }
      const options = Object.entries(await labelsOf(api)).map(([value, text]) => ({ value, text }));
      return { back: "/agents", options: { device: options } };
    },
    send: async (api, { id }, { agent: kind = "", device: chosen = id, ...given }) => {
      const made = await api.call("post", "/api/v1/agents", {
        body: { ...given, kind, network: NETWORKS[kind], device: chosen },
        response: offeredAgent,
      });
      return view("registry/agent-offered", { ...made, kind });
    },
  });

/** Agents on devices: which there are and how they stand; offered a code, and revoked. */
export const agentPages = [
  page({
    method: "get",
    path: "/agents",
    action: "device.read",
    query: cursor,
    handle: async ({ api, query }) => {
      const { agents, next } = await api.call("get", "/api/v1/agents", {
        query: { limit: PAGE, cursor: query.cursor },
        response: agentList,
      });
      const { all, linksKnown } = await shown(api, agents);
      return view("registry/agents", { agents: all, linksKnown, next, first: query.cursor === undefined });
    },
  }),
  ...offering("any"),
  ...offering("this"),
  page({
    method: "get",
    path: "/agents/:id",
    action: "device.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const { all, linksKnown } = await shown(api, [await find(api, id)]);
      return view("registry/agent", { one: all[0], linksKnown });
    },
  }),
  ...act({
    key: "revoke-agent",
    path: "/agents/:id/revoke",
    action: MANAGE,
    params,
    warns: true,
    fields: [REASON],
    asked: async (api, { id }: Params) => {
      const one = await find(api, id);
      const labels = await labelsOf(api);
      return { caption: labels[one.device] ?? "", back: `/agents/${one.id}`, note: await leftOn(api, one) };
    },
    send: async (api, { id = "" }, { reason }) => {
      await api.call("post", "/api/v1/agents/:id/revoke", { params: { id }, body: { reason } });
      return `/agents/${id}`;
    },
  }),
];
