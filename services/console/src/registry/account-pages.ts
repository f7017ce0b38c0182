import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { page, view } from "../page.ts";
import { act, REASON } from "./act.ts";
import { account, accountList, cursor, custodianList, deviceList, params } from "./registry-answers.ts";

const PAGE = 100;
const MANAGE = "account.manage";
const NETWORKS = ["whatsapp", "signal", "sms", "imessage", "telegram", "email"] as const;
const METHODS = [
  "linked-device",
  "business-api",
  "carrier",
  "device-agent",
  "journal",
  "copied",
  "export",
] as const;

type Params = Readonly<Record<string, string>>;

const find = (api: ApiClient, id = "") =>
  api.call("get", "/api/v1/accounts/:id", { params: { id }, response: account });

const about = async (api: ApiClient, { id }: Params) => ({
  caption: (await find(api, id)).identifier ?? "",
  back: `/accounts/${id ?? ""}`,
});

const change = async (api: ApiClient, { id = "" }: Params, what: string, body: object) => {
  await api.call("post", `/api/v1/accounts/:id/${what}`, { params: { id }, body });
  return undefined;
};

/** What people are called, by their ids. */
export async function namesOf(api: ApiClient): Promise<Record<string, string>> {
  const { custodians } = await api.call("get", "/api/v1/custodians", { response: custodianList });
  return Object.fromEntries(custodians.map(({ id, name }) => [id, name]));
}

/** Accounts, and whose they are when. */
export const governedAccountPages = [
  page({
    method: "get",
    path: "/accounts",
    action: "account.read",
    query: cursor,
    handle: async ({ api, query }) =>
      view("registry/accounts", {
        ...(await api.call("get", "/api/v1/accounts", {
          query: { limit: PAGE, cursor: query.cursor },
          response: accountList,
        })),
        names: await namesOf(api),
        first: query.cursor === undefined,
      }),
  }),
  ...act({
    key: "add-account",
    path: "/accounts/new",
    action: MANAGE,
    fields: [
      { name: "network", type: "choice", values: NETWORKS },
      { name: "method", type: "choice", values: METHODS },
      { name: "identifier", type: "text" },
      { name: "custodian", type: "text" },
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      REASON,
    ],
    asked: () => Promise.resolve({ back: "/accounts" }),
    send: async (api, _, { to = null, ...body }) => {
      const made = await api.call("post", "/api/v1/accounts", {
        body: { ...body, to },
        response: z.object({ id: z.uuid() }),
      });
      return `/accounts/${made.id}`;
    },
  }),
  page({
    method: "get",
    path: "/accounts/:id",
    action: "account.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const { devices } = await api.call("get", "/api/v1/devices", { response: deviceList });
      const labels = Object.fromEntries(devices.map(({ id: one, label }) => [one, label]));
      return view("registry/account", { one: await find(api, id), labels });
    },
  }),
  ...act({
    key: "move-account",
    path: "/accounts/:id/move",
    action: MANAGE,
    params,
    fields: [{ name: "custodian", type: "text" }, { name: "from", type: "day" }, REASON],
    asked: about,
    send: (api, given, body) => change(api, given, "move", body),
  }),
  ...act({
    key: "end-account",
    path: "/accounts/:id/end",
    action: MANAGE,
    params,
    warns: true,
    fields: [{ name: "to", type: "day" }, REASON],
    asked: about,
    send: (api, given, body) => change(api, given, "end", body),
  }),
  ...act({
    key: "correct-account",
    path: "/accounts/:id/correct",
    action: MANAGE,
    params,
    fields: [
      { name: "owner", type: "text", optional: true },
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      REASON,
    ],
    asked: about,
    send: (api, given, { owner = null, to = null, ...body }) =>
      change(api, given, "correct", { ...body, custodian: owner, to }),
  }),
];
