import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, type Running } from "../support/deployment.ts";

/** The advisory lock under which changes are made: see `Changes`. */
const CHANGE_LOCK = 7_318_102;
const LOST = Array.from({ length: 5 }, () => "lost" as const);
const KEPT = Array.from({ length: 5 }, () => "kept" as const);

(hasPostgres ? describe : describe.skip)("a search in the log of searches", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
    const body = { title: "Harbour inquiry", kind: "inquiry" };
    ({ id: matter } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string });
    await home.capture({ text: "the ferry contract" }, { text: "a ferry" });
  });
  afterEach(async () => {
    home.stream.before = home.stream.after = undefined;
    await running.stop();
    await home.close();
  });

  const save = (q: string, filters = {}) =>
    running.owner.call("post", "/api/v1/matters/:id/searches", {
      params: { id: matter },
      body: { q, filters },
    }) as Promise<{ id: string; total: number }>;
  const ask = (q: string, more = {}) =>
    running.owner.call("get", "/api/v1/search", { query: { q, matter, ...more } }) as Promise<{
      next: string | null;
    }>;
  const log = async () =>
    (
      (await running.owner.call("get", "/api/v1/matters/:id/searches", { params: { id: matter } })) as {
        searches: { id: string; q: string; total: number; totalIsExact: boolean }[];
      }
    ).searches;
  const rows = () => home.sql("SELECT row_to_json(s)::text FROM records.search s ORDER BY at, id");
  const restart = async () => {
    await running.stop();
    running = await home.start();
  };

  it("is there once it is answered, whoever asked in whatever way", async () => {
    const { id } = await save("ferry", { kind: ["message"] });
    home.time += 1_000;
    await ask("contract");
    expect(await log()).toMatchObject([
      { q: "contract", total: 1, totalIsExact: true, filters: {}, by: { name: "Local owner" } },
      { id, q: "ferry", total: 2, totalIsExact: true, filters: { kind: ["message"] } },
    ]);
  });

  it("is one search, however many of its pages are read", async () => {
    const { next } = await ask("ferry", { limit: "1" });
    await ask("ferry", { limit: "1", cursor: next! });
    expect(await log()).toHaveLength(1);
  });

  it("is durable before it is in the table", async () => {
    let seen: unknown;
    home.stream.before = async () => {
      seen = await rows();
    };
    await save("ferry");
    expect(seen).toEqual([]);
    expect(await rows()).toHaveLength(1);
  });

  it("is not there, and not answered, when it was lost", async () => {
    home.stream.faults.push(...LOST);
    await expect(save("ferry")).rejects.toMatchObject({ status: 503, code: "unavailable" });
    await restart();
    expect(await log()).toEqual([]);
  });

  it("gets there with the audit log when it was kept and not answered", async () => {
    home.stream.faults.push(...KEPT);
    await expect(save("ferry")).rejects.toMatchObject({ status: 503, code: "unavailable" });
    expect(await log()).toEqual([]);
    await restart();
    // What was repeated is on the stream five times, and one record.
    expect(await log()).toMatchObject([{ q: "ferry", total: 2 }]);
  });

  it("gets there with the audit log when its row could not be written", async () => {
    home.stream.after = async () => {
      await home.sql("ALTER TABLE records.search RENAME TO search_away");
    };
    await expect(save("ferry")).rejects.toMatchObject({ status: 503 });
    home.stream.after = undefined;
    await home.sql("ALTER TABLE records.search_away RENAME TO search");
    expect(await log()).toEqual([]);
    await restart();
    expect(await log()).toMatchObject([{ q: "ferry" }]);
  });

  it("does not wait for a change that takes long", async () => {
    let release: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    let began: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (began = resolve));
    home.stream.before = async () => {
      home.stream.before = undefined;
      began();
      await waiting;
    };
    const change = running.owner.call("post", "/api/v1/matters", { body: { title: "Slow", kind: "foi" } });
    await begun;
    const [[locks]] = (await home.sql(
      "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND granted",
      [CHANGE_LOCK],
    )) as [[number]];
    expect(locks).toBe(1);
    const { id } = await save("ferry");
    expect(await log()).toMatchObject([{ id }]);
    release();
    await change;
  });

  it("does not wait for a rebuild that makes the tables again, and is the same afterwards", async () => {
    await save("ferry", { kind: ["message"], network: ["whatsapp", "sms"], from: "2026-01-01" });
    await ask("contract", { conversation: "Harbour works" });
    await restart();
    const before = await rows();
    expect(before).toHaveLength(2);
    const meanwhile: string[] = [];
    home.stores.records.hook = async ({ key }, when) => {
      if (when !== "before" || !key.includes("/audit/segment/") || meanwhile.length > 0) return;
      // The transaction that empties and fills the tables is open.
      const [[open]] = (await home.sql(
        `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'daybook-records'
         AND datname = current_database() AND state = 'idle in transaction'`,
      )) as [[number]];
      if (open === 0 || meanwhile.length > 0) return;
      meanwhile.push("");
      meanwhile[0] = (await save("a ferry")).id;
    };
    const { body } = await running.owner.download("/api/v1/rebuild", { method: "post" });
    const lines: string[] = [];
    for await (const chunk of body) lines.push(String(chunk));
    expect(lines.join("").trim().split("\n").at(-1)).toContain('"ok":true');
    expect(meanwhile[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect((await log()).map(({ id }) => id)).toContain(meanwhile[0]);
    await restart();
    const after = await rows();
    expect(after).toHaveLength(3);
    expect(after).toEqual(expect.arrayContaining(before));
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    expect(await rows()).toEqual(after);
  });

  it("is read a page at a time, of its own matter alone, and of a closed one", async () => {
    const saved = [];
    for (const q of ["ferry", "contract", "a*"]) {
      saved.push((await save(q)).id);
      home.time += 1_000;
    }
    const call = (path: string, params: Record<string, string>, query = {}) =>
      running.owner.call("get", path, { params, query }) as Promise<{
        searches: { q: string }[];
        next: string | null;
      }>;
    const first = await call("/api/v1/matters/:id/searches", { id: matter }, { limit: "2" });
    const second = await call(
      "/api/v1/matters/:id/searches",
      { id: matter },
      { limit: "2", cursor: first.next! },
    );
    expect([...first.searches, ...second.searches].map(({ q }) => q)).toEqual(["a*", "contract", "ferry"]);
    expect(second.next).toBeNull();

    const body = { title: "Another", kind: "foi" };
    const { id: other } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string };
    const one = "/api/v1/matters/:id/searches/:search";
    for (const path of [one, `${one}/results`]) {
      await expect(call(path, { id: other, search: saved[0]! })).rejects.toMatchObject({ status: 404 });
    }
    expect((await call("/api/v1/matters/:id/searches", { id: other })).searches).toEqual([]);

    await running.owner.call("post", "/api/v1/matters/:id/close", { params: { id: matter } });
    expect(await call(one, { id: matter, search: saved[0]! })).toMatchObject({ q: "ferry" });
    await expect(call(`${one}/results`, { id: matter, search: saved[0]! })).rejects.toMatchObject({
      code: "matter-closed",
    });
    await expect(save("ferry")).rejects.toMatchObject({ code: "matter-closed" });
  });
});
