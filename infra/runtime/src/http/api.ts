import { isIP } from "node:net";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import type { Logger } from "../log.ts";
import { type Authenticator, isOwnHost, requestAuthenticator } from "./guard.ts";
import { drainAfter, type IncomingLimits, jsonReader, readUpload, refuseBody, tooLarge } from "./incoming.ts";
import type { Metrics } from "./metrics.ts";
import { type OpenApiDocument, openApiDocument } from "./openapi.ts";
import { bySpecificity, pathPattern } from "./pattern.ts";
import { type FieldProblem, fieldProblems, ProblemError } from "./problem.ts";
import { mayDo, type Principal } from "./rights.ts";
import type { Route } from "./route.ts";
import { namesIn } from "./schemas.ts";
import { z } from "zod";

export interface ApiOptions extends Partial<IncomingLimits> {
  readonly title: string;
  readonly version: string;
  /** Of every service that this process answers for. */
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly log: Logger;
  /** Names that clients call this server by, besides loopback ones. */
  readonly hosts?: readonly string[];
  /** Addresses and networks (CIDR) of proxies: whom they name in `X-Forwarded-For` is who asks. Nobody else's is read. */
  readonly trustedProxies?: readonly string[];
  /** How many wrong tokens an address may show within a minute: 20 unless given. */
  readonly failuresAllowed?: number;
  /** Turns an error of a domain package into an answer; without one it is a 500 that says nothing. */
  readonly problemOf?: (error: unknown) => ProblemError | undefined;
  /** Where requests are counted and timed. */
  readonly metrics?: Metrics;
}

const MIB = 1024 * 1024;

/**
 * The HTTP API: checks, in this order, the `Host`, the token, the right, then parameters, query and body, and
 * calls the route's handler. Every refusal is RFC 9457 problem details and repeats nothing that was sent.
 * Serves its own description at `/api/v1/openapi.json`.
 *
 * @throws {TypeError} when two routes are the same, or a path is none
 */
export function createApi(options: ApiOptions): Express {
  // Made when somebody asks: it takes longer than the rest of a start.
  let description: OpenApiDocument | undefined;
  const describe: Route = {
    method: "get",
    path: "/api/v1/openapi.json",
    action: "api.describe",
    summary: "This description of the API",
    response: z.record(z.string(), z.unknown()),
    handle: () => Promise.resolve((description ??= openApiDocument(options, routes))),
  };
  const routes = [...options.routes, describe].toSorted(bySpecificity);
  const hosts = new Set((options.hosts ?? []).map((host) => host.toLowerCase()));
  const authenticate = requestAuthenticator(options.authenticator, options);
  const timed = options.metrics?.histogram(
    "daybook_http_request_seconds",
    "Time from the request's headers to the end of its answer",
    ["method", "route", "status"],
  );

  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple");
  app.enable("case sensitive routing");
  app.set("trust proxy", [...(options.trustedProxies ?? [])]);
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false } }));
  app.use((request, response, next) => {
    response.set("Cache-Control", "no-store");
    drainAfter(request, response);
    if (isOwnHost(request.headers.host, hosts)) return next();
    throw new ProblemError(421, "wrong-host", "this server does not answer to that name");
  });

  refuseDoubles(routes);
  for (const one of routes) {
    const handle = handlerOf(one, options);
    app[one.method](one.path, async (request: Request, response: Response, next: NextFunction) => {
      // Express answers HEAD by GET's handlers, and a read that nobody sees would be recorded as a read.
      if (request.method !== one.method.toUpperCase()) return next();
      if (timed) {
        const end = timed.startTimer({ method: one.method, route: one.path });
        response.once("close", () => end({ status: String(response.statusCode) }));
      }
      response.locals.route = one.path;
      if (one.action === "public") return handle(request, response, undefined);
      const principal = await authenticate(request.headers.authorization, addressOf(request));
      try {
        if (!mayDo(principal, one.action))
          throw new ProblemError(403, "forbidden", "your roles do not allow this");
        await handle(request, response, principal);
      } catch (error) {
        if (problemOf(error, options).status === 403)
          await options.authenticator.refused?.(principal, one.action);
        throw error;
      }
    });
  }

  const patterns = routes.map((one) => ({ method: one.method.toUpperCase(), ...pathPattern(one.path) }));
  app.use((request, response) => {
    const methods = patterns
      .filter(({ expression }) => expression.test(request.path))
      .map((one) => one.method);
    if (methods.length === 0)
      throw new ProblemError(404, "no-such-route", "there is nothing at this address");
    response.set("Allow", [...new Set(methods)].join(", "));
    throw new ProblemError(405, "method-not-allowed", "this address does not take that method");
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    answerProblem(error, request, response, options);
  });
  return app;
}

