import { type ApiClient, ProblemError } from "@daybook/runtime";
import { network } from "@daybook/contract";
import { z } from "zod";
import { page, redirect, view } from "../page.ts";
import { begun, linking, ownAccounts, ownLinks } from "./my-answers.ts";

const params = z.object({ id: z.uuid() });

/** What the choice of an app is drawn with: each network once, and for whom where there is a choice. */
async function choices(api: ApiClient): Promise<Record<string, unknown>> {
  const [{ offers }, { custodians }] = await Promise.all([
    api.call("get", "/api/v1/self/links", { response: ownLinks }),
    api.call("get", "/api/v1/self/accounts", { response: ownAccounts }),
  ]);
  return { networks: [...new Set(offers.map((one) => one.network))], custodians };
}

const linkOf = (api: ApiClient, id: string) =>
  api.call("get", "/api/v1/self/links/:id", { params: { id }, response: linking });

/** Linking a phone of one's own: choose the app, scan the code, done. */
export const ownLinkPages = [
  page({
    method: "get",
    path: "/my/link",
    action: "self.link",
    handle: async ({ api }) => view("my/choose", { ...(await choices(api)), values: {} }),
  }),
  page({
    method: "post",
    path: "/my/link",
    action: "self.link",
    form: z.object({
      network: z.enum(network.options, "my:errors.network"),
      custodian: z.union([z.literal(""), z.uuid("my:errors.custodian")]).default(""),
    }),
    invalid: async ({ api, form: { values, errors } }) =>
      view("my/choose", { ...(await choices(api)), values, errors }),
    handle: async ({ api, form }) => {
      const body = { network: form.network, ...(form.custodian === "" ? {} : { custodian: form.custodian }) };
      const { id } = await api.call("post", "/api/v1/self/links", { body, response: begun });
      return redirect(`/my/link/${id}`);
    },
  }),
  page({
    method: "get",
    path: "/my/link/:id",
    action: "self.link",
    params,
    handle: async ({ api, params: { id } }) => {
      const found = await linkOf(api, id);
      const { step } = found.state;
      // A picture that has changed has another address, or the browser would go on showing the one before.
      const version = found.state.step === "show" ? Date.parse(found.state.expiresAt).toString(36) : "";
      return view("my/link", { ...found, id, version, goesOn: step !== "linked" && step !== "failed" });
    },
  }),
  page({
    method: "get",
    path: "/my/link/:id/code",
    file: true,
    action: "self.link",
    params,
    query: z.object({ v: z.string().max(32).optional() }),
    handle: async ({ api, params: { id } }) => {
      const { state } = await linkOf(api, id);
      if (state.step !== "show") throw new ProblemError(404, "not-found", "there is no code to show now");
      const { toBuffer } = await import("qrcode");
      const picture = await toBuffer(state.url, { errorCorrectionLevel: "M", margin: 4, scale: 6 });
      return {
        send: (response) => {
          response.set("Content-Type", "image/png").send(picture);
          return Promise.resolve();
        },
      };
    },
  }),
  page({
    method: "post",
    path: "/my/link/:id/cancel",
    action: "self.link",
    params,
    handle: async ({ api, params: { id } }) => {
      await api.call("delete", "/api/v1/self/links/:id", { params: { id } });
      return redirect("/my", "my:done.cancelled");
    },
  }),
];
