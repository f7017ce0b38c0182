import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Id {
  id: string;
}
interface Held {
  holding: string;
  custodian: { id: string; name: string };
  kind: string;
  from: string;
  to: string | null;
}

suite("posts over time", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    owner = running.owner;
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const person = async (name: string) =>
    (await owner.call("post", "/api/v1/custodians", { body: { name } })) as Id;
  const post = async (title: string) =>
    (await owner.call("post", "/api/v1/posts", { body: { title, reason: "made" } })) as Id;
  const hold = (id: string, body: object) =>
    owner.call("post", "/api/v1/posts/:id/holdings", {
      params: { id },
      body: { reason: "appointed", ...body },
    }) as Promise<Held>;
  const act = (path: string, id: string, body: object) =>
    owner.call("post", path, { params: { id }, body: { reason: "so it was", ...body } });
  const holders = async (id: string, query: Record<string, string>) =>
    ((await owner.call("get", "/api/v1/posts/:id/holders", { params: { id }, query })) as { holders: Held[] })
      .holders;

  it("begin and end at midnight where the body is, summer and winter", async () => {
    const { id } = await post("Minister for Ports");
    const ada = await person("Ada Ports");
    const held = await hold(id, { custodian: "Ada Ports", from: "2026-01-10", to: "2026-06-10" });
    expect(held).toMatchObject({ from: "2026-01-10T00:00:00.000Z", to: "2026-06-09T23:00:00.000Z" });
    expect(await holders(id, { at: "2026-06-09T22:59:59.999Z" })).toEqual([
      expect.objectContaining({ custodian: { id: ada.id, name: "Ada Ports" } }),
    ]);
    expect(await holders(id, { at: "2026-06-09T23:00:00.000Z" })).toEqual([]);
    expect(await holders(id, { from: "2026-06-01", to: "2026-07-01" })).toHaveLength(1);
    for (const query of [{ from: "2026-07-01", to: "2026-06-01" }, { at: "9999-12-31T23:59:59.999Z" }])
      await expect(holders(id, query)).rejects.toMatchObject({ status: 400 });
  });

  it("have one holder in their own right at once, others acting, or several who share", async () => {
    const { id } = await post("Permanent Secretary");
    await person("Ben First");
    await person("Cy Second");
    const first = await hold(id, { custodian: "Ben First", from: "2026-01-01", to: "2026-02-01" });
    await expect(hold(id, { custodian: "Cy Second", from: "2026-01-31" })).rejects.toMatchObject({
      status: 409,
      code: "conflict",
    });
    await expect(
      hold(id, { custodian: "Cy Second", from: "2026-01-31", kind: "job-share" }),
    ).rejects.toMatchObject({ code: "conflict" });
    await hold(id, { custodian: "Cy Second", from: "2026-01-20", to: "2026-02-01", kind: "acting" });
    await expect(
      hold(id, { custodian: "Ben First", from: "2026-01-05", kind: "acting" }),
    ).rejects.toMatchObject({ code: "conflict" });
    await act("/api/v1/holdings/:id/correct", first.holding, { kind: "job-share" });
    await person("Di Third");
    await hold(id, { custodian: "Di Third", from: "2026-01-10", kind: "job-share" });
    await hold(id, { custodian: "Cy Second", from: "2026-02-01", kind: "job-share" });
    expect(await holders(id, { at: "2026-01-25" })).toHaveLength(3);
  });

  it("are kept apart by PostgreSQL itself", async () => {
    const { id } = await post("Refused");
    const { id: who } = await person("Eve Refused");
    const { id: other } = await person("Fay Refused");
    const insert = (custodian: string, from: string, to: string, kind: string) =>
      home.sql("INSERT INTO records.holding VALUES (gen_random_uuid(), $1, $2, tstzrange($3, $4), $5)", [
        id,
        custodian,
        from,
        to,
        kind,
      ]);
    await insert(who, "2026-01-01", "2026-02-01", "substantive");
    await insert(other, "2026-02-01", "2026-03-01", "substantive");
    await expect(insert(other, "2026-01-31", "2026-02-01", "substantive")).rejects.toThrow();
    await expect(insert(other, "2026-01-31", "2026-02-01", "job-share")).rejects.toThrow();
    await expect(insert(who, "2026-01-31", "2026-02-02", "acting")).rejects.toThrow();
    await insert(other, "2026-01-31", "2026-02-01", "acting");
    await home.sql("DELETE FROM records.holding WHERE post = $1", [id]);
  });

  it("tell what somebody was at an instant, and that a change is near", async () => {
    const [one, two] = [await post("Adviser one"), await post("Adviser two")];
    const { id: gus } = await person("Gus Mover");
    await hold(one.id, { custodian: "Gus Mover", from: "2026-01-01", to: "2026-02-01" });
    const second = await hold(two.id, { custodian: "Gus Mover", from: "2026-02-01" });
    const at = async (instant: string) =>
      (await owner.call("get", "/api/v1/custodians/:id/posts", {
        params: { id: gus },
        query: { at: instant },
      })) as { posts: { title: string }[]; nearChange: boolean };
    expect(await at("2026-01-15")).toMatchObject({ posts: [{ title: "Adviser one" }], nearChange: false });
    expect(await at("2026-01-31T00:00:00Z")).toMatchObject({
      posts: [{ title: "Adviser one" }],
      nearChange: true,
    });
    expect(await at("2026-01-30T23:59:59.999Z")).toMatchObject({ nearChange: false });
    expect(await at("2026-02-01T00:00:00Z")).toMatchObject({
      posts: [{ title: "Adviser two" }],
      nearChange: true,
    });
    expect(await at("2025-12-01")).toMatchObject({ posts: [], nearChange: false });
    await act("/api/v1/holdings/:id/void", second.holding, {});
    expect(await at("2026-03-01")).toMatchObject({ posts: [] });
  });

  it("are corrected by a second fact, which says before and after and why", async () => {
    const { id } = await post("Corrected");
    await person("Hal Corrected");
    const { holding } = await hold(id, { custodian: "Hal Corrected", from: "2026-01-01" });
    await act("/api/v1/holdings/:id/end", holding, { to: "2026-05-01" });
    await act("/api/v1/holdings/:id/end", holding, { to: "2026-05-01" });
    await act("/api/v1/holdings/:id/correct", holding, { from: "2026-02-01", reason: "typed wrongly" });
    await expect(act("/api/v1/holdings/:id/end", holding, { to: "2026-01-01" })).rejects.toMatchObject({
      status: 400,
    });
    await expect(
      act("/api/v1/holdings/:id/end", holding, { to: "2026-05-01", reason: " " }),
    ).rejects.toMatchObject({
      status: 400,
    });
    const facts = (await home.auditEvents()).filter(({ subject }) => subject === holding);
    expect(facts.map(({ action }) => action)).toEqual(["holding.add", "holding.change", "holding.change"]);
    expect(facts[2]?.detail).toMatchObject({
      before: { from: "2026-01-01T00:00:00.000Z", to: "2026-04-30T23:00:00.000Z" },
      after: { from: "2026-02-01T00:00:00.000Z", to: "2026-04-30T23:00:00.000Z" },
      reason: "typed wrongly",
    });
  });

  it("are called otherwise without a second of the same title", async () => {
    const { id } = await post("Old title");
    await post("Taken title");
    const change = (body: object) => act("/api/v1/posts/:id", id, body);
    expect(await change({ title: "New title", group: "senior", capstone: true })).toMatchObject({
      title: "New title",
      group: "senior",
      capstone: true,
    });
    await expect(change({ title: "  taken TITLE " })).rejects.toMatchObject({ code: "conflict" });
    expect(await owner.call("get", "/api/v1/posts/:id", { params: { id } })).toMatchObject({
      title: "New title",
      holdings: [],
    });
  });

  it("go with somebody who leaves, as do accounts and the devices that they are on", async () => {
    const { id: post_ } = await post("Left behind");
    const { id } = await person("Ida Leaver");
    await hold(post_, { custodian: "Ida Leaver", from: "2026-01-01" });
    const account = (await owner.call("post", "/api/v1/accounts", {
      body: {
        network: "sms",
        method: "carrier",
        identifier: "+447700900301",
        custodian: "Ida Leaver",
        from: "2026-01-01",
        reason: "joined",
      },
    })) as Id;
    const device = (await owner.call("post", "/api/v1/devices", {
      body: { label: "Phone 301", reason: "bought" },
    })) as Id;
    await act("/api/v1/devices/:id/use", device.id, { account: account.id, from: "2026-01-01" });
    const state = async () =>
      (await owner.call("get", "/api/v1/custodians/:id", { params: { id } })) as {
        state: string;
        holdings: Held[];
        accounts: { links: unknown[] }[];
        uses: { to: string | null }[];
      };
    expect((await state()).state).toBe("linked");
    const to = "2026-03-01T00:00:00.000Z";
    await act("/api/v1/custodians/:id/leave", id, { to });
    await act("/api/v1/custodians/:id/leave", id, { to });
    await expect(act("/api/v1/custodians/:id/leave", id, {})).rejects.toMatchObject({ code: "conflict" });
    expect(await state()).toMatchObject({
      state: "left",
      leftAt: to,
      holdings: [{ to }],
      accounts: [{ links: [{ to }] }],
      uses: [{ to }],
    });
    await act("/api/v1/custodians/:id/return", id, {});
    expect(await state()).toMatchObject({ state: "expected", leftAt: null, holdings: [{ to }] });
    expect(await act("/api/v1/custodians/:id/rename", id, { name: "Ida Returned" })).toMatchObject({
      name: "Ida Returned",
    });
    expect(
      await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/custodians/resolve", {
        body: { name: "ida returned", actor: "test" },
      }),
    ).toMatchObject({ id });
  });

  it("are changed by records officers and administrators alone", async () => {
    const auditor = await running.person("Aud Itor", ["auditor"]);
    await expect(
      auditor.call("post", "/api/v1/posts", { body: { title: "No", reason: "no" } }),
    ).rejects.toMatchObject({ status: 403 });
    expect(await auditor.call("get", "/api/v1/posts", {})).toMatchObject({ next: null });
    const custodian = await running.person("Cus Todian", ["custodian"]);
    await expect(custodian.call("get", "/api/v1/posts")).rejects.toMatchObject({ status: 403 });
  });
});