/** Who asks: the peer, or whom a proxy that is trusted names, unless what it names is no address. */
export function addressOf({ ip = "", socket }: Request): string {
  return isIP(ip) ? ip : (socket.remoteAddress ?? "");
}

function refuseDoubles(routes: readonly Route[]): void {
  const seen = new Set<string>();
  for (const { method, path } of routes) {
    const key = `${method} ${pathPattern(path).expression.source}`;
    if (seen.has(key)) throw new TypeError(`two routes for ${method} ${path}`);
    seen.add(key);
  }
}

type Handle = (request: Request, response: Response, principal: Principal | undefined) => Promise<void>;

function handlerOf(one: Route, options: ApiOptions): Handle {
  const patienceMs = options.patienceMs ?? 30_000;
  const bodyLimit = one.maxBytes ?? options.bodyLimitBytes ?? MIB;
  const readParams = parserOf("path", one.params);
  const readQuery = parserOf("query", one.query);
  const parseBody = one.body && parserOf("body", one.body);
  const readJson = jsonReader(bodyLimit, patienceMs);
  const maxBytes = one.maxBytes ?? options.uploadLimitBytes ?? Number.MAX_SAFE_INTEGER;

  return async (request, response, principal) => {
    const params = readParams(request.params);
    const query = readQuery(request.query);
    let body: unknown;
    if (parseBody) {
      if (Number(request.headers["content-length"] ?? 0) > bodyLimit) throw tooLarge(bodyLimit);
      body = parseBody(await readJson(request, response));
    } else if (!one.upload) refuseBody(request);
    const upload = one.upload ? readUpload(request, { maxBytes, patienceMs }) : undefined;
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    const call = { principal, params, query, body, upload, request, response, signal: gone.signal };
    const result = await one.handle(call);
    if (one.download) {
      if (!response.writableEnded && !response.destroyed)
        throw new TypeError("a download's handler must end its response");
      return;
    }
    send(one, response, result);
  };
}

function send(one: Route, response: Response, result: unknown): void {
  if (one.response) response.status(one.status ?? 200).json(one.response.parse(result));
  else response.status(one.status ?? 204).end();
}

function parserOf(where: FieldProblem["in"], schema: z.ZodObject | undefined): (value: unknown) => unknown {
  const strict = (schema ?? z.object({})).strict();
  let known: ReadonlySet<string> | undefined;
  return (value) => {
    const result = strict.safeParse(value);
    if (result.success) return schema && result.data;
    const fields = fieldProblems(where, result.error, (known ??= namesIn(strict)));
    throw new ProblemError(400, "invalid-request", "the request does not fit the API's description", {
      fields,
    });
  };
}

// What Express and its body parser raise, by status; their messages may quote what was sent.
const RAISED: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ["malformed", "the request cannot be read"],
  413: ["too-large", "the body is too large"],
  415: ["unsupported-media-type", "send JSON in UTF-8, without Content-Encoding"],
};

function answerProblem(error: unknown, request: Request, response: Response, options: ApiOptions): void {
  const problem = problemOf(error, options);
  if (problem.status >= 500) {
    options.log.error(
      { err: error, method: request.method, route: response.locals.route as unknown },
      "request failed",
    );
  }
  if (response.headersSent) {
    // The only way to say that what was sent is not the whole.
    response.destroy();
    return;
  }
  if (problem.status === 401) response.set("WWW-Authenticate", "Bearer");
  if (problem.retryAfterSeconds !== undefined) response.set("Retry-After", String(problem.retryAfterSeconds));
  response.status(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

function problemOf(error: unknown, options: ApiOptions): ProblemError {
  if (error instanceof ProblemError) return error;
  const mapped = options.problemOf?.(error);
  if (mapped) return mapped;
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  // Express, for a parameter whose percent encoding is broken.
  if (error instanceof URIError) return new ProblemError(400, "malformed", "the request cannot be read");
  if (expose === true && typeof status === "number" && status < 500) {
    const [code, detail] = RAISED[status] ?? ["malformed", "the request cannot be read"];
    return new ProblemError(status, code, detail);
  }
  return new ProblemError(500, "internal", "the request failed; the server's log has the reason");
}
