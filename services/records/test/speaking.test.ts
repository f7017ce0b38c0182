import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("whoever speaks for custodians", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let internal: ApiClient;
  const custodians = new Map<string, string>();
  const accounts = new Map<string, string>();

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
    for (const [name, identifier] of [
      ["Isla Brennan", "+447700900103"],
      ["Morag Sutherland", "+447700900101"],
    ] as const) {
      const { id } = (await internal.call("post", "/internal/v1/custodians/resolve", {
        body: { name, create: true, actor: "test" },
      })) as { id: string };
      const account = (await internal.call("post", "/internal/v1/accounts/resolve", {
        body: { custodian: id, network: "signal", method: "linked-device", identifier, actor: "test" },
      })) as { id: string };
      custodians.set(name, id);
      accounts.set(name, account.id);
    }
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const office = async (...speaksFor: string[]) => {
    const { token } = (await running.owner.call("post", "/api/v1/tokens", {
      body: { name: "Private office", roles: ["custodian"], custodians: speaksFor },
    })) as { token: string };
    return token;
  };

  it("is told whom, and through which accounts; also once the registry is made again of the log", async () => {
    const token = await office("isla brennan", custodians.get("Isla Brennan")!);
    const isla = custodians.get("Isla Brennan")!;
    const look = async () => ({
      introspected: await internal.call("post", "/internal/v1/introspect", { body: { token } }),
      self: await running.as(token).call("get", "/api/v1/self"),
      own: await running.as(token).call("get", "/api/v1/self/accounts"),
    });

    expect(await look()).toMatchObject({
      introspected: { name: "Private office", custodians: [isla] },
      self: { custodians: [isla], zone: "Europe/London" },
      own: {
        custodians: [{ id: isla, name: "Isla Brennan" }],
        accounts: [{ id: accounts.get("Isla Brennan"), identifier: "+447700900103", custodian: isla }],
      },
    });
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
    expect(await look()).toMatchObject({ introspected: { custodians: [isla] } });
  });

  it("speaks for nobody, unless that is said", async () => {
    const token = await office();

    expect(await running.as(token).call("get", "/api/v1/self/accounts")).toMatchObject({
      custodians: [],
      accounts: [],
    });
  });

  it("cannot speak for somebody who is not known", async () => {
    await expect(office("Nobody Atall")).rejects.toMatchObject({ code: "no-such-custodian", status: 404 });
  });

  it("loses an account with the custodian who loses it", async () => {
    const token = await office("Morag Sutherland");
    const id = accounts.get("Morag Sutherland")!;
    const now = () => internal.call("get", "/internal/v1/accounts/:id", { params: { id } });
    expect(await now()).toMatchObject({
      id,
      network: "signal",
      identifier: "+447700900101",
      custodian: { name: "Morag Sutherland" },
    });
    await running.owner.call("post", "/api/v1/accounts/:id/end", {
      params: { id },
      body: { reason: "moved on", to: "2026-03-10T12:00:01.000Z" },
    });
    home.time += 60_000;

    expect(await now()).toMatchObject({ id, custodian: null });
    expect(await running.as(token).call("get", "/api/v1/self/accounts")).toMatchObject({ accounts: [] });
    await expect(
      internal.call("get", "/internal/v1/accounts/:id", { params: { id: custodians.get("Isla Brennan")! } }),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});
