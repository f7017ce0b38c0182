import {
  createDeployment,
  type Deployment,
  INTERNAL_TOKEN,
  REGISTRY_KEY,
  type Running,
} from "./support/deployment.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createCells } from "../src/cells.ts";
import type { ApiClient } from "@daybook/runtime";

const suite = hasPostgres ? describe : describe.skip;

suite("the registry", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let internal: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const resolve = (name: string, create = true) =>
    internal.call("post", "/internal/v1/custodians/resolve", {
      body: { name, create, actor: "test" },
    }) as Promise<{
      id: string;
      name: string;
    }>;

  it("gives one custodian for one name, however it is written", async () => {
    const made = await resolve("Zoë Harbour");
    expect(await resolve("  zoe\u0308   HARBOUR ")).toEqual(made);
    expect(await resolve(made.id)).toEqual(made);
  });

  it("makes one custodian of many requests at once", async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => resolve("Once Only")));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  it("refuses a name that fits two people, and takes their ids", async () => {
    const first = await resolve("Sam Pier");
    await expect(
      running.owner.call("post", "/api/v1/custodians", { body: { name: "sam pier" } }),
    ).rejects.toMatchObject({
      code: "conflict",
    });
    const second = (await running.owner.call("post", "/api/v1/custodians", {
      body: { name: "Sam Pier", another: true },
    })) as { id: string };
    await expect(resolve("Sam Pier")).rejects.toMatchObject({ status: 409, code: "ambiguous-custodian" });
    expect(await resolve(first.id)).toEqual(first);
    expect((await resolve(second.id)).id).toBe(second.id);
  });

  it("refuses an unknown name unless it may make one", async () => {
    await expect(resolve("Nobody Here", false)).rejects.toMatchObject({ code: "no-such-custodian" });
  });

  it("gives one account for a custodian, network and method, and refuses another's number", async () => {
    const { id: custodian } = await resolve("Account Holder");
    const { id: other } = await resolve("Somebody Else");
    const account = (body: object) =>
      internal.call("post", "/internal/v1/accounts/resolve", { body: { actor: "test", ...body } });
    const exported = { custodian, network: "whatsapp", method: "export" };
    expect(await account(exported)).toEqual(await account(exported));
    const sms = { network: "sms", method: "carrier", identifier: "+441632960001" };
    const made = await account({ custodian, ...sms });
    expect(await account({ custodian, ...sms })).toEqual(made);
    await expect(account({ custodian: other, ...sms })).rejects.toMatchObject({ code: "conflict" });
    await expect(
      home.sql("INSERT INTO records.account_link SELECT account, valid, custodian FROM records.account_link"),
    ).rejects.toThrow();
  });

  describe("an account's links", () => {
    interface Link {
      id: string;
      custodian: string;
      from: string;
      to: string | null;
    }
    const sms = { network: "sms", method: "carrier" };
    const capture = (custodian: string, identifier: string) =>
      internal.call("post", "/internal/v1/accounts/resolve", {
        body: { actor: "test", custodian, ...sms, identifier },
      }) as Promise<{ id: string }>;
    const move = (id: string, body: object) =>
      running.owner.call("post", "/api/v1/accounts/:id/move", {
        params: { id },
        body: { reason: "took over the post", ...body },
      }) as Promise<Link>;
    const end = (id: string, body: object = {}) =>
      running.owner.call("post", "/api/v1/accounts/:id/end", {
        params: { id },
        body: { reason: "left", ...body },
      }) as Promise<Link>;
    const linksOf = async (id: string) =>
      ((await running.owner.call("get", "/api/v1/accounts")) as { accounts: Link[] }).accounts
        .filter((link) => link.id === id)
        .map(({ custodian, from, to }) => [custodian, from, to]);
    const iso = (ms = home.time) => new Date(ms).toISOString();
    const HOUR = 3_600_000;

    /** Two custodians, and an account of the first since now. */
    const setting = async (identifier: string) => {
      const { id: ada } = await resolve(`Ada ${identifier}`);
      const { id: ben } = await resolve(`Ben ${identifier}`);
      const { id } = await capture(ada, identifier);
      const start = iso();
      home.time += 24 * HOUR;
      return { ada, ben, id, start };
    };

    it("are moved to another custodian from now on, by whom the account is captured then", async () => {
      const { ada, ben, id, start } = await setting("+441632960011");
      expect(await move(id, { custodian: "Ben +441632960011" })).toMatchObject({
        id,
        custodian: ben,
        to: null,
      });
      const moved = iso();
      expect(await linksOf(id)).toEqual([
        [ada, start, moved],
        [ben, moved, null],
      ]);
      expect(await capture(ben, "+441632960011")).toEqual({ id });
      await expect(capture(ada, "+441632960011")).rejects.toMatchObject({ code: "conflict" });
      home.time += HOUR;
      await move(id, { custodian: ben });
      expect(await linksOf(id)).toHaveLength(2);
    });

    it("are moved from an instant that is past or to come, and what was said for later is void", async () => {
      const { ada, ben, id, start } = await setting("+441632960012");
      const tomorrow = iso(home.time + 24 * HOUR);
      await move(id, { custodian: ben, from: tomorrow });
      expect(await capture(ada, "+441632960012")).toEqual({ id });
      await expect(capture(ben, "+441632960012")).rejects.toMatchObject({ code: "conflict" });
      const earlier = iso(home.time - HOUR);
      await move(id, { custodian: ben, from: earlier });
      expect(await linksOf(id)).toEqual([
        [ada, start, earlier],
        [ben, earlier, null],
      ]);
      await move(id, { custodian: ada, from: start });
      expect(await linksOf(id)).toEqual([[ada, start, null]]);
    });

    it("end, and the account is made whose it is when it is captured again", async () => {
      const { ada, ben, id, start } = await setting("+441632960013");
      const left = iso(home.time - HOUR);
      expect(await end(id, { to: left })).toMatchObject({ id, custodian: ada, to: left });
      expect(await end(id, { to: left })).toMatchObject({ to: left });
      await expect(end(id)).rejects.toMatchObject({ status: 409 });
      expect(await linksOf(id)).toEqual([[ada, start, left]]);
      expect(await capture(ben, "+441632960013")).toEqual({ id });
      expect(await linksOf(id)).toEqual([
        [ada, start, left],
        [ben, iso(), null],
      ]);
      await expect(end(id, { to: iso() })).rejects.toMatchObject({ code: "conflict" });
    });

    it("end with whatever was to follow", async () => {
      const { ada, ben, id, start } = await setting("+441632960014");
      await move(id, { custodian: ben, from: iso(home.time + HOUR) });
      await end(id);
      expect(await linksOf(id)).toEqual([[ada, start, iso()]]);
    });

    it("are refused for what there is not, and without a reason", async () => {
      const { id } = await setting("+441632960015");
      const nothing = "00000000-0000-4000-8000-000000000000";
      await expect(end(nothing)).rejects.toMatchObject({ status: 404 });
      await expect(move(nothing, { custodian: "Ben +441632960015" })).rejects.toMatchObject({ status: 404 });
      await expect(move(id, { custodian: "Nobody" })).rejects.toMatchObject({ code: "no-such-custodian" });
      await expect(end(id, { reason: " " })).rejects.toMatchObject({ status: 400 });
      await expect(end(id, { to: "0000-01-01" })).rejects.toMatchObject({ status: 400 });
    });
  });

  it("publishes scope rules by hash, with a version that grows, and drops ended ones", async () => {
    const { version } = (await internal.call("get", "/internal/v1/scope")) as { version: number };
    const rule = { effect: "exclude", network: "whatsapp", conversation: "Family", reason: "private" };
    const { id } = (await running.owner.call("post", "/api/v1/scope", { body: rule })) as { id: string };
    const after = (await internal.call("get", "/internal/v1/scope")) as {
      version: number;
      rules: { id: string; conversation: string }[];
    };
    expect(after.version).toBe(version + 1);
    expect(after.rules.map((r) => r.id)).toContain(id);
    expect(JSON.stringify(after)).not.toContain("Family");
    await running.owner.call("post", "/api/v1/scope/:id/end", { params: { id }, body: { reason: "over" } });
    const ended = (await internal.call("get", "/internal/v1/scope")) as {
      version: number;
      rules: { id: string }[];
    };
    expect(ended.version).toBe(version + 2);
    expect(ended.rules.map((r) => r.id)).not.toContain(id);
  });

  it("lets a token in until it is revoked or over, and tells it once", async () => {
    const { id, token } = (await running.owner.call("post", "/api/v1/tokens", {
      body: { name: "Rita Reader", roles: ["auditor"] },
    })) as { id: string; token: string };
    const rita = running.as(token);
    expect(await rita.call("get", "/api/v1/self")).toMatchObject({ name: "Rita Reader", roles: ["auditor"] });
    expect(await internal.call("post", "/internal/v1/introspect", { body: { token } })).toMatchObject({
      name: "Rita Reader",
    });
    expect(JSON.stringify(await running.owner.call("get", "/api/v1/tokens"))).not.toContain(token);
    await running.owner.call("post", "/api/v1/tokens/:id/revoke", { params: { id } });
    await expect(rita.call("get", "/api/v1/self")).rejects.toMatchObject({ status: 401 });
    await expect(internal.call("post", "/internal/v1/introspect", { body: { token } })).rejects.toMatchObject(
      { status: 404 },
    );

    const brief = (await running.owner.call("post", "/api/v1/tokens", {
      body: { name: "Rita Reader", roles: ["auditor"], expiresAt: new Date(home.time + 1_000).toISOString() },
    })) as { token: string };
    expect(await running.as(brief.token).call("get", "/api/v1/self")).toMatchObject({ name: "Rita Reader" });
    home.time += 2_000;
    await expect(running.as(brief.token).call("get", "/api/v1/self")).rejects.toMatchObject({ status: 401 });
  });

  it("keeps the owner's token over a restart, and makes another when it is not good", async () => {
    const before = home.ownerToken;
    await running.stop();
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
    expect(home.ownerToken).toBe(before);
    home.ownerToken = "dbk_" + "A".repeat(43);
    await running.stop();
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
    expect(await running.owner.call("get", "/api/v1/self")).toMatchObject({ name: "Local owner" });
    expect(await running.owner.call("get", "/api/v1/self")).not.toMatchObject({
      roles: expect.arrayContaining(["reviewer"]) as unknown,
    });
  });

  it("opens matters with and without a date, and reads nothing under a closed one", async () => {
    const open = (body: object) =>
      running.owner.call("post", "/api/v1/matters", { body }) as Promise<{ id: string }>;
    const matter = await open({ title: "Quay FOI", kind: "foi" });
    expect(matter).toMatchObject({
      id: expect.any(String) as unknown,
      title: "Quay FOI",
      kind: "foi",
      openedAt: expect.any(String) as unknown,
      due: null,
    });
    expect(await open({ title: "Dated", kind: "sar", due: "2026-04-01" })).toMatchObject({
      due: "2026-04-01T23:59:59.999Z",
    });
    await expect(open({ title: "Bad", kind: "sar", due: "soon" })).rejects.toMatchObject({ status: 400 });
    await running.owner.call("post", "/api/v1/matters/:id/close", { params: { id: matter.id } });
    await expect(
      running.owner.call("get", "/api/v1/search", { query: { q: "x", matter: matter.id } }),
    ).rejects.toMatchObject({
      code: "matter-closed",
    });
    await expect(
      running.owner.call("get", "/api/v1/search", {
        query: { q: "x", matter: "00000000-0000-4000-8000-000000000000" },
      }),
    ).rejects.toMatchObject({ status: 404, code: "no-such-matter" });
  });

  it("holds no name, title or number in clear in any table", async () => {
    const tables = (await home.sql(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'records'",
    )) as string[][];
    let all = "";
    for (const [table] of tables)
      all += JSON.stringify(await home.sql(`SELECT row_to_json(t)::text FROM records.${table} t`));
    const cells = createCells(REGISTRY_KEY);
    expect(cells.open("custodian.name/x", cells.seal("custodian.name/x", "Zoë Harbour"))).toBe("Zoë Harbour");
    for (const secret of ["Harbour", "Quay", "Rita", "1632960001", "Local owner", "private"]) {
      expect(all).not.toContain(secret);
      expect(all).not.toContain(Buffer.from(secret).toString("hex"));
      expect(home.logged.join("")).not.toContain(secret);
    }
  });
});
