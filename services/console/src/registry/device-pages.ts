import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { page, view } from "../page.ts";
import { namesOf } from "./account-pages.ts";
import { agentsOn } from "./agent-pages.ts";
import { act, type Field, REASON } from "./act.ts";
import { accountList, cursor, device, deviceList, params } from "./registry-answers.ts";

const PAGE = 50;
const MANAGE = "device.manage";
const DETAILS: readonly Field[] = [
  { name: "label", type: "text" },
  { name: "ownership", type: "choice", values: ["corporate", "personal"] },
  { name: "mode", type: "text", optional: true },
  { name: "source", type: "text", optional: true },
  REASON,
];

const find = (api: ApiClient, id = "") =>
  api.call("get", "/api/v1/devices/:id", { params: { id }, response: device });

/** What accounts are called: by network, number and whose they are. */
async function accountsOf(api: ApiClient): Promise<Map<string, string>> {
  const { accounts } = await api.call("get", "/api/v1/accounts", { response: accountList });
  const names = await namesOf(api);
  return new Map(
    accounts.map(({ id, network, identifier, custodian }) => [
      id,
      [network, identifier, names[custodian]].filter(Boolean).join(", "),
    ]),
  );
}

const placed = (what: "use" | "release") =>
  act({
    key: `${what}-device`,
    path: `/devices/:id/${what}`,
    action: MANAGE,
    params,
    fields: [
      { name: "account", type: "select" },
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      REASON,
    ],
    asked: async (api, { id }) => {
      const one = await find(api, id);
      const used = new Set(one.uses.map(({ account }) => account));
      const accounts = [...(await accountsOf(api))].filter(([value]) => what === "use" || used.has(value));
      return {
        caption: one.label,
        back: `/devices/${one.id}`,
        options: { account: accounts.map(([value, text]) => ({ value, text })) },
      };
    },
    send: async (api, { id = "" }, { to = null, ...body }) => {
      await api.call("post", `/api/v1/devices/:id/${what}`, { params: { id }, body: { ...body, to } });
      return undefined;
    },
  });

/** Devices, and which accounts are on them when. */
export const devicePages = [
  page({
    method: "get",
    path: "/devices",
    action: "device.read",
    query: cursor,
    handle: async ({ api, query }) =>
      view("registry/devices", {
        ...(await api.call("get", "/api/v1/devices", {
          query: { limit: PAGE, cursor: query.cursor },
          response: deviceList,
        })),
        first: query.cursor === undefined,
      }),
  }),
  ...act({
    key: "add-device",
    path: "/devices/new",
    action: MANAGE,
    fields: DETAILS,
    asked: () => Promise.resolve({ back: "/devices", values: { ownership: "corporate" } }),
    send: async (api, _, { mode = null, source = null, ...body }) => {
      const made = await api.call("post", "/api/v1/devices", {
        body: { ...body, mode, source },
        response: z.object({ id: z.uuid() }),
      });
      return `/devices/${made.id}`;
    },
  }),
  page({
    method: "get",
    path: "/devices/:id",
    action: "device.read",
    params,
    handle: async ({ api, params: { id } }) =>
      view("registry/device", {
        one: await find(api, id),
        accounts: Object.fromEntries(await accountsOf(api)),
        agents: await agentsOn(api, id),
      }),
  }),
  ...act({
    key: "change-device",
    path: "/devices/:id/change",
    action: MANAGE,
    params,
    fields: DETAILS,
    asked: async (api, { id }) => {
      const { label, ownership, mode, source } = await find(api, id);
      const values = { label, ownership, mode: mode ?? "", source: source ?? "" };
      return { caption: label, back: `/devices/${id ?? ""}`, values };
    },
    send: async (api, { id = "" }, { mode = null, source = null, ...body }) => {
      await api.call("post", "/api/v1/devices/:id", { params: { id }, body: { ...body, mode, source } });
      return undefined;
    },
  }),
  ...placed("use"),
  ...placed("release"),
];
