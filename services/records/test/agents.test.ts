import { generateKeyPairSync } from "node:crypto";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Offered {
  id: string;
  code: string;
  expiresAt: string;
}

/** A new key of a device, as its agent presents it. */
const newKey = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ type: "spki", format: "der" })
    .toString("base64");

suite("agents on devices", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let capture: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    capture = running.as(INTERNAL_TOKEN);
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const owner = () => running.owner;
  const made = async (identifier: string) => {
    const { id: custodian } = (await owner().call("post", "/api/v1/custodians", {
      body: { name: `Ada ${identifier}` },
    })) as { id: string };
    const { id: device } = (await owner().call("post", "/api/v1/devices", {
      body: { label: `Phone ${identifier}`, reason: "bought" },
    })) as { id: string };
    const body = {
      ...{ kind: "android-sms", network: "sms", identifier, custodian, device },
      reason: "the new phone",
    };
    const offered = (await owner().call("post", "/api/v1/agents", { body })) as Offered;
    return { custodian, device, body, ...offered };
  };
  const enrol = (code: string, key: string) =>
    capture.call("post", "/internal/v1/agents/enrol", { body: { code, key } }) as Promise<{ id: string }>;
  const known = async (id: string) =>
    ((await capture.call("get", "/internal/v1/agents")) as { agents: { id: string }[] }).agents.find(
      (one) => one.id === id,
    );
  const revoke = (id: string, by = owner(), path = "/api/v1/agents/:id/revoke") =>
    by.call("post", path, { params: { id }, body: { reason: "lost on a train" } });

  it("are enrolled by a code once, however it is typed, and are on the device from then on", async () => {
    const { id, code, custodian, device } = await made("+447700900501");
    const key = newKey();
    expect(await known(id)).toBeUndefined();
    await enrol(code.toLowerCase().replaceAll("-", " "), key);
    expect(await known(id)).toEqual({
      id,
      kind: "android-sms",
      key,
      standing: "enrolled",
      account: "+447700900501",
      custodian: { id: custodian, name: "Ada +447700900501" },
    });
    const { uses } = (await owner().call("get", "/api/v1/devices/:id", { params: { id: device } })) as {
      uses: object[];
    };
    expect(uses).toHaveLength(1);
    const listed = (await owner().call("get", "/api/v1/agents", { query: { device } })) as {
      agents: object[];
    };
    expect(listed.agents).toEqual([
      expect.objectContaining({ id, device, custodian, revokedAt: null }) as unknown,
    ]);
    expect(await owner().call("get", "/api/v1/agents/:id", { params: { id } })).toEqual(listed.agents[0]);
    const unknown = owner().call("get", "/api/v1/agents/:id", { params: { id: device } });
    await expect(unknown).rejects.toMatchObject({ code: "not-found" });
    // Its answer was lost.
    expect(await enrol(code, key)).toMatchObject({ id });
    await expect(enrol(code, newKey())).rejects.toMatchObject({ code: "not-found" });
    const facts = (await home.auditEvents()).filter(({ subject }) => subject === id);
    expect(facts.map(({ action }) => action)).toEqual(["agent.offer", "agent.enrol"]);
    expect(JSON.stringify(facts)).not.toContain(code);
  });

  it("refuses a code that is over, a key of another agent, and bytes that are no key", async () => {
    const [first, second] = [await made("+447700900502"), await made("+447700900503")];
    const key = newKey();
    await enrol(first.code, key);
    await expect(enrol(second.code, key)).rejects.toMatchObject({ code: "conflict" });
    await expect(enrol(second.code, "AAAA")).rejects.toMatchObject({ code: "bad-request" });
    await expect(enrol("00000-00000-00000-00000", newKey())).rejects.toMatchObject({ code: "not-found" });
    home.time += 24 * 3_600_000;
    await expect(enrol(second.code, newKey())).rejects.toMatchObject({ code: "not-found" });
  });

  it("are revoked, also by whose phone it was and by nobody else", async () => {
    const [first, second] = [await made("+447700900504"), await made("+447700900505")];
    for (const { code } of [first, second]) await enrol(code, newKey());
    await revoke(first.id);
    await revoke(first.id);
    expect(await known(first.id)).toMatchObject({ standing: "revoked" });
    const spokesperson = async (custodian: string) => {
      const body = { name: "Spokesperson", roles: ["custodian"], custodians: [custodian] };
      const { token } = (await owner().call("post", "/api/v1/tokens", { body })) as { token: string };
      return running.as(token);
    };
    const own = "/api/v1/self/agents/:id/revoke";
    await expect(revoke(second.id, await spokesperson(first.custodian), own)).rejects.toMatchObject({
      code: "not-found",
    });
    await revoke(second.id, await spokesperson(second.custodian), own);
    expect(await known(second.id)).toMatchObject({ standing: "revoked" });
    await expect(enrol(second.code, newKey())).rejects.toBeInstanceOf(ProblemError);
  });

  it("have no account any more when it is another's", async () => {
    const { id, code, body } = await made("+447700900506");
    await enrol(code, newKey());
    const { account } = (
      (await owner().call("get", "/api/v1/agents", { query: { limit: 200 } })) as {
        agents: { id: string; account: string }[];
      }
    ).agents.find((one) => one.id === id)!;
    const other = await made("+447700900507");
    await owner().call("post", "/api/v1/accounts/:id/move", {
      params: { id: account },
      body: { custodian: other.custodian, reason: "the number was passed on" },
    });
    expect(await known(id)).toMatchObject({ standing: "moved", custodian: { name: "Ada +447700900506" } });
    await expect(owner().call("post", "/api/v1/agents", { body })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("are the same after a rebuild from the log", async () => {
    const { id, code } = await made("+447700900508");
    await enrol(code, newKey());
    const before = await home.sql("SELECT * FROM records.agent ORDER BY id");
    const { body } = await owner().download("/api/v1/rebuild", { method: "post" });
    let told = "";
    for await (const chunk of body) told += String(chunk);
    expect(told).toContain('"ok":true');
    await running.stop();
    running = await home.start();
    capture = running.as(INTERNAL_TOKEN);
    expect(await home.sql("SELECT * FROM records.agent ORDER BY id")).toEqual(before);
    expect(await known(id)).toMatchObject({ id });
  });
});
