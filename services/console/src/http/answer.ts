import {
  type ApiClient,
  type Logger,
  mayDo,
  type Principal,
  ProblemError,
  ROLES,
  SERVICE,
  type SharedApiClient,
} from "@daybook/runtime";
import type { Request, Response } from "express";
import { z } from "zod";
import { DEFAULT_ZONE, inZone } from "../format.ts";
import type { Answer, Page } from "../page.ts";
import type { Texts } from "../texts.ts";
import { confirmFor, detourOf } from "./again.ts";
import type { Cookies, Kept } from "./cookies.ts";
import type { Csrf } from "./csrf.ts";
import { apiErrors, formReader, formValues, invalid, schemaErrors } from "./forms.ts";
import { problemOf } from "./problems.ts";
import type { Draw } from "./views.ts";

const self = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["person", "machine"]),
  roles: z.array(z.enum([...ROLES, SERVICE])),
  custodians: z.array(z.string()).default([]),
  /** In which times are shown: as the API's days are days. */
  zone: z.string().default(DEFAULT_ZONE),
  renew: z.boolean().default(false),
});

/** Statuses that have a page of words of their own. */
const WORDED: ReadonlySet<number> = new Set([401, 403, 404, 409, 410, 413, 421, 429, 500, 503]);

/** Answers requests for pages: who asks, whether they may, what they sent, and what they are shown. */
export function answerer(of: {
  readonly api: SharedApiClient;
  readonly cookies: Cookies;
  readonly csrf: Csrf;
  readonly draw: Draw;
  readonly texts: Texts;
  readonly sample: boolean;
  readonly agentsAt: string | undefined;
  readonly log: Logger;
}) {
  const { cookies, csrf, draw, texts, sample, agentsAt, log } = of;
  const known = new WeakMap<Request, z.infer<typeof self>>();
  const inZoneOf = <T>(request: Request, act: () => T): T =>
    inZone(known.get(request)?.zone ?? DEFAULT_ZONE, act);

  const clientOf = (request: Request) => of.api.as({ token: cookies.session(request), address: request.ip });

  function show(
    name: string,
    data: Readonly<Record<string, unknown>>,
    request: Request,
    response: Response,
  ): void {
    const done = cookies.takeFlash(request, response);
    const html = draw(name, data, {
      principal: known.get(request),
      path: request.path,
      csrf: csrf.token(request, response),
      done: done !== undefined && texts.has(done) ? done : undefined,
      sample,
      agentsAt,
    });
    response.type("html").send(html);
  }

  /** @returns undefined for nobody, or for a session that is over */
  async function whoAsks(request: Request, api: ApiClient): Promise<Principal | undefined> {
    if (cookies.session(request) === undefined) return undefined;
    try {
      const found = await api.call("get", "/api/v1/self", { response: self });
      known.set(request, found);
      return found;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return undefined;
      throw error;
    }
  }

  async function respond(answer: Answer, request: Request, response: Response): Promise<void> {
    if ("send" in answer) {
      await answer.send(response);
      return;
    }
    if ("view" in answer) {
      response.status(answer.status ?? 200);
      if (answer.session === null) {
        cookies.end(response);
        known.delete(request);
      }
      show(answer.view, answer.data, request, response);
      return;
    }
    if ("lines" in answer) {
      response
        .type("text/plain")
        .set("Content-Disposition", `attachment; filename="${answer.filename}"`)
        .send(answer.lines.map(({ key, values }) => `${texts.text(key, values)}\n`).join("\n"));
      return;
    }
    for (const [name, value] of Object.entries(answer.keep ?? {}))
      cookies.keep(response, name as Kept, value);
    if ("leave" in answer) {
      response.redirect(303, answer.leave);
      return;
    }
    if (answer.session === null) cookies.end(response);
    else if (answer.session !== undefined) cookies.begin(response, answer.session);
    if (answer.done !== undefined) cookies.leaveFlash(response, answer.done);
    response.redirect(303, localPath(answer.redirect));
  }

  async function handled(
    one: Page,
    principal: Principal | undefined,
    request: Request,
    response: Response,
  ): Promise<void> {
    const api = clientOf(request);
    if (one.action !== "public") {
      if (!principal) {
        response.redirect(303, signInFor(request));
        return;
      }
      if (!mayDo(principal, one.action)) {
        await api.call("post", "/api/v1/self/refusals", { body: { action: one.action } }).catch(() => {
          log.warn({ page: one.path }, "a refusal could not be put on record");
        });
        throw new ProblemError(403, "forbidden", "your roles do not allow this");
      }
      const isUnderWay = cookies.kept(request, "ceremony") !== undefined;
      const detour = await detourOf(one, request, { principal, api, isUnderWay });
      if (detour !== undefined) {
        response.redirect(303, detour);
        return;
      }
    }
    if (one.method === "post") {
      // A form is held in memory: only that of somebody who may send it.
      await read(formReader(one), request, response);
      csrf.checkToken(request);
    }
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    const call = {
      principal,
      params: parsed(one.params, request.params, "no-such-page"),
      query: parsed(one.query, request.query, "no-such-page"),
      form: undefined,
      api,
      request,
      kept: (name: Kept) => cookies.kept(request, name),
      signal: gone.signal,
    };
    if (!one.form) {
      await respond(await one.handle(call), request, response);
      return;
    }
    const values = formValues(request);
    const form = one.form.safeParse(values);
    if (!form.success) {
      if (!one.invalid) throw new ProblemError(400, "malformed", "the form cannot be read");
      response.status(400);
      const form400 = await one.invalid({
        ...call,
        form: invalid(values, schemaErrors(form.error, Object.keys(one.form.shape))),
      });
      await respond(withStatus(form400, 400), request, response);
      return;
    }
    let answer: Answer;
    try {
      answer = await one.handle({ ...call, form: form.data });
    } catch (error) {
      const errors = apiErrors(error, new Set(Object.keys(one.form.shape)));
      if (!errors || !one.invalid) throw error;
      const status = error instanceof ProblemError ? error.status : 400;
      answer = withStatus(await one.invalid({ ...call, form: invalid(values, errors) }), status);
    }
    await respond(answer, request, response);
  }

  return {
    async page(one: Page, request: Request, response: Response): Promise<void> {
      if (one.method === "post") csrf.checkSite(request);
      const principal = await whoAsks(request, clientOf(request));
      await inZoneOf(request, async () => {
        try {
          await handled(one, principal, request, response);
        } catch (error) {
          if (!(error instanceof ProblemError && error.code === "confirm-first")) throw error;
          response.redirect(303, confirmFor(one, request));
        }
      });
    },

    problem(problem: ProblemError, request: Request, response: Response): void {
      if (problem.status === 401) {
        cookies.end(response);
        response.redirect(303, signInFor(request));
        return;
      }
      const status = WORDED.has(problem.status) ? problem.status : problem.status < 500 ? 404 : 500;
      response.status(problem.status);
      if (problem.retryAfterSeconds !== undefined)
        response.set("Retry-After", String(problem.retryAfterSeconds));
      inZoneOf(request, () => show("problem", { status, code: problem.code }, request, response));
    },
  };
}

function withStatus(answer: Answer, status: number): Answer {
  return "view" in answer ? { ...answer, status: answer.status ?? status } : answer;
}

function parsed(schema: z.ZodObject | undefined, value: unknown, code: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ProblemError(404, code, "there is nothing at this address");
}

/** Where somebody signs in who wanted this page; only a page that is looked at is come back to. */
function signInFor(request: Request): string {
  const wanted =
    request.method === "GET" && request.path !== "/" ? `?next=${encodeURIComponent(request.path)}` : "";
  return `/sign-in${wanted}`;
}

/** A path of this console, whatever was asked for: never another site. */
export function localPath(path: string): string {
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) ? path : "/";
}

async function read(
  reader: (request: Request, response: Response, next: (error?: unknown) => void) => unknown,
  request: Request,
  response: Response,
): Promise<void> {
  const error = await new Promise<unknown>((resolve) => void reader(request, response, resolve));
  if (error !== undefined) throw problemOf(error);
}
