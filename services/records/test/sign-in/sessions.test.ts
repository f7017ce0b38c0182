import { createHash } from "node:crypto";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";
import { acts, ORIGIN } from "./support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

(hasPostgres ? describe : describe.skip)("a session", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  const { self, signIn, somebody } = acts(() => running);
  const over = { status: 401, code: "unauthenticated" };
  const start = async () => {
    running = await home.start({ signIn: { origin: ORIGIN, limits: { perMinute: 10_000 } } });
  };

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    await start();
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const sessionsOf = async (token: string) =>
    (
      (await running.as(token).call("get", "/api/v1/self/sessions")) as {
        sessions: { id: string; how: string; current: boolean; endsAt: string; seenAt: string }[];
      }
    ).sessions;

  it("is kept as a hash, and stands in no table, event or line of the log", async () => {
    const { signed } = await somebody("Hashed", ["auditor"]);
    expect(signed.token).toMatch(/^dbss_[A-Za-z0-9_-]{43}$/);
    const [kept] = await home.sql("SELECT encode(hash, 'hex') FROM records.session WHERE person = $1", [
      signed.person.id,
    ]);
    expect(kept).toEqual([createHash("sha256").update(signed.token).digest("hex")]);
    const tables = (await home.sql(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'records'",
    )) as string[][];
    let all = JSON.stringify(await home.auditEvents()) + home.logged.join("");
    for (const [table] of tables)
      all += JSON.stringify(await home.sql(`SELECT row_to_json(t)::text FROM records.${table} t`));
    const secret = signed.token.slice("dbss_".length);
    expect(all).not.toContain(secret);
    expect(all).not.toContain(Buffer.from(secret, "base64url").toString("hex"));
    expect(all).not.toContain(Buffer.from(signed.token).toString("hex"));
  });

  it("is known to the other services, and begins and ends with an audit event", async () => {
    const { signed } = await somebody("Audited", ["auditor"]);
    const internal = running.as(INTERNAL_TOKEN);
    const asked = () => internal.call("post", "/internal/v1/introspect", { body: { token: signed.token } });
    expect(await asked()).toMatchObject({ id: signed.person.id, roles: ["auditor"] });
    const [{ id } = { id: "" }] = await sessionsOf(signed.token);
    const { person } = signed;
    expect(await home.auditEvents()).toContainEqual({
      actor: person.id,
      action: "session.start",
      subject: person.id,
      detail: { session: id, how: "passkey" },
    });
    await running.as(signed.token).call("post", "/api/v1/self/sessions/end");
    expect((await home.auditEvents()).at(-1)).toEqual({
      actor: person.id,
      action: "session.end",
      subject: person.id,
      detail: { session: id, why: "signed-out" },
    });
    await expect(self(signed.token)).rejects.toMatchObject(over);
    await expect(asked()).rejects.toMatchObject({ status: 404 });
  });

  it("ends when nothing was asked in it for half an hour, and not while something is", async () => {
    const { signed } = await somebody("Idle", ["auditor"]);
    for (let i = 0; i < 5; i += 1) {
      home.time += 29 * MINUTE_MS;
      await self(signed.token);
    }
    home.time += 30 * MINUTE_MS;
    await expect(self(signed.token)).rejects.toMatchObject(over);
  });

  it("ends after twelve hours, whatever is asked in it", async () => {
    const { signed } = await somebody("Busy", ["auditor"]);
    const began = home.time;
    expect(signed.endsAt).toBe(new Date(began + 12 * HOUR_MS).toISOString());
    while (home.time + 20 * MINUTE_MS < began + 12 * HOUR_MS) {
      home.time += 20 * MINUTE_MS;
      await self(signed.token);
    }
    home.time = began + 12 * HOUR_MS;
    await expect(self(signed.token)).rejects.toMatchObject(over);
  });

  it("that is over is taken away, with an event that says why", async () => {
    const { signed } = await somebody("Swept", ["auditor"]);
    home.time += 31 * MINUTE_MS;
    await running.stop();
    await start();
    await home.archiver.archived("audit", 1);
    let left: unknown[] = [];
    do left = await home.sql("SELECT FROM records.session WHERE person = $1", [signed.person.id]);
    while (left.length > 0);
    expect(await home.auditEvents()).toContainEqual(
      expect.objectContaining({
        actor: "daybook",
        action: "session.end",
        subject: signed.person.id,
        detail: { session: expect.any(String) as unknown, why: "idle" },
      }),
    );
  });

  it("is never one that somebody chose before: each sign-in makes another", async () => {
    const { authenticator, signed } = await somebody("Fixated", ["auditor"]);
    const second = await signIn(authenticator);
    expect(second.token).not.toBe(signed.token);
    await expect(self(`dbss_${"A".repeat(43)}`)).rejects.toMatchObject(over);
    expect(await sessionsOf(second.token)).toHaveLength(2);
  });

  it("is listed, and ended from another, or everywhere at once", async () => {
    const { authenticator, signed } = await somebody("Everywhere", ["auditor"]);
    home.time += 1_000;
    const second = await signIn(authenticator);
    home.time += 1_000;
    const third = await signIn(authenticator);
    const listed = await sessionsOf(third.token);
    expect(listed.map(({ current }) => current)).toEqual([true, false, false]);
    await running.as(third.token).call("post", "/api/v1/self/sessions/:id/end", {
      params: { id: listed[2]!.id },
    });
    await expect(self(signed.token)).rejects.toMatchObject(over);
    expect(await running.as(third.token).call("post", "/api/v1/self/sessions/end-all")).toEqual({ ended: 2 });
    for (const { token } of [second, third]) await expect(self(token)).rejects.toMatchObject(over);
  });

  it("of another person cannot be ended", async () => {
    const one = await somebody("One Session", ["auditor"]);
    const two = await somebody("Two Session", ["auditor"]);
    const [{ id } = { id: "" }] = await sessionsOf(one.signed.token);
    await expect(
      running.as(two.signed.token).call("post", "/api/v1/self/sessions/:id/end", { params: { id } }),
    ).rejects.toMatchObject({ status: 404 });
    await self(one.signed.token);
  });

  it("does not begin while its event is not durable", async () => {
    const { authenticator, id } = await somebody("Lost", ["auditor"]);
    const count = async () => (await home.sql("SELECT FROM records.session WHERE person = $1", [id])).length;
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(signIn(authenticator)).rejects.toMatchObject({ status: 503 });
    expect(await count()).toBe(1);
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(signIn(authenticator)).rejects.toMatchObject({ status: 503 });
    expect(await count()).toBe(1);
    home.stream.faults.push("kept", "lost", "kept");
    await signIn(authenticator);
    expect(await count()).toBe(2);
  });

  it("works no more though its end could not be recorded", async () => {
    const { signed } = await somebody("Unrecorded", ["auditor"]);
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(running.as(signed.token).call("post", "/api/v1/self/sessions/end")).rejects.toMatchObject({
      status: 503,
    });
    await expect(self(signed.token)).rejects.toMatchObject(over);
  });
});
