import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { z } from "zod";
import {
  createApi,
  createLogger,
  listOf,
  Metrics,
  ProblemError,
  type Route,
  route,
} from "../../src/index.ts";
import { ADMINISTRATOR, raw, serve } from "./server.ts";

const aborted: string[] = [];
const metrics = new Metrics();

const routes: Route[] = [
  route({
    method: "post",
    path: "/api/v1/matters",
    action: "matter.open",
    summary: "Opens a matter",
    status: 201,
    body: z.object({ title: z.string().min(1).max(100), tags: z.record(z.string(), z.int()).optional() }),
    response: z.object({ id: z.string(), by: z.string() }),
    handle: ({ body, principal }) =>
      Promise.resolve({ id: body.title, by: principal.id, password: "not described" }),
  }),
  route({
    method: "get",
    path: "/api/v1/matters/:id",
    action: "matter.read",
    summary: "One matter",
    params: z.object({ id: z.string().max(20) }),
    query: z.object({
      limit: z.coerce.number().int().max(100).default(25),
      kind: listOf(z.string()).optional(),
    }),
    response: z.unknown(),
    handle: ({ params, query }) => Promise.resolve({ ...params, ...query }),
  }),
  route({
    method: "get",
    path: "/api/v1/matters/newest",
    action: "matter.read",
    summary: "The newest matter",
    response: z.unknown(),
    handle: () => Promise.resolve({ newest: true }),
  }),
  route({
    method: "delete",
    path: "/api/v1/matters/:id",
    action: "matter.close",
    summary: "Closes a matter",
    params: z.object({ id: z.string() }),
    handle: () => Promise.resolve(),
  }),
  route({
    method: "post",
    path: "/api/v1/imports",
    action: "import",
    summary: "Takes a file",
    upload: true,
    maxBytes: 100_000,
    response: z.object({ bytes: z.int() }),
    handle: async ({ upload }) => {
      let bytes = 0;
      for await (const chunk of upload as AsyncIterable<Buffer>) bytes += chunk.length;
      return { bytes };
    },
  }),
  route({
    method: "post",
    path: "/api/v1/ignored",
    action: "import",
    summary: "Reads nothing of what it gets",
    upload: true,
    handle: () => Promise.resolve(),
  }),
  route({
    method: "post",
    path: "/api/v1/glanced",
    action: "import",
    summary: "Reads the first of what it gets",
    upload: true,
    handle: async ({ upload }) => {
      for await (const _ of upload) break;
    },
  }),
  route({
    method: "get",
    path: "/api/v1/broken/:how",
    action: "status.read",
    summary: "Fails",
    params: z.object({ how: z.string() }),
    response: z.object({ n: z.int() }),
    handle: ({ params }) => {
      if (params.how === "domain") throw Object.assign(new Error("no room"), { code: "full" });
      if (params.how === "answer") return Promise.resolve({ n: "noon" as unknown as number });
      throw new Error(`meet at noon, ${params.how}`);
    },
  }),
  route({
    method: "get",
    path: "/api/v1/slow",
    action: "status.read",
    summary: "Waits until nobody waits for it",
    handle: async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push("slow");
    },
  }),
  route({
    method: "get",
    path: "/api/v1/half",
    action: "status.read",
    summary: "Breaks in the middle of its answer",
    download: true,
    handle: async ({ response }) => {
      response.write("half of it");
      await sleep(20);
      throw new Error("meet at noon");
    },
  }),
  route({
    method: "get",
    path: "/api/v1/public",
    action: "public",
    summary: "Open",
    response: z.unknown(),
    handle: ({ principal }) => Promise.resolve({ principal: String(principal) }),
  }),
];

const server = serve(routes, {
  bodyLimitBytes: 1_000,
  patienceMs: 150,
  hosts: ["daybook.example"],
  metrics,
  problemOf: (err) =>
    (err as { code?: unknown }).code === "full"
      ? new ProblemError(507, "store-full", "make room")
      : undefined,
});

const json = (value: unknown) => ({ body: JSON.stringify(value) });

