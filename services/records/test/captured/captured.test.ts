import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;
const NUMBER = "+447700900501";

interface Account {
  readonly id: string;
  readonly total: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly days: readonly { day: string; kind: string; records: number }[];
  readonly coverage: readonly { from: string; to: string; state: string }[];
  readonly gaps: readonly { why: string | null }[];
}

suite("what was captured of somebody", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let internal: ApiClient;
  let ada: string;
  let bea: string;
  let account: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
    [ada, bea] = [await custodian("Ada"), await custodian("Bea")];
    home.time = Date.parse(at("05", "08:00"));
    account = (
      (await internal.call("post", "/internal/v1/accounts/resolve", {
        body: { custodian: ada, network: "sms", method: "carrier", identifier: NUMBER, actor: "test" },
      })) as { id: string }
    ).id;
    home.time = Date.parse(at("09", "12:00"));
    // The number was handed on.
    await running.owner.call("post", "/api/v1/accounts/:id/move", {
      params: { id: account },
      body: { custodian: bea, from: at("08", "00:00"), reason: "handed on" },
    });
    const sms = { network: "sms", method: "carrier", provenance: "captured", account: NUMBER } as const;
    const of = (id: string, name: string) => ({ ...sms, custodian: { id, name } });
    const coverage = { ...sms, kind: "coverage", sender: undefined, text: undefined } as const;
    await home.capture(
      { ...of(ada, "Ada"), sentAt: at("06", "09:00") },
      { ...of(ada, "Ada"), sentAt: at("06", "10:00") },
      { ...of(ada, "Ada"), kind: "delete", text: undefined, sentAt: at("07", "23:30") },
      { ...of(bea, "Bea"), sentAt: at("09", "09:00") },
      { ...coverage, coverage: { from: at("06", "00:00"), to: at("07", "00:00"), state: "live" } },
      { ...coverage, coverage: { from: at("08", "06:00"), to: at("08", "12:00"), state: "down" } },
      {
        ...coverage,
        kind: "gap",
        gap: { from: at("08", "06:00"), to: at("08", "12:00"), why: "the carrier was down" },
      },
    );
    await running.owner.call("post", "/api/v1/devices", {
      body: { label: "Asset 7", ownership: "corporate", reason: "issued" },
    });
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  function at(day: string, time: string): string {
    return `2026-03-${day}T${time}:00.000Z`;
  }
  const custodian = async (name: string) =>
    ((await running.owner.call("post", "/api/v1/custodians", { body: { name } })) as { id: string }).id;
  async function person(name: string, ...custodians: string[]): Promise<ApiClient> {
    const body = { name, roles: ["custodian"], custodians };
    const { token } = (await running.owner.call("post", "/api/v1/tokens", { body })) as { token: string };
    return running.as(token);
  }
  const shown = async (client: ApiClient, query: object = { from: "2026-03-05", to: "2026-03-10" }) =>
    (
      (await client.call("get", "/api/v1/self/coverage", { query: query as Record<string, string> })) as {
        accounts: Account[];
      }
    ).accounts;

  it("is told by day and kind, from the first to the last, with when Daybook heard", async () => {
    const [one, ...others] = await shown(await person("Ada", ada));
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      id: account,
      identifier: NUMBER,
      custodian: { id: ada, name: "Ada" },
      to: at("08", "00:00"),
      total: 3,
      first: at("06", "09:00"),
      last: at("07", "23:30"),
      days: [
        { day: "2026-03-06", kind: "message", records: 2 },
        { day: "2026-03-07", kind: "delete", records: 1 },
      ],
    });
    expect(one!.coverage.map(({ state }) => state)).toContain("live");
  });

  it("is nothing of what an account was while it was another's", async () => {
    const [mine] = await shown(await person("Bea", bea));
    expect(mine).toMatchObject({ total: 1, first: at("09", "09:00"), from: at("08", "00:00"), to: null });
    expect(mine!.coverage.map(({ state }) => state)).not.toContain("live");
    expect(mine!.gaps).toEqual([
      { from: at("08", "06:00"), to: at("08", "12:00"), why: "the carrier was down" },
    ]);
    const [hers] = await shown(await person("Ada again", ada));
    expect(hers!.gaps).toEqual([]);
    expect(hers!.coverage.every(({ to }) => to <= at("08", "00:00"))).toBe(true);
  });

  it("is told to whoever speaks for several, of each of them, and to nobody else", async () => {
    expect(await shown(await person("Office", ada, bea))).toHaveLength(2);
    expect(await shown(await person("Nobody"))).toEqual([]);
  });

  it("is told of a period alone, of which there is a longest", async () => {
    const client = await person("Ada of old", ada);
    const [one] = await shown(client, { from: "2026-03-07", to: "2026-03-08" });
    expect(one).toMatchObject({ total: 3, days: [{ day: "2026-03-07" }] });
    for (const query of [
      { from: "2026-03-08", to: "2026-03-07" },
      { from: "2025-03-08", to: "2026-03-07" },
    ])
      await expect(shown(client, query)).rejects.toMatchObject({ status: 400, code: "bad-request" });
  });

  it("names the devices that their accounts were on, for as long as those were theirs", async () => {
    const { devices } = (await running.owner.call("get", "/api/v1/devices")) as { devices: { id: string }[] };
    const [{ id: device }] = devices as [{ id: string }];
    await running.owner.call("post", "/api/v1/devices/:id/use", {
      params: { id: device },
      body: { account, from: at("05", "09:00"), reason: "issued" },
    });
    const mine = async (client: ApiClient) =>
      ((await client.call("get", "/api/v1/self/devices")) as { devices: object[] }).devices;
    const theirs = { id: device, label: "Asset 7", ownership: "corporate", account };
    expect(await mine(await person("Ada", ada))).toEqual([
      { ...theirs, from: at("05", "09:00"), to: at("08", "00:00") },
    ]);
    expect(await mine(await person("Bea", bea))).toEqual([{ ...theirs, from: at("08", "00:00"), to: null }]);
    expect(await mine(await person("Nobody"))).toEqual([]);
  });
});
