import { z } from "zod";

/** A secret of the API's, as a form carries it: without it a script has not run. */
export const secret = z.string("sign-in:errors.script").regex(/^[A-Za-z0-9_-]{43}$/, "sign-in:errors.script");

/** What the browser's authenticator said, as JSON. The API reads it. */
export const authenticatorAnswer = z
  .string("sign-in:errors.script")
  .min(2, "sign-in:errors.script")
  .max(200_000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "sign-in:errors.script" });
      return z.NEVER;
    }
  });

/** What somebody calls a passkey. */
export const label = z.string().trim().min(1, "sign-in:errors.label").max(100, "sign-in:errors.labelLong");

/** The page that was wanted before: a path of this console, or the front page. */
export const next = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/)
  .catch("/")
  .default("/");
