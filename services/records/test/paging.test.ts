import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

/** Entries of each list: the clock stands still for some, so that their ids alone order them. */
const ENTRIES = 7;

interface ListPage {
  readonly next: string | null;
  readonly [name: string]: unknown;
}

suite("a list of the API", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    ({ owner } = running);
    const internal = running.as(INTERNAL_TOKEN);
    await home.capture({ text: "to be disposed of" });
    const [[record]] = (await home.sql(
      "SELECT replace(id::text, '-', '') FROM catalogue.record WHERE shard = 0",
    )) as [[string]];
    for (let i = 0; i < ENTRIES; i += 1) {
      if (i % 3 === 0) home.time += 1_000;
      const post = (path: string, body: object) =>
        owner.call("post", path, { body }) as Promise<{ id: string }>;
      const { id: custodian } = await post("/api/v1/custodians", { name: `Person ${i}` });
      await internal.call("post", "/internal/v1/accounts/resolve", {
        body: { actor: "test", custodian, network: "sms", method: "carrier", identifier: `+44${i}` },
      });
      const { id: matter } = await post("/api/v1/matters", { title: `Matter ${i}`, kind: "foi" });
      await post("/api/v1/scope", { effect: "exclude", custodian, reason: "private" });
      await post("/api/v1/tokens", { name: `Token ${i}`, roles: ["auditor"] });
      await post("/api/v1/holds", { matter, reason: "asked for", network: "sms" });
      await post("/api/v1/disposals", { ids: [record], reason: "over", authority: "schedule 4" });
    }
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const LISTS = [
    ["matters", "matters"],
    ["custodians", "custodians"],
    ["accounts", "accounts"],
    ["holds", "holds"],
    ["disposals", "disposals"],
    ["scope", "rules"],
    ["tokens", "tokens"],
  ] as const;

  const page = (path: string, query: Record<string, string | number>) =>
    owner.call("get", `/api/v1/${path}`, { query }) as Promise<ListPage>;

  it.each(LISTS)(
    "gives all of %s, each once and in order, however small its pages are",
    async (path, name) => {
      const whole = await page(path, {});
      const all = whole[name] as { id: string }[];
      expect(whole.next).toBeNull();
      expect(all.length).toBeGreaterThanOrEqual(ENTRIES);
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
      for (const limit of [1, 3, all.length]) {
        const found: object[] = [];
        let cursor: string | null = null;
        do {
          const one: ListPage = await page(path, { limit, ...(cursor === null ? {} : { cursor }) });
          expect((one[name] as object[]).length).toBeLessThanOrEqual(limit);
          found.push(...(one[name] as object[]));
          cursor = one.next;
        } while (cursor !== null);
        expect(found).toEqual(all);
      }
    },
  );

  it("goes on where it was when entries are added meanwhile", async () => {
    const first = await page("matters", { limit: 2 });
    const all = (await page("matters", {}))["matters"] as object[];
    home.time += 1_000;
    await owner.call("post", "/api/v1/matters", { body: { title: "Meanwhile", kind: "sar" } });
    const rest = await page("matters", { cursor: first.next! });
    expect(rest["matters"]).toEqual(all.slice(2));
  });

  it.each([
    ["another list's", () => page("matters", { limit: 1 }).then(({ next }) => next!)],
    ["no base64url", () => Promise.resolve("%")],
    ["no JSON", () => Promise.resolve(Buffer.from("nonsense").toString("base64url"))],
    ["other JSON", () => Promise.resolve(Buffer.from("{}").toString("base64url"))],
    ["too long", () => Promise.resolve("A".repeat(300))],
    [
      "of values that are none",
      () => Promise.resolve(Buffer.from(JSON.stringify(["holds", "'; --", "x"])).toString("base64url")),
    ],
  ])("refuses a cursor that is %s", async (_what, make) => {
    await expect(page("holds", { cursor: await make() })).rejects.toMatchObject({ status: 400 });
  });

  it.each([0, 1_001, "x"])("refuses a limit of %s", async (limit) => {
    await expect(page("holds", { limit })).rejects.toMatchObject({ status: 400 });
  });

  it("lists a disposal by how many records it is of, without naming them", async () => {
    const { disposals } = await page("disposals", { limit: 1 });
    expect((disposals as object[])[0]).toMatchObject({ count: 1, state: "proposed", exports: [] });
    expect((disposals as object[])[0]).not.toHaveProperty("ids");
  });
});
