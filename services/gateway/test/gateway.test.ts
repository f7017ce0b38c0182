import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Postgres, startPostgres } from "@daybook/compose";
import { TOPICS } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { Pool } from "pg";
import { markingsHook } from "../src/index.ts";
import { ACCOUNTS, ISLA, startGateway } from "./support/gateway.ts";

const dir = mkdtempSync(join(tmpdir(), "daybook-gateway-"));
let postgres: Postgres;
let pool: Pool;
let gateway: Awaited<ReturnType<typeof startGateway>>;

beforeAll(async () => {
  const log = createLogger("gateway", "fatal", { stream: new PassThrough().resume() });
  postgres = await startPostgres({ dataDir: join(dir, "postgres"), log });
  pool = new Pool({ ...postgres.connection, max: 3 });
  // Its connections may be there still when PostgreSQL stops.
  pool.on("error", () => undefined);
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(async () => {
  await gateway.close();
  await pool.query("DROP SCHEMA gateway CASCADE");
});

const TEXT = "The minister will sign on Thursday.";
const body = (over: object = {}) => ({ account: ACCOUNTS.islas.id, conversation: "c1", text: TEXT, ...over });
const send = (over: object = {}, who: "office" | "other" = "office") =>
  gateway.as(who).call("post", "/api/v1/messages", { body: body(over) });
const look = (id: string, who: "office" | "other" = "office") =>
  gateway.as(who).call("get", "/api/v1/messages/:id", { params: { id } });
const tell = (id: string, outcome: object) =>
  gateway.as("services").call("post", "/internal/v1/outbound/:id", { params: { id }, body: { outcome } });

describe("a message that an office writes", () => {
  it("is on record, and on its way under the account's own name, once it is answered", async () => {
    gateway = await startGateway(pool);
    const id = randomUUID();

    expect(await send({ id })).toMatchObject({ id, state: "queued", expiresAt: "2026-03-04T12:15:00.000Z" });
    expect(gateway.audits.map(({ event }) => event.audit)).toEqual([
      {
        actor: "office-1",
        action: "message.send",
        subject: id,
        detail: { network: "signal", account: ACCOUNTS.islas.id, custodian: ISLA.id, conversation: "c1" },
      },
    ]);
    expect(gateway.outbounds).toEqual([
      {
        v: 1,
        id,
        network: "signal",
        account: "account-1",
        custodian: ISLA,
        conversation: "c1",
        text: TEXT,
        by: { id: "office-1", name: "Private office" },
        requestedAt: "2026-03-04T12:00:00.000Z",
        expiresAt: "2026-03-04T12:15:00.000Z",
      },
    ]);
  });

  it("tells what became of it: the first answer stands", async () => {
    gateway = await startGateway(pool);
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
    await send({ id: one });
    await send({ id: two, text: "another" });
    await send({ id: three, text: "to a group" });
    await tell(one, { state: "sent", networkId: "n1" });
    await tell(three, { state: "sent", networkId: "n3", why: "It did not reach 1 of 2 members" });
    await tell(one, { state: "failed", code: "unknown", why: "later" });
    await tell(two, { state: "failed", code: "challenge", why: "the network wants to see a person" });

    expect(await look(one)).toMatchObject({ state: "sent", why: null });
    expect(await look(three)).toMatchObject({ state: "sent", why: "It did not reach 1 of 2 members" });
    expect(await look(two)).toMatchObject({
      state: "failed",
      code: "challenge",
      why: "the network wants to see a person",
    });
    await tell(randomUUID(), { state: "sent", networkId: "n" });
  });

  it("that nobody answers for is told as that, after its time", async () => {
    gateway = await startGateway(pool);
    const id = randomUUID();
    await send({ id });
    gateway.clock.now = new Date("2026-03-04T12:16:01.000Z");

    expect(await look(id)).toMatchObject({ state: "unanswered" });
  });

  it.each(["lost", "kept"] as const)(
    "is one message when it is repeated: the stream's answer was %s",
    async (fault) => {
      gateway = await startGateway(pool);
      for (const topic of [TOPICS.audit, TOPICS.outbound]) gateway.faults[topic]!.push(fault);
      const id = randomUUID();

      await expect(send({ id })).rejects.toMatchObject({ code: "unavailable", status: 503 });
      await expect(send({ id })).rejects.toMatchObject({ code: "unavailable" });
      gateway.clock.now = new Date("2026-03-04T12:01:00.000Z");
      expect(await send({ id })).toMatchObject({ state: "queued", requestedAt: "2026-03-04T12:00:00.000Z" });
      expect(await send({ id })).toMatchObject({ state: "queued" });
      expect(new Set(gateway.outbounds.map((one) => JSON.stringify(one))).size).toBe(1);
      expect(gateway.outbounds).toHaveLength(fault === "kept" ? 2 : 1);
    },
  );

  it("says on record, and to the connector, that its writer has confirmed a new safety number", async () => {
    gateway = await startGateway(pool);
    const id = randomUUID();
    await send({ id, acceptsNewIdentity: true });

    expect(gateway.audits[0]?.event.audit?.detail).toMatchObject({ newIdentity: "confirmed" });
    expect(gateway.outbounds).toMatchObject([{ id, acceptsNewIdentity: true }]);
    await expect(send({ id })).rejects.toMatchObject({ code: "conflict" });
  });

  it("must not share its id with another", async () => {
    gateway = await startGateway(pool);
    const id = randomUUID();
    await send({ id });

    await expect(send({ id, text: "another" })).rejects.toMatchObject({ code: "conflict", status: 409 });
    expect(gateway.outbounds).toHaveLength(1);
  });

  it.each([
    ["of somebody for whom they do not speak", { account: ACCOUNTS.morags.id }, "not-yours", 403],
    ["that is nobody's any more", { account: ACCOUNTS.ended.id }, "not-yours", 403],
    ["of which an export was supplied", { account: ACCOUNTS.supplied.id }, "cannot-send", 409],
    ["that there is not", { account: randomUUID() }, "no-such-account", 404],
  ])("cannot come from an account %s", async (_, over, code, status) => {
    gateway = await startGateway(pool);

    await expect(send(over)).rejects.toMatchObject({ code, status });
    expect([gateway.audits, gateway.outbounds]).toEqual([[], []]);
  });

  it("is nobody else's to send or to see", async () => {
    gateway = await startGateway(pool);
    const id = randomUUID();
    await send({ id });

    await expect(send({}, "other")).rejects.toMatchObject({ code: "not-yours" });
    await expect(look(id, "other")).rejects.toMatchObject({ code: "no-such-message", status: 404 });
  });

  it.each([
    { text: "" },
    { text: " \n " },
    { text: "x".repeat(20_001) },
    { conversation: "" },
    { id: "1" },
    { to: "x" },
  ])("is refused where it has no form: %#", async (over) => {
    gateway = await startGateway(pool);

    await expect(send(over)).rejects.toMatchObject({ status: 400 });
  });

  it("leaves what it says in no log and in no table", async () => {
    gateway = await startGateway(pool);
    await send();
    gateway.faults[TOPICS.outbound]!.push("lost");
    await expect(send()).rejects.toMatchObject({ code: "unavailable" });
    const { rows } = await pool.query("SELECT * FROM gateway.message");

    expect(rows).toHaveLength(2);
    for (const kept of [JSON.stringify(rows), gateway.logged.join("")]) {
      expect(kept).not.toMatch(/minister|Thursday|Isla|Private office|"c1"/);
    }
  });
});

describe("policy", () => {
  it("refuses by the first hook that does, on record, and nothing is sent", async () => {
    const asked: string[] = [];
    const hook = (name: string, why?: string) => ({
      name,
      refusal: () => {
        asked.push(name);
        return why;
      },
    });
    gateway = await startGateway(pool, {
      policy: [hook("one"), hook("two", "not on a Sunday"), hook("three")],
    });
    const id = randomUUID();

    await expect(send({ id })).rejects.toMatchObject({
      code: "refused-by-policy",
      status: 403,
      detail: "not on a Sunday",
    });
    expect(asked).toEqual(["one", "two"]);
    expect(gateway.outbounds).toEqual([]);
    expect(gateway.audits.map(({ event }) => event.audit)).toMatchObject([
      { action: "message.refuse", subject: id, detail: { hook: "two", why: "not on a Sunday" } },
    ]);
    await expect(look(id)).rejects.toMatchObject({ code: "no-such-message" });
  });

  it("that cannot be asked refuses", async () => {
    const refusal = () => Promise.reject(new Error(`what it says: ${TEXT}`));
    gateway = await startGateway(pool, { policy: [{ name: "remote", refusal }] });

    await expect(send()).rejects.toMatchObject({ code: "refused-by-policy" });
    expect(gateway.logged.join("")).not.toContain(TEXT);
  });

  it("bounds how often an account sends, and a refused one may be sent later", async () => {
    gateway = await startGateway(pool, { perMinute: 2 });
    const id = randomUUID();
    await send();
    await send();
    await expect(send({ id })).rejects.toMatchObject({ code: "refused-by-policy" });
    gateway.clock.now = new Date("2026-03-04T12:01:00.001Z");

    expect(await send({ id })).toMatchObject({ state: "queued" });
  });

  it("keeps marked text inside", async () => {
    gateway = await startGateway(pool, { policy: [markingsHook(["SECRET", "OFFICIAL-SENSITIVE"])] });

    await expect(send({ text: "OFFICIAL-SENSITIVE: the list" })).rejects.toMatchObject({
      detail: "the text is marked OFFICIAL-SENSITIVE: it must not leave on this network",
    });
    expect(await send({ text: "It is no secret." })).toMatchObject({ state: "queued" });
  });
});
