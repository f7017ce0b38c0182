import type { RequestListener } from "node:http";
import { isOwnHost, type Logger, type Metrics, ProblemError, type SharedApiClient } from "@daybook/runtime";
import express, { type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import { createAssets } from "./assets.ts";
import { answerer } from "./http/answer.ts";
import { Cookies } from "./http/cookies.ts";
import { createCsrf } from "./http/csrf.ts";
import { problemOf } from "./http/problems.ts";
import { createViews } from "./http/views.ts";
import { PAGES } from "./pages.ts";
import type { Page } from "./page.ts";
import { createTexts } from "./texts.ts";

/** What the console stands on. It keeps nothing itself. */
export interface ConsoleOptions {
  /** A client of the API that carries no token: each request is made as whoever is signed in. */
  readonly api: SharedApiClient;
  /** Of the console, as browsers see it: `https://HOST[:PORT]`, or `http://localhost:PORT`. */
  readonly origin: string;
  /** Names that it answers to besides loopback ones. */
  readonly hosts?: readonly string[];
  /** As `createApi`. */
  readonly trustedProxies?: readonly string[];
  /** 32 random bytes: signs the tokens of forms. */
  readonly secret: string;
  /** Whether this is a trial with made-up messages: said on every page. */
  readonly sample: boolean;
  /** Where agents on devices come to, as a device reaches it; absent where none are taken. */
  readonly agentsAt?: string | undefined;
  /** Every page, unless given. */
  readonly pages?: readonly Page[];
  readonly log: Logger;
  readonly metrics?: Metrics;
}

const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  mediaSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
};
const YEAR_S = 365 * 24 * 60 * 60;

/**
 * The console: server-rendered pages over the API, for a browser with or without JavaScript. Whoever is signed in is
 * known by a cookie that carries a session token of the API; every read and every change is the API's, made as that
 * person, so the console can do nothing that they could not.
 */
export function createConsole(options: ConsoleOptions): RequestListener {
  const { log, sample, origin, agentsAt, metrics } = options;
  const hosts = new Set([
    new URL(origin).hostname,
    ...(options.hosts ?? []).map((host) => host.toLowerCase()),
  ]);
  const assets = createAssets();
  const texts = createTexts();
  const cookies = new Cookies({ secure: origin.startsWith("https:") });
  const csrf = createCsrf({ secret: options.secret, origin, cookies });
  const pages = options.pages ?? PAGES;
  const draw = createViews({ texts, assets, pages: new Set(pages.map(({ path }) => path)) });
  const answer = answerer({ api: options.api, cookies, csrf, draw, texts, sample, agentsAt, log });
  const timed = metrics?.histogram(
    "daybook_console_request_seconds",
    "Time from a request's headers to the end of the page",
    ["method", "page", "status"],
  );

  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple");
  app.enable("case sensitive routing");
  app.set("trust proxy", [...(options.trustedProxies ?? [])]);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: POLICY, useDefaults: false },
      referrerPolicy: { policy: "same-origin" },
      crossOriginEmbedderPolicy: true,
    }),
  );
  app.use((request, response, next) => {
    response.set("Cache-Control", "no-store");
    response.set("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
    if (!isOwnHost(request.headers.host, hosts))
      throw new ProblemError(421, "wrong-host", "this server does not answer to that name");
    next();
  });
  app.get("/assets/*path", (request, response) => {
    const found = assets.find(request.path.slice("/assets/".length));
    if (!found) throw new ProblemError(404, "no-such-page", "there is nothing at this address");
    response
      .set("Cache-Control", `public, max-age=${YEAR_S}, immutable`)
      .type(found.mediaType)
      .send(found.body);
  });
  app.get("/favicon.ico", (_request, response) => response.redirect(301, assets.url("mark.svg")));
  app.use(cookies.parse);

  for (const one of pages) {
    app[one.method](one.path, (request: Request, response: Response, next: NextFunction) => {
      // As the API: a read that nobody sees would be recorded as a read.
      if (request.method !== one.method.toUpperCase()) return next();
      if (timed) {
        const end = timed.startTimer({ method: one.method, page: one.path });
        response.once("close", () => end({ status: String(response.statusCode) }));
      }
      response.locals.page = one.path;
      answer.page(one, request, response).catch(next);
    });
  }

  app.use(() => {
    throw new ProblemError(404, "no-such-page", "there is nothing at this address");
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const problem = problemOf(error);
    if (problem.status >= 500) {
      log.error(
        { err: error, method: request.method, page: response.locals.page as unknown },
        "a page could not be shown",
      );
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    answer.problem(problem, request, response);
  });
  return app;
}
