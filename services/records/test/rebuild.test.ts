import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { disposalActs } from "./support/disposal-acts.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const RECORDS = 30;

(hasPostgres ? describe : describe.skip)("a rebuild", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;
  let internal: ApiClient;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { segmentRecords: 7 });
    await start();
    const made = await owner.call("post", "/api/v1/matters", { body: { title: "M", kind: "foi" } });
    matter = (made as { id: string }).id;
    await home.capture(...Array.from({ length: RECORDS }, (_, i) => ({ text: `harbour number${i}` })));
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  async function start(): Promise<void> {
    running = await home.start();
    ({ owner } = running);
    internal = running.as(INTERNAL_TOKEN);
  }
  const search = (q = "harbour") => owner.call("get", "/api/v1/search", { query: { q, matter, limit: 100 } });
  const found = async () => ((await search()) as { total: number }).total;
  const span = (shard = "0") =>
    internal.call("post", "/internal/v1/rebuild-span", { body: { shard, from: 0, size: RECORDS } });
  const catalogued = async () => Number((await home.sql("SELECT count(*) FROM catalogue.record"))[0]?.[0]);

  async function rebuild(): Promise<Record<string, unknown>[]> {
    const { body } = await owner.download("/api/v1/rebuild", { method: "post" });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Runs `then` when the store is asked for a segment, once. */
  function atSegment(n: number, then: () => Promise<void>): void {
    let seen = 0;
    home.stores.records.hook = async ({ key }, when) => {
      if (when !== "before" || !key.includes("/0/segment/") || (seen += 1) !== n) return;
      home.stores.records.hook = undefined;
      await then();
    };
  }

  it("refuses searches, spans and another rebuild while it runs", async () => {
    const refused: unknown[] = [];
    const code = (error: unknown) => (error as { code: string }).code;
    atSegment(2, async () => {
      refused.push(await search().catch(code), await span().catch(code), await rebuild().catch(code));
    });
    expect((await rebuild()).at(-1)).toMatchObject({ ok: true });

    expect(refused).toEqual(["starting", "starting", "conflict"]);
    expect(await found()).toBe(RECORDS);
    await span();
  });

  it("goes on, after it was cut off, from where the catalogue is, and refuses searches until it is through", async () => {
    await home.sql("UPDATE catalogue.generation SET rebuilding = true");
    await home.sql("DELETE FROM catalogue.record WHERE shard = 0 AND idx >= 14");
    await home.sql("UPDATE catalogue.state SET size = 14 WHERE shard = 0");
    await home.sql("UPDATE catalogue.record SET flags = 0 WHERE shard = 0 AND idx = 3");
    const kept = await home.sql("SELECT xmin::text FROM catalogue.record WHERE shard = 0 AND idx = 3");
    await running.stop();
    await start();
    await expect(search()).rejects.toMatchObject({ status: 503, code: "starting" });
    const told = await rebuild();

    expect(told.some(({ what }) => what === "registry")).toBe(false);
    const steps = told.filter(({ what, shard }) => what === "catalogue" && shard === "0");
    expect(steps.at(-1)).toMatchObject({ done: RECORDS, of: RECORDS });
    expect(await home.sql("SELECT xmin::text FROM catalogue.record WHERE shard = 0 AND idx = 3")).toEqual(
      kept,
    );
    expect(await found()).toBe(RECORDS);
    expect(await home.sql("SELECT rebuilding FROM catalogue.generation")).toEqual([[false]]);
  });

  it("goes past a segment that went when all of its records had been disposed of", async () => {
    const reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const officer = await running.person("Olu Officer", ["records-officer"]);
    const acts = disposalActs(() => ({ officer, reviewer, matter }));
    const key = [...home.stores.records.objects.keys()].find((one) => one.includes("/0/segment/"))!;
    const { results } = (await search()) as { results: { id: string; text: string }[] };
    const ids = results.filter(({ text }) => /number[0-6]$/.test(text)).map(({ id }) => id);
    expect(ids).toHaveLength(7);
    await acts.disposeOf({ ids });
    home.stores.records.objects.delete(key);

    expect((await rebuild()).at(-1)).toMatchObject({ ok: true });
    expect(await found()).toBe(RECORDS - 7);
  });

  it("breaks off where a segment of live records is gone", async () => {
    const key = [...home.stores.records.objects.keys()].find((one) => one.includes("/0/segment/"))!;
    home.stores.records.objects.delete(key);

    expect((await rebuild()).at(-1)).toMatchObject({ ok: false });
  });

  it("begins anew where what is there is of another log", async () => {
    await home.sql("UPDATE catalogue.generation SET rebuilding = true");
    await home.sql("UPDATE catalogue.state SET size = 1000 WHERE shard = 0");

    expect((await rebuild()).at(-1)).toMatchObject({ ok: true });
    expect(await found()).toBe(RECORDS);
  });

  it("outlives PostgreSQL ending its sessions and a store that does not answer", async () => {
    atSegment(2, async () => {
      await home.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-catalogue-writer'",
      );
      home.stores.records.fail("get", "lost");
    });
    expect((await rebuild()).at(-1)).toMatchObject({ ok: true });

    expect(await found()).toBe(RECORDS);
    expect(await catalogued()).toBeGreaterThanOrEqual(RECORDS);
  });

  it("that failed for good is made up for by the spans that archivers ask for", async () => {
    atSegment(3, () => Promise.reject(new Error("the store burns")));
    expect((await rebuild()).at(-1)).toEqual({ ok: false, code: "internal" });
    await expect(search()).rejects.toMatchObject({ status: 503, code: "starting" });
    const { shards } = (await owner.call("get", "/api/v1/status")) as {
      shards: { shard: string; size: number }[];
    };
    for (const { shard, size } of shards) {
      await internal.call("post", "/internal/v1/rebuild-span", { body: { shard, from: 0, size } });
    }

    expect(await found()).toBe(RECORDS);
  });

  it("writes a span once though it is asked for twice at a time", async () => {
    await home.sql("TRUNCATE catalogue.record, catalogue.segment, catalogue.state, catalogue.word");
    let segments = 0;
    home.stores.records.hook = ({ key }, when) => {
      if (when === "before" && key.includes("/0/segment/")) segments += 1;
    };
    await Promise.all([span(), span()]);

    expect(segments).toBe(Math.ceil(RECORDS / 7));
    expect(await catalogued()).toBe(RECORDS);
  });
});
