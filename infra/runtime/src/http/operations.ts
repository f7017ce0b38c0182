import express, { type Express, type Response } from "express";
import helmet from "helmet";
import { isOwnHost } from "./guard.ts";
import type { Metrics } from "./metrics.ts";

/** Says whether one thing works; an error or no answer within two seconds is a no. */
export type Probe = () => boolean | Promise<boolean>;

const PATIENCE_MS = 2_000;

/**
 * The operations port: `/healthz` (is this process of any use: restart it if not), `/readyz` (send it requests:
 * wait if not) and `/metrics`. Nothing else, without tokens and without content; the names of probes are shown.
 *
 * @param options.ready asked for at each question, since what is needed may only be known later
 * @param options.hosts names that this port is called by besides loopback ones; `*` for any, as probes of a cluster need
 */
export function createOperations(options: {
  health: Readonly<Record<string, Probe>>;
  ready: Readonly<Record<string, Probe>> | (() => Readonly<Record<string, Probe>>);
  metrics: Metrics;
  hosts?: readonly string[];
}): Express {
  const hosts = new Set((options.hosts ?? []).map((host) => host.toLowerCase()));
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use(helmet());
  app.use((request, response, next) => {
    response.set("Cache-Control", "no-store");
    if (!isOwnHost(request.headers.host, hosts)) return void response.status(421).end();
    if (request.method !== "GET") return void response.status(405).set("Allow", "GET").end();
    next();
  });
  app.get("/healthz", (_, response) => answer(response, options.health));
  app.get("/readyz", (_, response) =>
    answer(response, typeof options.ready === "function" ? options.ready() : options.ready),
  );
  app.get("/metrics", (_, response) => {
    response.type("text/plain; version=0.0.4; charset=utf-8").send(options.metrics.render());
  });
  app.use((_, response) => void response.status(404).end());
  return app;
}

async function answer(response: Response, probes: Readonly<Record<string, Probe>>): Promise<void> {
  const results = await Promise.all(
    Object.entries(probes).map(async ([name, probe]) => [name, await works(probe)] as const),
  );
  const ok = results.every(([, result]) => result);
  response
    .status(ok ? 200 : 503)
    .json({ status: ok ? "ok" : "failing", checks: Object.fromEntries(results) });
}

async function works(probe: Probe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  try {
    return await Promise.race([Promise.resolve().then(probe), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
