import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { dayOf } from "../format.ts";
import { page, view } from "../page.ts";
import { act, type Asked, dayValues, REASON } from "./act.ts";
import { cursor, type Held, params, post, postList } from "./registry-answers.ts";

const PAGE = 50;
const MANAGE = "post.manage";
const GROUPS = ["minister", "adviser", "board", "senior", "staff"] as const;
const HOLDING = { name: "holding", type: "choice", values: ["substantive", "acting", "job-share"] } as const;

type Params = Readonly<Record<string, string>>;
const ofHolding = z.object({ id: z.uuid(), holding: z.uuid() });

const find = (api: ApiClient, id = "") =>
  api.call("get", "/api/v1/posts/:id", { params: { id }, response: post });

async function heldOf(api: ApiClient, given: Params): Promise<Asked & { held: Held | undefined }> {
  const one = await find(api, given["id"]);
  const held = one.holdings.find(({ holding }) => holding === given["holding"]);
  return {
    held,
    caption: held ? `${one.title}: ${held.custodian.name}` : one.title,
    back: `/posts/${one.id}`,
  };
}

const changeHolding = async (api: ApiClient, { holding = "" }: Params, what: string, body: object) => {
  await api.call("post", `/api/v1/holdings/:id/${what}`, { params: { id: holding }, body });
  return undefined;
};

/** Posts, and who holds them when. */
export const postPages = [
  page({
    method: "get",
    path: "/posts",
    action: "post.read",
    query: cursor,
    handle: async ({ api, query }) =>
      view("registry/posts", {
        ...(await api.call("get", "/api/v1/posts", {
          query: { limit: PAGE, cursor: query.cursor },
          response: postList,
        })),
        first: query.cursor === undefined,
      }),
  }),
  ...act({
    key: "add-post",
    path: "/posts/new",
    action: MANAGE,
    fields: [
      { name: "title", type: "text" },
      { name: "unit", type: "text", optional: true },
      { name: "group", type: "choice", values: GROUPS },
      { name: "capstone", type: "choice", values: ["no", "yes"] },
      REASON,
    ],
    asked: () => Promise.resolve({ back: "/posts", values: { group: "staff", capstone: "no" } }),
    send: async (api, _, { capstone, unit = null, ...body }) => {
      const made = await api.call("post", "/api/v1/posts", {
        body: { ...body, unit, capstone: capstone === "yes" },
        response: z.object({ id: z.uuid() }),
      });
      return `/posts/${made.id}`;
    },
  }),
  page({
    method: "get",
    path: "/posts/:id",
    action: "post.read",
    params,
    handle: async ({ api, params: { id } }) => view("registry/post", { one: await find(api, id) }),
  }),
  ...act({
    key: "change-post",
    path: "/posts/:id/change",
    action: MANAGE,
    params,
    fields: [
      { name: "title", type: "text" },
      { name: "unit", type: "text", optional: true },
      { name: "group", type: "choice", values: GROUPS },
      { name: "capstone", type: "choice", values: ["no", "yes"] },
      REASON,
    ],
    asked: async (api, { id }) => {
      const { title, unit, group, capstone } = await find(api, id);
      const values = { title, unit: unit ?? "", group, capstone: capstone ? "yes" : "no" };
      return { caption: title, back: `/posts/${id ?? ""}`, values };
    },
    send: async (api, { id = "" }, { capstone, unit = null, ...body }) => {
      await api.call("post", "/api/v1/posts/:id", {
        params: { id },
        body: { ...body, unit, capstone: capstone === "yes" },
      });
      return undefined;
    },
  }),
  ...act({
    key: "fill",
    path: "/posts/:id/fill",
    action: MANAGE,
    params,
    fields: [
      { name: "custodian", type: "text" },
      HOLDING,
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      { name: "basis", type: "text", optional: true },
      REASON,
    ],
    asked: async (api, { id }) => {
      const { title } = await find(api, id);
      return { caption: title, back: `/posts/${id ?? ""}`, values: { holding: "substantive" } };
    },
    send: async (api, { id = "" }, { holding, to = null, basis = null, ...body }) => {
      await api.call("post", "/api/v1/posts/:id/holdings", {
        params: { id },
        body: { ...body, kind: holding, to, basis },
      });
      return undefined;
    },
  }),
  ...act({
    key: "end-holding",
    path: "/posts/:id/holdings/:holding/end",
    action: MANAGE,
    params: ofHolding,
    fields: [{ name: "to", type: "day" }, REASON],
    asked: heldOf,
    send: (api, given, { to, reason }) => changeHolding(api, given, "end", { to, reason }),
  }),
  ...act({
    key: "correct-holding",
    path: "/posts/:id/holdings/:holding/correct",
    action: MANAGE,
    params: ofHolding,
    fields: [
      HOLDING,
      { name: "from", type: "day" },
      { name: "to", type: "day", optional: true },
      { name: "basis", type: "text", optional: true },
      REASON,
    ],
    asked: async (api, given) => {
      const { held, ...asked } = await heldOf(api, given);
      if (!held) return asked;
      const values = {
        holding: held.kind,
        basis: held.basis ?? "",
        ...dayValues("from", dayOf(held.from)),
        ...dayValues("to", held.to && dayOf(held.to)),
      };
      return { ...asked, values };
    },
    send: (api, given, { holding, to = null, basis = null, ...body }) =>
      changeHolding(api, given, "correct", { ...body, kind: holding, to, basis }),
  }),
  ...act({
    key: "void-holding",
    path: "/posts/:id/holdings/:holding/void",
    action: MANAGE,
    params: ofHolding,
    warns: true,
    fields: [REASON],
    asked: heldOf,
    send: (api, given, { reason }) => changeHolding(api, given, "void", { reason }),
  }),
];
