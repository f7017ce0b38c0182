import { ProblemError } from "@daybook/runtime";
import { doubleCsrf } from "csrf-csrf";
import type { Request, Response } from "express";
import type { Cookies } from "./cookies.ts";

/** Keeps other sites from posting forms in a browser's name. */
export interface Csrf {
  /** The token for the forms of a page. */
  token(request: Request, response: Response): string;
  /** Before the form is read. @throws {ProblemError} `form-expired` when the browser says that another site posts it */
  checkSite(request: Request): void;
  /** Once it is read. @throws {ProblemError} `form-expired` unless it has the token of a page of the same session */
  checkToken(request: Request): void;
}

/**
 * Tokens are of a session (signed double submit, OWASP), and a post that its browser says comes from another site is
 * refused whatever it carries.
 *
 * @param options.secret 32 bytes: forms outlive a restart where it does
 * @param options.origin of the console, as browsers see it
 */
export function createCsrf(options: { secret: string; origin: string; cookies: Cookies }): Csrf {
  const { secret, origin, cookies } = options;
  const { generateCsrfToken, validateRequest } = doubleCsrf({
    getSecret: () => secret,
    getSessionIdentifier: (request) => cookies.session(request) ?? "",
    cookieName: cookies.name("csrf"),
    cookieOptions: { httpOnly: true, secure: origin.startsWith("https:"), sameSite: "lax", path: "/" },
    getCsrfTokenFromRequest: (request) => {
      const value = (request.body as Record<string, unknown> | undefined)?.["_csrf"];
      return typeof value === "string" ? value : undefined;
    },
  });
  return {
    token: (request, response) => generateCsrfToken(request, response, { validateOnReuse: false }),
    checkSite(request) {
      const site = request.get("sec-fetch-site");
      const from = request.get("origin");
      if ((site !== undefined && site !== "same-origin") || (from !== undefined && from !== origin))
        throw expired();
    },
    checkToken(request) {
      if (!validateRequest(request)) throw expired();
    },
  };
}

function expired(): ProblemError {
  return new ProblemError(403, "form-expired", "the form is not of this session any more: open it again");
}
