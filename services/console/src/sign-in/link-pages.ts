import { z } from "zod";
import { type Answer, type FieldError, json, page, type PageCall, view } from "../page.ts";
import { begun, invited, session } from "./answers.ts";
import { authenticatorAnswer, label, secret } from "./fields.ts";
import { refusalOf } from "./refusals.ts";

/** Shows what an invitation is for, to whoever holds it. It is in no address and goes into none. */
async function welcome(
  { api }: Pick<PageCall<unknown, unknown, unknown, unknown>, "api">,
  invitation: string,
  {
    values,
    errors = [],
  }: { values?: Readonly<Record<string, unknown>>; errors?: readonly FieldError[] } = {},
): Promise<Answer> {
  try {
    const found = await api.call("post", "/api/v1/sign-in/invitation/look", {
      body: { invitation },
      response: invited,
    });
    return view("sign-in/welcome", { ...found, invitation, values, errors }, errors.length ? 400 : 200);
  } catch (error) {
    return view("sign-in/link", { over: true, errors: [refusalOf(error)] }, 404);
  }
}

/** Somebody's first sign-in, by a link that they were given. */
export const linkPages = [
  page({
    method: "get",
    path: "/sign-in/link",
    action: "public",
    handle: () => Promise.resolve(view("sign-in/link")),
  }),
  page({
    method: "post",
    path: "/sign-in/link",
    action: "public",
    form: z.object({ invitation: secret }),
    invalid: ({ form: { errors } }) => Promise.resolve(view("sign-in/link", { errors: whole(errors) }, 400)),
    handle: (call) => welcome(call, call.form.invitation),
  }),
  page({
    method: "post",
    path: "/sign-in/link/begin",
    action: "public",
    form: z.object({ invitation: secret }),
    handle: async ({ api, form: { invitation } }) =>
      json(
        await api.call("post", "/api/v1/sign-in/invitation/begin", { body: { invitation }, response: begun }),
      ),
  }),
  page({
    method: "post",
    path: "/sign-in/link/finish",
    action: "public",
    form: z.object({ invitation: secret, label, ceremony: secret, response: authenticatorAnswer }),
    invalid: (call) => {
      const { values, errors } = call.form;
      const known = secret.safeParse(values["invitation"]);
      if (!known.success) return Promise.resolve(view("sign-in/link", { errors: whole(errors) }, 400));
      const shown = errors.some(({ field }) => field === "label")
        ? errors.filter(({ field }) => field === "label")
        : whole(errors);
      return welcome(call, known.data, { values, errors: shown });
    },
    handle: async (call) => {
      try {
        const { token } = await call.api.call("post", "/api/v1/sign-in/invitation/finish", {
          body: call.form,
          response: session,
        });
        return { redirect: "/", session: token, done: "sign-in:made" };
      } catch (error) {
        return welcome(call, call.form.invitation, { values: call.form, errors: [refusalOf(error)] });
      }
    },
  }),
];

/** Hidden fields are nobody's to correct. */
function whole(errors: readonly FieldError[]): FieldError[] {
  return errors.slice(0, 1).map(({ text }) => ({ field: "", text }));
}
