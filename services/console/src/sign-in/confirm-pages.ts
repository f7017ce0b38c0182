import { ProblemError } from "@daybook/runtime";
import { z } from "zod";
import { confirmation } from "../http/again.ts";
import { type Answer, type FieldError, json, page, type PageCall, redirect, view } from "../page.ts";
import { begun, leaving, ways } from "./answers.ts";
import { authenticatorAnswer, next, secret } from "./fields.ts";
import { refusalOf } from "./refusals.ts";
import { showSignIn } from "./sign-in-pages.ts";

type Call = PageCall<unknown, unknown, unknown, unknown>;

/** Begun where the directory could not be asked, so that it is left alone for a while. */
const NOTHING = "none";

/** Asks who somebody is, with what went wrong before; who is signed out by now signs in. */
async function showConfirm(call: Call, wanted: string, errors: readonly FieldError[] = []): Promise<Answer> {
  try {
    const [{ how, until }, possible] = await Promise.all([
      call.api.call("get", "/api/v1/self/confirmation", { response: confirmation }),
      call.api.call("get", "/api/v1/sign-in", { response: ways }),
    ]);
    if (until !== null && errors.length === 0) return redirect(wanted);
    return view("sign-in/confirm", { how, ways: possible, next: wanted, errors }, errors.length ? 403 : 200);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    // A token is asked nothing.
    if (error.status === 409) return redirect(wanted);
    if (error.status !== 401) throw error;
    return { ...(await showSignIn(call, wanted, errors)), session: null };
  }
}

async function confirm(call: Call, wanted: string, ask: () => Promise<unknown>): Promise<Answer> {
  try {
    await ask();
  } catch (error) {
    return showConfirm(call, wanted, [refusalOf(error)]);
  }
  return { redirect: wanted, done: "sign-in:confirm.done", keep: { ceremony: null } };
}

/** Sends the browser to the directory. */
async function leave({ api }: Pick<Call, "api">, wanted: string, why: "confirm" | "renew"): Promise<Answer> {
  const { ceremony, url } = await api.call("post", "/api/v1/self/confirmation/oidc/begin", {
    body: { silent: why === "renew" },
    response: leaving,
  });
  const to = Buffer.from(wanted).toString("base64url");
  return { leave: url, keep: { ceremony: `${ceremony}.${to}.${why}` } };
}

/** Takes what the directory said to somebody who is signed in. @param why it was asked */
export async function comeBack(
  call: Call,
  of: { ceremony: string; query: string; wanted: string; why: string },
): Promise<Answer> {
  const { wanted, ceremony, query } = of;
  const finish = () =>
    call.api.call("post", "/api/v1/self/confirmation/oidc/finish", { body: { ceremony, query } });
  if (of.why === "confirm") return confirm(call, wanted, finish);
  try {
    await finish();
    return { redirect: wanted, keep: { ceremony: null } };
  } catch (error) {
    if (error instanceof ProblemError && error.status === 503) return later(wanted);
    // Nobody is signed in there any more, or has to be asked something: they are.
    const isAsked = new URLSearchParams(query).has("error");
    if (isAsked || (error instanceof ProblemError && error.status === 401)) {
      const to = `/sign-in/directory?next=${encodeURIComponent(wanted)}`;
      return { redirect: to, keep: { ceremony: null } };
    }
    const refusal = refusalOf(error);
    await call.api.call("post", "/api/v1/self/sessions/end").catch(() => undefined);
    return { ...(await showSignIn(call, wanted, [refusal])), session: null };
  }
}

const later = (wanted: string): Answer => ({ redirect: wanted, keep: { ceremony: NOTHING } });

/** Where somebody who is signed in shows again who they are, and has the directory say again what they may do. */
export const confirmPages = [
  page({
    method: "get",
    path: "/confirm",
    action: "self.manage",
    query: z.object({ next }),
    handle: (call) => showConfirm(call, call.query.next),
  }),
  page({
    method: "post",
    path: "/confirm/passkey/begin",
    action: "self.manage",
    handle: async ({ api }) =>
      json(await api.call("post", "/api/v1/self/confirmation/passkey/begin", { response: begun })),
  }),
  page({
    method: "post",
    path: "/confirm/passkey",
    action: "self.manage",
    form: z.object({ ceremony: secret, response: authenticatorAnswer, next }),
    invalid: (call) => {
      const errors = call.form.errors.slice(0, 1).map(({ text }) => ({ field: "", text }));
      return showConfirm(call, next.parse(call.form.values["next"]), errors);
    },
    handle: (call) => {
      const { next: wanted, ...body } = call.form;
      return confirm(call, wanted, () =>
        call.api.call("post", "/api/v1/self/confirmation/passkey/finish", { body }),
      );
    },
  }),
  page({
    method: "get",
    path: "/confirm/directory",
    action: "self.manage",
    file: true,
    query: z.object({ next }),
    handle: async (call) => {
      try {
        return await leave(call, call.query.next, "confirm");
      } catch (error) {
        return showConfirm(call, call.query.next, [refusalOf(error)]);
      }
    },
  }),
  page({
    method: "post",
    path: "/confirm/trial",
    action: "self.manage",
    form: z.object({ next }),
    handle: (call) => {
      const start = call.kept("start");
      if (start === undefined)
        return showConfirm(call, call.form.next, [{ field: "", text: "sign-in:errors.start" }]);
      return confirm(call, call.form.next, () =>
        call.api.call("post", "/api/v1/self/confirmation/trial", { body: { start } }),
      );
    },
  }),
  page({
    method: "get",
    path: "/renew",
    action: "self.manage",
    file: true,
    query: z.object({ next }),
    handle: async (call) => {
      try {
        return await leave(call, call.query.next, "renew");
      } catch (error) {
        refusalOf(error);
        return later(call.query.next);
      }
    },
  }),
];
