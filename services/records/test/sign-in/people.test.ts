import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { PROJECTIONS } from "../../src/schema.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";
import { acts, ORIGIN } from "./support.ts";

const LOST = ["lost", "lost", "lost", "lost", "lost"] as const;
const KEPT = ["kept", "kept", "kept", "kept", "kept"] as const;

(hasPostgres ? describe : describe.skip)("a person", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  const { add, accept, self, signIn, somebody } = acts(() => running);
  const start = async () => {
    running = await home.start({ signIn: { origin: ORIGIN, limits: { perMinute: 10_000 } } });
  };

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { segmentRecords: 3 });
    await start();
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const about = (id: string, what: string, body?: object, by: ApiClient = running.owner) =>
    by.call("post", `/api/v1/persons/:id/${what}`, { params: { id }, ...(body && { body }) });
  const persons = async () =>
    (
      (await running.owner.call("get", "/api/v1/persons")) as {
        persons: { name: string; endedAt: unknown }[];
      }
    ).persons;
  const custodian = async (name: string) =>
    (
      (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/custodians/resolve", {
        body: { name, create: true, actor: "test" },
      })) as { id: string }
    ).id;
  const projections = async () => {
    const tables: Record<string, unknown> = {};
    for (const table of PROJECTIONS)
      tables[table] = await home.sql(`SELECT t::text FROM records.${table} t ORDER BY 1`);
    return tables;
  };

  it("is listed with what they may do, a page at a time", async () => {
    const ada = await custodian("Ada");
    for (const name of ["One", "Two", "Three"]) {
      home.time += 1_000;
      await add(name, ["custodian"], { custodians: [ada] });
    }
    const page = async (query: object) =>
      (await running.owner.call("get", "/api/v1/persons", { query: { limit: 2, ...query } })) as {
        persons: { name: string }[];
        next: string | null;
      };
    const first = await page({});
    expect(first.persons).toEqual([
      expect.objectContaining({ name: "One", roles: ["custodian"], custodians: [ada], passkeys: 0 }),
      expect.objectContaining({ name: "Two", endedAt: null, directory: false }),
    ]);
    const second = await page({ cursor: first.next });
    expect(second).toMatchObject({ persons: [{ name: "Three" }], next: null });
  });

  it.each(["records-officer", "reviewer", "auditor"])(
    "is never administrator and %s at once",
    async (role) => {
      const both = { status: 400, code: "forbidden-pair", detail: expect.stringContaining(role) as unknown };
      await expect(add("Both", ["administrator", role])).rejects.toMatchObject(both);
      const { person } = await add("Changed", [role]);
      await expect(about(person.id, "change", { roles: ["administrator", role] })).rejects.toMatchObject(
        both,
      );
      const admin = await add("Admin", ["administrator"]);
      await expect(
        running.owner.call("post", "/api/v1/tokens", { body: { name: "Admin", roles: [role] } }),
      ).rejects.toMatchObject(both);
      expect(
        await running.owner.call("get", "/api/v1/persons/:id", { params: { id: admin.person.id } }),
      ).toMatchObject({ roles: ["administrator"] });
    },
  );

  it("has new rights at the next request, and none after their end", async () => {
    const { id, signed, authenticator } = await somebody("Rights", ["auditor"]);
    const theirs = running.as(signed.token);
    await theirs.call("get", "/api/v1/persons");
    await about(id, "change", { roles: ["records-officer"] });
    await expect(theirs.call("get", "/api/v1/persons")).rejects.toMatchObject({ status: 403 });
    expect(await self(signed.token)).toMatchObject({ roles: ["records-officer"] });
    const { token } = (await running.owner.call("post", "/api/v1/tokens", {
      body: { name: "Rights", roles: ["auditor"] },
    })) as { token: string };
    expect(await self(token)).toMatchObject({ id });
    await about(id, "end");
    for (const bearer of [signed.token, token])
      await expect(self(bearer)).rejects.toMatchObject({ status: 401 });
    await expect(signIn(authenticator)).rejects.toMatchObject({ status: 403 });
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "session.end",
      subject: id,
      detail: { why: "person-ended" },
    });
    await about(id, "end");
    await expect(about(id, "change", { roles: ["auditor"] })).rejects.toMatchObject({ status: 409 });
    await expect(about(id, "invitation")).rejects.toMatchObject({ status: 409 });
  });

  it("is the same when they come back, without what they had", async () => {
    const { id, signed, authenticator } = await somebody("Back", ["auditor"]);
    await home.sql("UPDATE records.session SET seen_at = seen_at");
    const kept = await home.sql("SELECT id, hash, person, how, started_at, seen_at FROM records.session");
    await about(id, "end");
    home.time += 1_000;
    const again = await add("back", ["reviewer"]);
    expect(again.person.id).toBe(id);
    // As a session would be that a crash had left.
    for (const row of kept)
      await home.sql("INSERT INTO records.session VALUES ($1, $2, $3, $4, $5, $6)", row);
    await expect(self(signed.token)).rejects.toMatchObject({ status: 401 });
    await expect(signIn(authenticator)).rejects.toMatchObject({ status: 403 });
    expect(await self((await accept(again.invitation.link)).signed.token)).toMatchObject({
      id,
      roles: ["reviewer"],
    });
  });

  it("is who their tokens stand for already, so that nobody approves what they proposed", async () => {
    const { person } = (await running.owner.call("post", "/api/v1/tokens", {
      body: { name: "Tess Token", roles: ["records-officer"] },
    })) as { person: string };
    expect((await add(" tess  TOKEN ", ["reviewer"])).person.id).toBe(person);
    const machine = { name: "Robot", kind: "machine", roles: ["auditor"] };
    await running.owner.call("post", "/api/v1/tokens", { body: machine });
    await expect(add("Robot", ["auditor"])).rejects.toMatchObject({ code: "conflict" });
    await expect(add("Tess Token", ["auditor"])).rejects.toMatchObject({ code: "conflict" });
  });

  it("is not changed, joined or ended by themself", async () => {
    const { id, signed } = await somebody("Selfish", ["administrator"]);
    const theirs = running.as(signed.token);
    for (const [what, body] of [
      ["change", { roles: ["auditor"] }],
      ["identity", { subject: "x" }],
      ["end", undefined],
    ] as const)
      await expect(about(id, what, body, theirs)).rejects.toMatchObject({ status: 409, code: "conflict" });
  });

  it("is refused what there is not", async () => {
    const nothing = "00000000-0000-4000-8000-000000000000";
    await expect(add("X", ["custodian"], { custodians: [nothing] })).rejects.toMatchObject({
      code: "no-such-custodian",
    });
    await expect(add(" ", ["auditor"])).rejects.toMatchObject({ status: 400 });
    await expect(add("X", [])).rejects.toMatchObject({ status: 400 });
    for (const what of ["change", "invitation", "end"])
      await expect(
        about(nothing, what, what === "change" ? { roles: ["auditor"] } : undefined),
      ).rejects.toMatchObject({ status: 404 });
  });

  it("is added, and invited, only with a durable event, and once", async () => {
    const names = async () => (await persons()).map(({ name }) => name);
    home.stream.faults.push(...LOST);
    await expect(add("Lost", ["auditor"])).rejects.toMatchObject({ code: "unavailable" });
    expect(await names()).toEqual([]);
    home.stream.faults.push(...KEPT);
    await expect(add("Kept", ["auditor"])).rejects.toMatchObject({ code: "unavailable" });
    const { person, invitation } = await add("Next", ["auditor"]);
    expect((await names()).toSorted()).toEqual(["Kept", "Next"]);
    home.stream.faults.push(...LOST);
    await expect(accept(invitation.link)).rejects.toMatchObject({ code: "unavailable" });
    home.stream.faults.push(...KEPT);
    await expect(accept(invitation.link)).rejects.toMatchObject({ code: "unavailable" });
    await about(person.id, "change", { roles: ["reviewer"] });
    await expect(accept(invitation.link)).rejects.toMatchObject({ code: "no-such-invitation" });
    expect(
      await running.owner.call("get", "/api/v1/persons/:id", { params: { id: person.id } }),
    ).toMatchObject({
      passkeys: 1,
    });
  });

  it("is the same, with everything of theirs, when the tables are made again from the log", async () => {
    const { id, authenticator } = await somebody("Whole", ["custodian"], {
      custodians: [await custodian("W")],
    });
    await signIn(authenticator);
    home.time += 1_000;
    await about(id, "change", { roles: ["auditor"] });
    const gone = await somebody("Gone", ["auditor"]);
    await about(gone.id, "end");
    await add("Waiting", ["reviewer"]);
    const twice = await add("Twice", ["reviewer"]);
    await about(twice.person.id, "invitation");
    await running.stop();
    await start();
    const before = await projections();
    for (const table of ["person", "passkey", "invitation"] as const)
      expect((before[table] as unknown[]).length).toBeGreaterThan(1);
    const { body } = await running.owner.download("/api/v1/rebuild", { method: "post" });
    let told = "";
    for await (const chunk of body) told += String(chunk);
    expect(told).toContain('"ok":true');
    expect(await projections()).toEqual(before);
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    await start();
    expect(await projections()).toEqual(before);
    expect((await signIn(authenticator)).person).toMatchObject({ id, roles: ["auditor"] });
  });
});
