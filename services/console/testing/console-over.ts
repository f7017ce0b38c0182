import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import {
  apiClient,
  createApi,
  createLogger,
  listen,
  type Principal,
  type Role,
  type Route,
  route,
} from "@daybook/runtime";
import { z } from "zod";
import { createConsole } from "../src/index.ts";
import type { Page } from "../src/page.ts";
import { Browser } from "./browser.ts";

/** A console over an API of a test's own routes. */
export interface TestConsole {
  readonly origin: string;
  /** What was refused by the console, by action. */
  readonly refusals: string[];
  /** A browser that is signed in with these roles; with none given, nobody is signed in. */
  browser(roles?: readonly Role[], principal?: Partial<Principal>): Browser;
  close(): Promise<void>;
}

/**
 * Serves the real console over a real API that has the given routes, besides those of sessions: `GET /api/v1/self`, that
 * everybody has just shown who they are, and the record of refusals; and a matter, whatever its id.
 */
export async function consoleOver(of: {
  routes?: readonly Route[];
  pages?: readonly Page[];
  sample?: boolean;
  agentsAt?: string;
  /** What the API says of its zone. */
  zone?: string;
}): Promise<TestConsole> {
  const log = createLogger("test", "error");
  const people = new Map<string, Principal>();
  const refusals: string[] = [];
  const given = new Set((of.routes ?? []).map(({ method, path }) => `${method} ${path}`));
  const own: Route[] = [
    route({
      method: "get",
      path: "/api/v1/self",
      action: "self.read",
      summary: "Who asks",
      response: z.object({
        id: z.string(),
        name: z.string(),
        kind: z.enum(["person", "machine"]),
        roles: z.array(z.string()).readonly(),
        custodians: z.array(z.string()).readonly().default([]),
        zone: z.string(),
        renew: z.boolean().default(false),
      }),
      handle: ({ principal }) => Promise.resolve({ ...principal, zone: of.zone ?? "Europe/London" }),
    }),
    route({
      method: "get",
      path: "/api/v1/self/confirmation",
      action: "self.manage",
      summary: "Whether they have shown who they are",
      response: z.object({ how: z.string(), until: z.string() }),
      handle: () => Promise.resolve({ how: "passkey", until: "2100-01-01T00:00:00.000Z" }),
    }),
    route({
      method: "post",
      path: "/api/v1/self/refusals",
      action: "self.read",
      summary: "A refusal",
      body: z.object({ action: z.string() }),
      handle: ({ body }) => Promise.resolve(refusals.push(body.action)),
    }),
    route({
      method: "get",
      path: "/api/v1/matters/:id",
      action: "matter.read",
      summary: "What a sheet of paper says",
      params: z.object({ id: z.uuid() }),
      response: z.object({ title: z.string(), reference: z.string() }),
      handle: () => Promise.resolve({ title: "Harbour works", reference: "FOI/26/17" }),
    }),
  ].filter(({ method, path }) => !given.has(`${method} ${path}`));
  const api = createApi({
    title: "Test",
    version: "1",
    routes: [...own, ...(of.routes ?? [])],
    authenticator: { authenticate: (token) => Promise.resolve(people.get(token)) },
    trustedProxies: ["loopback"],
    log,
  });
  const apiAt = await listen(api, { port: 0 });
  const client = apiClient({ url: apiAt.url });
  // The console must know its own address, which it has only once it listens.
  const late: { handle?: RequestListener } = {};
  const at = await listen((request, response) => late.handle?.(request, response), { port: 0 });
  const origin = `http://localhost:${at.port}`;
  late.handle = createConsole({
    api: client,
    origin,
    secret: randomBytes(32).toString("base64"),
    sample: of.sample ?? false,
    agentsAt: of.agentsAt,
    ...(of.pages && { pages: of.pages }),
    log,
  });
  return {
    origin,
    refusals,
    browser(roles, principal = {}) {
      const browser = new Browser(origin);
      if (!roles) return browser;
      const token = `dbss_${randomBytes(32).toString("base64url")}`;
      people.set(token, {
        id: "p1",
        name: "Ailsa Craig",
        kind: "person",
        roles,
        custodians: [],
        ...principal,
      });
      browser.cookies.set("daybook-session", token);
      return browser;
    },
    async close() {
      client.close();
      await Promise.all([at.close({ graceMs: 0 }), apiAt.close({ graceMs: 0 })]);
    },
  };
}
