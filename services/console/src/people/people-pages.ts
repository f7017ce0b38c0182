import { type Role, ROLES } from "@daybook/runtime";
import { z } from "zod";
import { page, redirect, view } from "../page.ts";
import { custodianIds, custodianNames } from "./custodian-names.ts";
import { added, invitation, person, personList } from "./people-answers.ts";

const PAGE = 50;
const params = z.object({ id: z.uuid() });
/** Whoever runs Daybook has none of these: the API refuses it too. */
const READING: readonly Role[] = ["records-officer", "reviewer", "auditor"];
const rights = {
  roles: z
    .preprocess(
      (value) => (typeof value === "string" ? [value] : value),
      z.array(z.enum(ROLES), "people:errors.roles"),
    )
    .refine((roles) => roles.length > 0, "people:errors.roles")
    .refine(
      (roles) => !roles.includes("administrator") || !READING.some((one) => roles.includes(one)),
      "people:errors.pair",
    ),
  custodians: z.string().max(10_000).default(""),
};

/** Who may sign in, for those who decide it. */
export const peoplePages = [
  page({
    method: "get",
    path: "/people",
    action: "person.read",
    query: z.object({ cursor: z.string().max(256).optional() }),
    handle: async ({ api, query: { cursor } }) => {
      const found = await api.call("get", "/api/v1/persons", {
        query: { limit: PAGE, cursor },
        response: personList,
      });
      return view("people/list", { ...found, first: cursor === undefined });
    },
  }),
  page({
    method: "get",
    path: "/people/add",
    action: "person.manage",
    confirmed: "/people/add",
    handle: () => Promise.resolve(view("people/add", { roles: ROLES, values: {} })),
  }),
  page({
    method: "post",
    path: "/people/add",
    action: "person.manage",
    confirmed: "/people/add",
    form: z.object({
      name: z.string().trim().min(1, "people:errors.name").max(512, "people:errors.nameLong"),
      ...rights,
    }),
    invalid: ({ form: { values, errors } }) =>
      Promise.resolve(view("people/add", { roles: ROLES, values, errors })),
    handle: async ({ api, form: { name, roles, custodians } }) => {
      const body = { name, roles, custodians: await custodianIds(api, custodians) };
      const made = await api.call("post", "/api/v1/persons", { body, response: added });
      return view("people/invited", made);
    },
  }),
  page({
    method: "get",
    path: "/people/:id",
    action: "person.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const found = await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person });
      const names = found.custodians.length > 0 ? await custodianNames(api) : new Map<string, string>();
      return view("people/person", {
        person: found,
        custodians: found.custodians.map((one) => names.get(one) ?? one),
      });
    },
  }),
  page({
    method: "get",
    path: "/people/:id/change",
    action: "person.manage",
    confirmed: "/people/:id/change",
    params,
    handle: async ({ api, params: { id } }) => {
      const found = await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person });
      const names = await custodianNames(api);
      const custodians = found.custodians.map((one) => names.get(one) ?? one).join("\n");
      return view("people/change", {
        person: found,
        roles: ROLES,
        values: { roles: found.roles, custodians },
      });
    },
  }),
  page({
    method: "post",
    path: "/people/:id/change",
    action: "person.manage",
    confirmed: "/people/:id/change",
    params,
    form: z.object(rights),
    invalid: async ({ api, params: { id }, form: { values, errors } }) => {
      const found = await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person });
      return view("people/change", { person: found, roles: ROLES, values, errors });
    },
    handle: async ({ api, params: { id }, form: { roles, custodians } }) => {
      const body = { roles, custodians: await custodianIds(api, custodians) };
      await api.call("post", "/api/v1/persons/:id/change", { params: { id }, body });
      return redirect(`/people/${id}`, "people:done.changed");
    },
  }),
  page({
    method: "post",
    path: "/people/:id/invitation",
    action: "person.manage",
    confirmed: "/people/:id",
    params,
    handle: async ({ api, params: { id } }) => {
      const made = await api.call("post", "/api/v1/persons/:id/invitation", {
        params: { id },
        response: invitation,
      });
      const found = await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person });
      return view("people/invited", { person: found, invitation: made });
    },
  }),
  page({
    method: "get",
    path: "/people/:id/end",
    action: "person.manage",
    params,
    handle: async ({ api, params: { id } }) =>
      view("people/end", {
        person: await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person }),
      }),
  }),
  page({
    method: "post",
    path: "/people/:id/end",
    action: "person.manage",
    params,
    form: z.object({}),
    invalid: async ({ api, params: { id }, form: { errors } }) =>
      view("people/end", {
        person: await api.call("get", "/api/v1/persons/:id", { params: { id }, response: person }),
        errors,
      }),
    handle: async ({ api, params: { id } }) => {
      await api.call("post", "/api/v1/persons/:id/end", { params: { id } });
      return redirect(`/people/${id}`, "people:done.ended");
    },
  }),
];
