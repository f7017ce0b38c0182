import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { page, view } from "../page.ts";
import { act, REASON } from "./act.ts";
import {
  cursor,
  custodian,
  custodianList,
  deviceList,
  numberHolders,
  params,
  postList,
} from "./registry-answers.ts";

const PAGE = 50;
/** Accounts of a custodian that are pictured on their page. */
const MAX_PICTURED = 5;
const MANAGE = "custodian.manage";

const find = (api: ApiClient, id: string) =>
  api.call("get", "/api/v1/custodians/:id", { params: { id }, response: custodian });

const about = async (api: ApiClient, { id = "" }: Readonly<Record<string, string>>) => ({
  caption: (await find(api, id)).name,
  back: `/custodians/${id}`,
});

const change = (api: ApiClient, { id = "" }: Readonly<Record<string, string>>, what: string, body: object) =>
  api.call("post", `/api/v1/custodians/:id/${what}`, { params: { id }, body });

/** People whose messages are kept: who they are, and what they were. */
export const custodianPages = [
  page({
    method: "get",
    path: "/custodians",
    action: "custodian.read",
    query: cursor,
    handle: async ({ api, query }) =>
      view("registry/custodians", {
        ...(await api.call("get", "/api/v1/custodians", {
          query: { limit: PAGE, cursor: query.cursor },
          response: custodianList,
        })),
        first: query.cursor === undefined,
      }),
  }),
  page({
    method: "get",
    path: "/custodians/number",
    action: "account.read",
    handle: () => Promise.resolve(view("registry/number", { values: {} })),
  }),
  page({
    method: "post",
    path: "/custodians/number",
    action: "account.read",
    form: z.object({
      identifier: z.string().trim().min(1, "registry:missing.identifier").max(512, "registry:errors.long"),
      at: z.iso.date("registry:errors.day"),
    }),
    invalid: ({ form: { values, errors } }) => Promise.resolve(view("registry/number", { values, errors })),
    handle: async ({ api, form }) => {
      const body = { identifier: form.identifier, at: form.at };
      const found = await api.call("post", "/api/v1/identifiers/holders", { body, response: numberHolders });
      return view("registry/number", { values: form, ...found });
    },
  }),
  ...act({
    key: "add-custodian",
    path: "/custodians/new",
    action: MANAGE,
    fields: [
      { name: "name", type: "text" },
      { name: "another", type: "choice", values: ["no", "yes"] },
    ],
    asked: () => Promise.resolve({ back: "/custodians", values: { another: "no" } }),
    send: async (api, _, { name, another }) => {
      const made = await api.call("post", "/api/v1/custodians", {
        body: { name, another: another === "yes" },
        response: z.object({ id: z.uuid() }),
      });
      return `/custodians/${made.id}`;
    },
  }),
  page({
    method: "get",
    path: "/custodians/:id",
    action: "custodian.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const one = await find(api, id);
      const used = new Set(one.uses.map(({ device }) => device));
      const devices =
        used.size === 0 ? [] : (await api.call("get", "/api/v1/devices", { response: deviceList })).devices;
      const labels = Object.fromEntries(devices.map(({ id: device, label }) => [device, label]));
      const now = new Date().toISOString();
      const theirs = one.accounts.filter(({ links }) =>
        links.some((link) => link.custodian.id === id && (link.to === null || link.to > now)),
      );
      return view("registry/custodian", { one, labels, pictured: theirs.slice(0, MAX_PICTURED) });
    },
  }),
  ...act({
    key: "rename",
    path: "/custodians/:id/rename",
    action: MANAGE,
    params,
    fields: [{ name: "name", type: "text" }, REASON],
    asked: async (api, given) => {
      const base = await about(api, given);
      return { ...base, values: { name: base.caption } };
    },
    send: async (api, given, { name, reason }) => {
      await change(api, given, "rename", { name, reason });
      return undefined;
    },
  }),
  ...act({
    key: "leave",
    path: "/custodians/:id/leave",
    action: MANAGE,
    params,
    warns: true,
    fields: [{ name: "to", type: "day" }, REASON],
    asked: about,
    send: async (api, given, { to, reason }) => {
      await change(api, given, "leave", { to, reason });
      return undefined;
    },
  }),
  ...act({
    key: "return",
    path: "/custodians/:id/return",
    action: MANAGE,
    params,
    fields: [REASON],
    asked: about,
    send: async (api, given, { reason }) => {
      await change(api, given, "return", { reason });
      return undefined;
    },
  }),
  ...act({
    key: "identify",
    path: "/custodians/:id/identify",
    action: MANAGE,
    params,
    fields: [
      { name: "kind", type: "choice", values: ["phone", "email", "username", "employee"] },
      { name: "value", type: "text" },
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      REASON,
    ],
    asked: about,
    send: async (api, given, { to = null, ...body }) => {
      await change(api, given, "identifiers", { ...body, to });
      return undefined;
    },
  }),
  ...act({
    key: "hold",
    path: "/custodians/:id/hold",
    action: "post.manage",
    params,
    fields: [
      { name: "post", type: "select" },
      { name: "holding", type: "choice", values: ["substantive", "acting", "job-share"] },
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      { name: "basis", type: "text", optional: true },
      REASON,
    ],
    asked: async (api, given) => {
      const { posts } = await api.call("get", "/api/v1/posts", { response: postList });
      const options = posts.map(({ id, title }) => ({ value: id, text: title }));
      return { ...(await about(api, given)), options: { post: options }, values: { holding: "substantive" } };
    },
    send: async (api, { id }, { post = "", holding, to = null, basis = null, ...body }) => {
      await api.call("post", "/api/v1/posts/:id/holdings", {
        params: { id: post },
        body: { ...body, custodian: id, kind: holding, to, basis },
      });
      return undefined;
    },
  }),
];