describe("createApi", () => {
  it("gives a handler what its schemas made, and sends what the answer's schema names", async () => {
    const answer = await server.send("POST", "/api/v1/matters", json({ title: "A" }));

    expect([answer.status, answer.json]).toEqual([201, { id: "A", by: "p1" }]);
  });

  it("reads parameters and queries, once or several times the same", async () => {
    const one = await server.send("GET", "/api/v1/matters/%C3%A9?kind=foi");
    const two = await server.send("GET", "/api/v1/matters/x?kind=foi&kind=audit&limit=3");

    expect(one.json).toEqual({ id: "é", limit: 25, kind: ["foi"] });
    expect(two.json).toEqual({ id: "x", limit: 3, kind: ["foi", "audit"] });
  });

  it("prefers a literal path to a parameter, whatever the order of the routes", async () => {
    expect((await server.send("GET", "/api/v1/matters/newest")).json).toEqual({ newest: true });
  });

  it("answers 204 where there is nothing to say", async () => {
    expect(await server.send("DELETE", "/api/v1/matters/x")).toMatchObject({ status: 204, text: "" });
  });

  it.each<[string, string, string, Parameters<typeof server.send>[2], number, string]>([
    [
      "an unknown field",
      "POST",
      "/api/v1/matters",
      json({ title: "A", colour: "red" }),
      400,
      "invalid-request",
    ],
    ["a missing field", "POST", "/api/v1/matters", json({}), 400, "invalid-request"],
    ["a field of another type", "POST", "/api/v1/matters", json({ title: 7 }), 400, "invalid-request"],
    ["a list for an object", "POST", "/api/v1/matters", json([]), 400, "invalid-request"],
    [
      "__proto__",
      "POST",
      "/api/v1/matters",
      { body: '{"title":"A","__proto__":{"x":1}}' },
      400,
      "invalid-request",
    ],
    ["JSON that is none", "POST", "/api/v1/matters", { body: '{"title":"noon' }, 400, "malformed"],
    ["a bare word", "POST", "/api/v1/matters", { body: '"noon"' }, 400, "malformed"],
    ["no body", "POST", "/api/v1/matters", {}, 415, "unsupported-media-type"],
    [
      "a form",
      "POST",
      "/api/v1/matters",
      { body: "title=A", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      "unsupported-media-type",
    ],
    [
      "a text that holds JSON",
      "POST",
      "/api/v1/matters",
      { ...json({ title: "A" }), headers: { "content-type": "text/plain" } },
      415,
      "unsupported-media-type",
    ],
    [
      "compressed JSON",
      "POST",
      "/api/v1/matters",
      { ...json({ title: "A" }), headers: { "content-encoding": "gzip" } },
      415,
      "unsupported-media-type",
    ],
    [
      "another charset",
      "POST",
      "/api/v1/matters",
      { ...json({ title: "A" }), headers: { "content-type": "application/json; charset=latin1" } },
      415,
      "unsupported-media-type",
    ],
    ["too much JSON", "POST", "/api/v1/matters", json({ title: "x".repeat(2_000) }), 413, "too-large"],
    ["an unknown query", "GET", "/api/v1/matters/x?colour=red", {}, 400, "invalid-request"],
    ["a query out of bounds", "GET", "/api/v1/matters/x?limit=101", {}, 400, "invalid-request"],
    ["a query twice", "GET", "/api/v1/matters/x?limit=1&limit=2", {}, 400, "invalid-request"],
    ["a parameter out of bounds", "GET", `/api/v1/matters/${"x".repeat(21)}`, {}, 400, "invalid-request"],
    ["broken percent encoding", "GET", "/api/v1/matters/%E0%A4%A", {}, 400, "malformed"],
    ["a body where none belongs", "GET", "/api/v1/matters/x", json({}), 400, "body-not-expected"],
    ["a path that is none", "GET", "/api/v1/nothing", {}, 404, "no-such-route"],
    ["a path in capitals", "GET", "/API/v1/matters/newest", {}, 404, "no-such-route"],
    ["a path above", "GET", "/api/v1/matters/../../../etc/passwd", {}, 404, "no-such-route"],
    ["another method", "PUT", "/api/v1/matters", {}, 405, "method-not-allowed"],
    ["a method that no route has", "TRACE", "/api/v1/matters", {}, 405, "method-not-allowed"],
    ["HEAD, which would be a read that nobody sees", "HEAD", "/api/v1/matters/x", {}, 405, ""],
    ["OPTIONS", "OPTIONS", "/api/v1/matters", {}, 405, "method-not-allowed"],
    ["a JSON body for an upload", "POST", "/api/v1/imports", json({}), 415, "unsupported-media-type"],
    [
      "a compressed upload",
      "POST",
      "/api/v1/imports",
      { body: "x", headers: { "content-type": "application/octet-stream", "content-encoding": "gzip" } },
      415,
      "unsupported-media-type",
    ],
  ])("refuses %s", async (_, method, path, sent, status, code) => {
    const answer = await server.send(method, path, sent);

    expect(answer.status).toBe(status);
    if (code === "") return;
    expect(answer.json).toMatchObject({ type: "about:blank", status, code });
    expect(answer.headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  });

  it("says which fields do not fit, in their own words", async () => {
    const { json: problem } = await server.send(
      "POST",
      "/api/v1/matters",
      json({ title: "", tags: { noon: "x" }, meet: 1 }),
    );

    expect(problem.fields).toEqual([
      { in: "body", path: "title", problem: "Too small: expected string to have >=1 characters" },
      { in: "body", path: "tags.*", problem: "Invalid input: expected number, received string" },
      { in: "body", path: "", problem: "unknown field" },
    ]);
  });

  it("never repeats what was sent", async () => {
    const word = fc.stringMatching(/^[g-z]{3}QX[g-z]{3}$/);
    const shapes = fc.oneof(
      word.map((w) => json({ [w]: w })),
      word.map((w) => json({ title: { [w]: [w] } })),
      word.map((w) => json({ title: w, tags: { [w]: w } })),
      word.map((w) => ({ body: `{"title":"${w}` })),
      word.map((w) => ({ body: w })),
    );
    const paths = fc.oneof(
      word.map((w) => `/api/v1/matters/${w.repeat(5)}`),
      word.map((w) => `/api/v1/${w}?${w}=${w}`),
      word.map((w) => `/api/v1/matters/x?${w}=${w}`),
      word.map((w) => `/api/v1/matters/%${w}`),
    );
    await fc.assert(
      fc.asyncProperty(shapes, paths, async (sent, path) => {
        for (const answer of [
          await server.send("POST", "/api/v1/matters", sent),
          await server.send("GET", path),
        ]) {
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.status).toBeLessThan(500);
          expect(answer.text + JSON.stringify(answer.headers)).not.toContain("QX");
        }
      }),
      { numRuns: 60 },
    );
    expect(server.logged()).not.toContain("QX");
  });

  it("names the methods that a path takes", async () => {
    expect((await server.send("PUT", "/api/v1/matters/x")).headers.allow).toBe("GET, DELETE");
  });

  it.each([
    ["an unknown error", "error", 500, "internal"],
    ["an answer that does not fit its schema", "answer", 500, "internal"],
    ["an error of a domain package", "domain", 507, "store-full"],
  ])("answers %s without its text, and logs it without its text", async (_, how, status, code) => {
    const answer = await server.send("GET", `/api/v1/broken/${how}`);

    expect(answer.json).toMatchObject({ status, code });
    expect(answer.text).not.toContain("noon");
    expect(server.logged()).toContain('"route":"/api/v1/broken/:how"');
    expect(server.logged()).not.toContain("noon");
  });

  it("cuts the connection when an answer breaks in the middle", async () => {
    await expect(server.send("GET", "/api/v1/half")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.logged()).toContain('"route":"/api/v1/half"');
  });

  it("tells a handler when its client is gone", async () => {
    const leave = new AbortController();
    const asked = fetch(`${server.url}/api/v1/slow`, {
      headers: { authorization: `Bearer ${ADMINISTRATOR}` },
      signal: leave.signal,
    });
    await sleep(50);
    leave.abort();
    await expect(asked).rejects.toThrow();
    while (aborted.length === 0) await sleep(5);
    expect(aborted).toEqual(["slow"]);
  });

  it("sends headers that keep answers out of caches, frames and scripts, and does not say what it is made of", async () => {
    const { headers } = await server.send("GET", "/api/v1/matters/x");

    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'",
    });
    expect(headers["x-powered-by"]).toBeUndefined();
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("counts requests by route, never by address", async () => {
    await server.send("GET", "/api/v1/matters/secret-matter");
    const read = metrics.render();

    expect(read).toMatch(
      /daybook_http_request_seconds_count\{method="get",route="\/api\/v1\/matters\/:id",status="200"\} \d+/,
    );
    expect(read).not.toContain("secret-matter");
  });
});

describe("an upload", () => {
  const upload = (body: Buffer, headers: Record<string, string> = {}) =>
    server.send("POST", "/api/v1/imports", {
      body,
      headers: { "content-type": "application/octet-stream", ...headers },
    });

  it("reaches its handler whole", async () => {
    expect((await upload(Buffer.alloc(100_000))).json).toEqual({ bytes: 100_000 });
    expect((await upload(Buffer.alloc(0))).json).toEqual({ bytes: 0 });
  });

  it("is refused beyond its bound, whether it says its size or not", async () => {
    expect((await upload(Buffer.alloc(100_001))).json).toMatchObject({ status: 413, code: "too-large" });
    const chunk = `19000\r\n${"x".repeat(0x19000)}\r\n`;
    const answer = await raw(
      server.port,
      `POST /api/v1/imports HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer officer-token\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("is refused when it stops moving", async () => {
    const answer = await raw(
      server.port,
      "POST /api/v1/imports HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer officer-token\r\nContent-Type: application/octet-stream\r\nContent-Length: 50\r\n\r\nstart",
    );

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"too-slow"');
  });

  it.each(["ignored", "glanced"])("leaves the connection usable when its handler has %s it", async (how) => {
    const both = await raw(
      server.port,
      `POST /api/v1/${how} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer officer-token\r\nContent-Type: application/octet-stream\r\nContent-Length: 300000\r\n\r\n${"x".repeat(300_000)}GET /api/v1/public HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );

    expect(both).toMatch(/^HTTP\/1\.1 204 [\s\S]*HTTP\/1\.1 200 /);
  });
});

describe("a JSON body", () => {
  it("is refused when it takes too long, however it trickles", async () => {
    const answer = await raw(
      server.port,
      "POST /api/v1/matters HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer officer-token\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    );

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("who may call", () => {
  it.each([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer nonsense" }],
    ["another scheme", { authorization: "Basic b2ZmaWNlci10b2tlbg==" }],
    ["an empty token", { authorization: "Bearer " }],
    ["a token with a space in it", { authorization: "Bearer officer-token x" }],
    ["a token in the address", {}],
  ])("is not somebody with %s", async (name, headers) => {
    const path = name.endsWith("address")
      ? "/api/v1/matters/x?access_token=officer-token"
      : "/api/v1/matters/x";
    const answer = await server.send("GET", path, { token: "", headers });

    expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
  });

  it("is not told what is wrong with a request that it may not make", async () => {
    expect(
      (await server.send("POST", "/api/v1/matters", { token: ADMINISTRATOR, ...json({ nonsense: 1 }) }))
        .status,
    ).toBe(403);
    expect(
      (await server.send("POST", "/api/v1/matters", { token: "", ...json({ nonsense: 1 }) })).status,
    ).toBe(401);
  });

  it("may be nobody only where a route says so", async () => {
    expect((await server.send("GET", "/api/v1/public", { token: "" })).json).toEqual({
      principal: "undefined",
    });
    expect((await server.send("GET", "/api/v1/openapi.json", { token: "" })).status).toBe(401);
  });

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:80",
    "localhost:80:80",
    "daybook.example.",
    "[::1",
  ])("is not a page that had %j point here", async (host) => {
    expect((await server.send("GET", "/api/v1/public", { headers: { host } })).status).toBe(421);
  });

  it("must say whom it calls", async () => {
    for (const version of [
      "1.0\r\n",
      "1.1\r\nHost:\r\nConnection: close\r\n",
      "1.1\r\nHost: \xff\r\nConnection: close\r\n",
    ]) {
      expect(await raw(server.port, `GET /api/v1/public HTTP/${version}\r\n`)).toMatch(/^HTTP\/1\.1 421 /);
    }
  });

  it.each(["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:99", "daybook.example", "Daybook.Example:443"])(
    "may call it %s",
    async (host) => {
      expect((await server.send("GET", "/api/v1/public", { headers: { host } })).status).toBe(200);
    },
  );
});

describe("a set of routes", () => {
  const one = (path: string, method: Route["method"] = "get"): Route =>
    route({ method, path, action: "public", summary: "", handle: () => Promise.resolve() });
  const build = (...given: Route[]) =>
    createApi({
      title: "",
      version: "",
      routes: given,
      authenticator: { authenticate: () => Promise.resolve(undefined) },
      log: createLogger("x", "fatal"),
    });

  it.each([
    ["a path twice", [one("/api/v1/a"), one("/api/v1/a")]],
    ["a path twice, by other names", [one("/api/v1/a/:b"), one("/api/v1/a/:c")]],
    ["its own description's path", [one("/api/v1/openapi.json")]],
    ["a path outside", [one("/admin")]],
    ["a path that is an expression", [one("/api/v1/(.*)")]],
  ])("is refused with %s", (_, given) => {
    expect(() => build(...given)).toThrow(TypeError);
  });

  it("may have one path for several methods", () => {
    expect(() => build(one("/api/v1/a"), one("/api/v1/a", "post"))).not.toThrow();
  });
});
