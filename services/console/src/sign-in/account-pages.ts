import { z } from "zod";
import { confirmation } from "../http/again.ts";
import { type Answer, type FieldError, json, page, type PageCall, redirect, view } from "../page.ts";
import { begun } from "./answers.ts";
import { authenticatorAnswer, label, secret } from "./fields.ts";

const sessions = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      how: z.enum(["passkey", "directory", "trial"]),
      startedAt: z.string(),
      seenAt: z.string(),
      endsAt: z.string(),
      current: z.boolean(),
    }),
  ),
});
const passkeys = z.object({
  passkeys: z.array(
    z.object({ id: z.string(), label: z.string(), addedAt: z.string(), usedAt: z.string().nullable() }),
  ),
});
const params = z.object({ id: z.uuid() });

async function show(
  { api }: Pick<PageCall<unknown, unknown, unknown, unknown>, "api">,
  { values, errors }: { values?: Readonly<Record<string, unknown>>; errors?: readonly FieldError[] } = {},
): Promise<Answer> {
  const [signedIn, keys] = await Promise.all([
    api.call("get", "/api/v1/self/sessions", { response: sessions }),
    api.call("get", "/api/v1/self/passkeys", { response: passkeys }),
  ]);
  const isSession = signedIn.sessions.some(({ current }) => current);
  const shown = isSession
    ? await api.call("get", "/api/v1/self/confirmation", { response: confirmation })
    : undefined;
  return view("account/account", { ...signedIn, ...keys, isSession, shown, values, errors });
}

/** Somebody's own passkeys and sessions. */
export const accountPages = [
  page({ method: "get", path: "/account", action: "self.manage", handle: (call) => show(call) }),
  page({
    method: "post",
    path: "/account/passkeys/begin",
    action: "self.manage",
    confirmed: "/account",
    handle: async ({ api }) =>
      json(await api.call("post", "/api/v1/self/passkeys/begin", { response: begun })),
  }),
  page({
    method: "post",
    path: "/account/passkeys",
    action: "self.manage",
    confirmed: "/account",
    form: z.object({ label, ceremony: secret, response: authenticatorAnswer }),
    invalid: (call) => {
      const { values, errors } = call.form;
      const [first] = errors;
      return show(call, {
        values,
        errors: first ? [{ ...first, field: first.field === "label" ? "label" : "" }] : [],
      });
    },
    handle: async ({ api, form }) => {
      await api.call("post", "/api/v1/self/passkeys/finish", { body: form });
      return redirect("/account", "account:done.passkeyAdded");
    },
  }),
  page({
    method: "post",
    path: "/account/passkeys/:id/remove",
    action: "self.manage",
    confirmed: "/account",
    params,
    form: z.object({}),
    invalid: (call) => show(call, call.form),
    handle: async ({ api, params: { id } }) => {
      await api.call("post", "/api/v1/self/passkeys/:id/remove", { params: { id } });
      return redirect("/account", "account:done.passkeyRemoved");
    },
  }),
  page({
    method: "post",
    path: "/account/sessions/:id/end",
    action: "self.manage",
    params,
    form: z.object({}),
    invalid: (call) => show(call, call.form),
    handle: async ({ api, params: { id } }) => {
      await api.call("post", "/api/v1/self/sessions/:id/end", { params: { id } });
      return redirect("/account", "account:done.sessionEnded");
    },
  }),
  page({
    method: "post",
    path: "/account/sign-out-everywhere",
    action: "self.manage",
    handle: async ({ api }) => {
      await api.call("post", "/api/v1/self/sessions/end-all");
      return { redirect: "/sign-in", session: null, done: "sign-in:signedOutEverywhere" };
    },
  }),
];
