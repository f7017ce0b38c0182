import { z } from "zod";
import type { ApiClient } from "@daybook/runtime";
import { page, redirect, view } from "../page.ts";
import { disposal, disposals, hold, holds, matterTitle } from "./approval-answers.ts";

const params = z.object({ id: z.uuid() });
/** Most of each list that is looked through: what is decided stays in it. */
const LOOKED_AT = 1_000;
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const reason = z.string().trim().min(1, "approvals:errors.reason").max(2_000, "approvals:errors.reasonLong");

/** What waits for a second person. */
export async function waiting(api: ApiClient) {
  const query = { limit: LOOKED_AT };
  const [held, proposed] = await Promise.all([
    api.call("get", "/api/v1/holds", { query, response: holds }),
    api.call("get", "/api/v1/disposals", { query, response: disposals }),
  ]);
  return {
    holds: held.holds.filter(({ release, releasedAt }) => release !== null && releasedAt === null),
    disposals: proposed.disposals.filter(({ state }) => state === "proposed"),
    /** There may be more among what is older. */
    more: held.next !== null || proposed.next !== null,
  };
}

async function shownHold(api: ApiClient, id: string) {
  const found = await api.call("get", "/api/v1/holds/:id", { params: { id }, response: hold });
  const matter = await api.call("get", "/api/v1/matters/:id", {
    params: { id: found.matter },
    response: matterTitle,
  });
  return { hold: found, matter };
}

async function shownDisposal(api: ApiClient, id: string) {
  return { disposal: await api.call("get", "/api/v1/disposals/:id", { params: { id }, response: disposal }) };
}

/** What a second person decides: each shown whole before it is. */
export const approvalPages = [
  page({
    method: "get",
    path: "/approvals",
    action: "hold.approve",
    handle: async ({ api }) => view("approvals/list", await waiting(api)),
  }),
  page({
    method: "get",
    path: "/approvals/holds/:id",
    action: "hold.approve",
    params,
    handle: async ({ api, params: { id } }) => view("approvals/hold", await shownHold(api, id)),
  }),
  page({
    method: "post",
    path: "/approvals/holds/:id",
    action: "hold.approve",
    params,
    form: z.object({}),
    invalid: async ({ api, params: { id }, form: { errors } }) =>
      view("approvals/hold", { ...(await shownHold(api, id)), errors }),
    handle: async ({ api, params: { id } }) => {
      await api.call("post", "/api/v1/holds/:id/release/approve", { params: { id } });
      return redirect("/approvals", "approvals:done.released");
    },
  }),
  page({
    method: "get",
    path: "/approvals/disposals/:id",
    action: "disposal.approve",
    params,
    handle: async ({ api, params: { id } }) =>
      view("approvals/disposal", { ...(await shownDisposal(api, id)), values: {} }),
  }),
  page({
    method: "get",
    path: "/approvals/disposals/:id/list",
    action: "disposal.approve",
    file: true,
    params,
    handle: async ({ api, params: { id } }) => {
      const found = await shownDisposal(api, id);
      return {
        send: (response) => {
          response
            .type("text/plain")
            .set("Content-Disposition", `attachment; filename="disposal-${id}.txt"`)
            .send(found.disposal.ids.map((record) => `${record}\n`).join(""));
          return Promise.resolve();
        },
      };
    },
  }),
  page({
    method: "post",
    path: "/approvals/disposals/:id",
    action: "disposal.approve",
    params,
    form: z.object({ digest }),
    invalid: async ({ api, params: { id }, form: { values, errors } }) =>
      view("approvals/disposal", { ...(await shownDisposal(api, id)), values, errors }),
    handle: async ({ api, params: { id }, form }) => {
      await api.call("post", "/api/v1/disposals/:id/approve", {
        params: { id },
        body: { digest: form.digest },
      });
      return redirect("/approvals", "approvals:done.approved");
    },
  }),
  page({
    method: "post",
    path: "/approvals/disposals/:id/reject",
    action: "disposal.approve",
    params,
    form: z.object({ reason }),
    invalid: async ({ api, params: { id }, form: { values, errors } }) =>
      view("approvals/disposal", { ...(await shownDisposal(api, id)), values, errors }),
    handle: async ({ api, params: { id }, form }) => {
      await api.call("post", "/api/v1/disposals/:id/reject", {
        params: { id },
        body: { reason: form.reason },
      });
      return redirect("/approvals", "approvals:done.rejected");
    },
  }),
];
