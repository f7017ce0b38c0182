import { createOperations, listen, type Listening, Metrics, RuntimeError } from "../../src/index.ts";
import { raw, send } from "./server.ts";

const metrics = new Metrics();
const state = { up: true };
let server: Listening;

beforeAll(async () => {
  const app = createOperations({
    health: { process: () => true },
    ready: {
      catalogue: () => state.up,
      stream: () => Promise.resolve(true),
      broken: () => (state.up ? true : Promise.reject(new Error("meet at noon"))),
    },
    metrics,
  });
  server = await listen(app, { port: 0 });
});
afterAll(() => server.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  send(server.port, "GET", path, { token: "", headers });

describe("createOperations", () => {
  it("says whether the process is of use, and whether it is ready", async () => {
    expect((await get("/healthz")).json).toEqual({ status: "ok", checks: { process: true } });
    expect((await get("/readyz")).status).toBe(200);
    state.up = false;
    const answer = await get("/readyz");
    state.up = true;

    expect([answer.status, answer.json]).toEqual([
      503,
      { status: "failing", checks: { catalogue: false, stream: true, broken: false } },
    ]);
  });

  it("counts a probe that does not answer as a no", async () => {
    const app = createOperations({
      health: { stuck: () => new Promise(() => undefined) },
      ready: {},
      metrics,
    });
    const stuck = await listen(app, { port: 0 });

    expect((await send(stuck.port, "GET", "/healthz", { token: "" })).status).toBe(503);
    await stuck.close();
  });

  it("offers nothing else, to nobody else", async () => {
    expect((await get("/debug")).status).toBe(404);
    expect((await get("/metrics", { host: "evil.example" })).status).toBe(421);
    expect((await send(server.port, "POST", "/healthz", { token: "" })).status).toBe(405);
  });

  it("shows metrics in Prometheus' text format", async () => {
    metrics.counter("daybook_records_total", "Records sealed", ["shard"]).inc({ shard: 'a"b\\c\nd' }, 2);
    metrics.counter("daybook_records_total", "Records sealed", ["shard"]).inc({ shard: 'a"b\\c\nd' });
    const lag = metrics.gauge("daybook_lag", "Events behind");
    metrics.onRead(() => lag.set(5));
    const seconds = metrics.histogram("daybook_commit_seconds", "Commits", [], [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
    const answer = await get("/metrics");

    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.text).toBe(
      [
        "# HELP daybook_records_total Records sealed",
        "# TYPE daybook_records_total counter",
        'daybook_records_total{shard="a\\"b\\\\c\\nd"} 3',
        "# HELP daybook_lag Events behind",
        "# TYPE daybook_lag gauge",
        "daybook_lag 5",
        "# HELP daybook_commit_seconds Commits",
        "# TYPE daybook_commit_seconds histogram",
        'daybook_commit_seconds_bucket{le="0.1"} 2',
        'daybook_commit_seconds_bucket{le="1"} 3',
        'daybook_commit_seconds_bucket{le="+Inf"} 4',
        "daybook_commit_seconds_sum 7.65",
        "daybook_commit_seconds_count 4",
        "",
      ].join("\n"),
    );
  });
});

describe("Metrics", () => {
  it("refuses two of one name", () => {
    const some = new Metrics();
    some.counter("a", "A");

    expect(() => some.gauge("a", "A")).toThrow(TypeError);
    expect(() => some.counter("a", "A", ["x"])).toThrow(TypeError);
    expect(() => some.counter("a b", "A")).toThrow(TypeError);
  });

  it("drops what would make it grow without end", () => {
    const some = new Metrics();
    const counter = some.counter("a", "A", ["x"]);
    for (let value = 0; value < 5_000; value += 1) counter.inc({ x: String(value) });

    expect(some.render().split("\n").length).toBeLessThan(1_010);
  });
});

describe("listen", () => {
  const nothing = createOperations({ health: {}, ready: {}, metrics });

  it("is on loopback, and says where", async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  it("says in one line that an address is taken, or none of ours", async () => {
    await expect(listen(nothing, { port: server.port })).rejects.toMatchObject({
      code: "address-unavailable",
      message: expect.stringContaining("another port") as string,
    });
    await expect(listen(nothing, { port: 0, host: "192.0.2.1" })).rejects.toBeInstanceOf(RuntimeError);
  });

  it("refuses headers without end", async () => {
    const answer = await raw(
      server.port,
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("closes with connections that are open and idle, or busy for ever", async () => {
    const stuck = await listen(createOperations({ health: {}, ready: {}, metrics }), { port: 0 });
    const idle = raw(stuck.port, "");
    const half = raw(stuck.port, "GET /healthz HTTP/1.1\r\nHost: local");
    await send(stuck.port, "GET", "/healthz", { token: "" });
    await stuck.close({ graceMs: 50 });
    await stuck.close();

    expect(await Promise.all([idle, half])).toEqual(["", expect.anything()]);
  });
});
