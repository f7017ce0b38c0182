import { z } from "zod";
import { type Answer, type FieldError, json, page, type PageCall, redirect, view } from "../page.ts";
import { begun, session, trialPeople, ways } from "./answers.ts";
import { authenticatorAnswer, next, secret } from "./fields.ts";
import { refusalOf } from "./refusals.ts";

type Call = PageCall<unknown, unknown, unknown, unknown>;

/** The page on which people sign in, with what went wrong before. */
export async function showSignIn(
  { api, kept }: Call,
  wanted: string,
  errors: readonly FieldError[] = [],
): Promise<Answer> {
  const possible = await api.call("get", "/api/v1/sign-in", { response: ways });
  const start = kept("start");
  const people = possible.trial && start !== undefined ? await trialOf(api, start) : undefined;
  return view("sign-in/sign-in", { ways: possible, people, next: wanted, errors }, errors.length ? 403 : 200);
}

/** Undefined for a start token of another trial, or of an earlier start. */
async function trialOf(api: Call["api"], start: string) {
  try {
    const { people } = await api.call("post", "/api/v1/sign-in/trial/look", {
      body: { start },
      response: trialPeople,
    });
    return people;
  } catch (error) {
    refusalOf(error);
    return undefined;
  }
}

/** Asks the API for a session. */
export async function begin(
  call: Call,
  wanted: string,
  ask: () => Promise<{ readonly token: string }>,
): Promise<Answer> {
  let token: string;
  try {
    ({ token } = await ask());
  } catch (error) {
    return showSignIn(call, wanted, [refusalOf(error)]);
  }
  return { redirect: wanted, session: token, keep: { ceremony: null } };
}

export const signInPages = [
  page({
    method: "get",
    path: "/sign-in",
    action: "public",
    query: z.object({ next }),
    handle: (call) =>
      call.principal ? Promise.resolve(redirect(call.query.next)) : showSignIn(call, call.query.next),
  }),
  page({
    method: "post",
    path: "/sign-in/passkey/begin",
    action: "public",
    handle: async ({ api }) =>
      json(await api.call("post", "/api/v1/sign-in/passkey/begin", { response: begun })),
  }),
  page({
    method: "post",
    path: "/sign-in/passkey",
    action: "public",
    form: z.object({ ceremony: secret, response: authenticatorAnswer, next }),
    invalid: (call) =>
      showSignIn(
        call,
        "/",
        call.form.errors.slice(0, 1).map(({ text }) => ({ field: "", text })),
      ),
    handle: (call) => {
      const { next: wanted, ...body } = call.form;
      return begin(call, wanted, () =>
        call.api.call("post", "/api/v1/sign-in/passkey/finish", { body, response: session }),
      );
    },
  }),
  page({
    method: "get",
    path: "/sign-in/trial",
    action: "public",
    file: true,
    query: z.object({ start: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
    // The address is left at once, so that it stands in the browser's bar for nobody to see.
    handle: ({ query }) => Promise.resolve({ redirect: "/sign-in", keep: { start: query.start } }),
  }),
  page({
    method: "post",
    path: "/sign-in/trial",
    action: "public",
    form: z.object({ person: z.uuid(), next }),
    handle: (call) => {
      const body = { start: call.kept("start"), person: call.form.person };
      return begin(call, call.form.next, () =>
        call.api.call("post", "/api/v1/sign-in/trial", { body, response: session }),
      );
    },
  }),
  page({
    method: "post",
    path: "/sign-out",
    action: "self.manage",
    handle: async ({ api }) => {
      await api.call("post", "/api/v1/self/sessions/end").catch((error: unknown) => refusalOf(error));
      return { redirect: "/sign-in", session: null, done: "sign-in:signedOut" };
    },
  }),
];
