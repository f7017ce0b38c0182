import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import fc from "fast-check";
import { SHIPPED } from "../src/clocks/calendar.ts";
import { PROJECTIONS } from "../src/schema.ts";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { matterActs } from "./support/matter-acts.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("the clock of a matter", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const { open, foi, act, show, history, clock, proclaim } = matterActs(() => running.owner);
  const restart = async () => {
    await running.stop();
    running = await home.start();
  };
  const projections = async () => {
    const tables: Record<string, unknown> = {};
    for (const table of PROJECTIONS) {
      tables[table] = await home.sql(`SELECT t::text FROM records.${table} t ORDER BY 1`);
    }
    return tables;
  };

  it("keeps the calendar that it began by: a day proclaimed since gives a later limit, not another target", async () => {
    const { id } = await foi();
    const { number } = await proclaim("2026-03-25");
    expect(await show(id)).toMatchObject({
      due: "2026-03-31T22:59:59.999Z",
      dueLimit: "2026-04-01T22:59:59.999Z",
    });
    const { kept, newest, calendar, latest } = await clock(id);
    expect([kept.due, newest.due]).toEqual(["2026-03-31T22:59:59.999Z", "2026-04-01T22:59:59.999Z"]);
    expect([calendar.number, latest.number]).toEqual([1, number]);
    expect(await foi()).toMatchObject({ due: "2026-04-01T22:59:59.999Z", dueLimit: null });
    await running.owner.call("post", "/api/v1/calendars/withdraw", {
      body: { day: "2026-03-25", divisions: ["scotland"], source: "added in error" },
    });
    expect(await show(id)).toMatchObject({ due: "2026-03-31T22:59:59.999Z", dueLimit: null });
  });

  it("has the dates that its explanation gives, whatever happened to it", async () => {
    home.time = Date.parse("2026-11-20T09:00:00Z");
    const anyRegime = fc.constantFrom("foia-2000", "foisa-2002", "eir-2004", "eirs-2004", "uk-gdpr-access");
    const anyDay = fc.integer({ min: 1, max: 28 }).map((n) => `2026-05-${String(n).padStart(2, "0")}`);
    const anyAct = fc.constantFrom(
      "clarify asked",
      "clarify answered",
      "fee asked",
      "fee paid",
      "extend",
      "proclaim",
    );
    await fc.assert(
      fc.asyncProperty(
        anyRegime,
        anyDay,
        fc.array(fc.tuple(anyAct, anyDay), { maxLength: 6 }),
        async (regime, received, acts) => {
          const kind = regime === "uk-gdpr-access" ? "sar" : "foi";
          const { id } = await open({ kind, regime, receivedAt: received });
          for (const [what, on] of acts) {
            const [action = "", detail] = what.split(" ");
            const doing =
              action === "proclaim"
                ? proclaim(on)
                : act(id, action, action === "extend" ? { on, reason: "r" } : { what: detail, on });
            await doing.catch((error: unknown) =>
              expect((error as { status: number }).status).toBeLessThan(500),
            );
          }
          const told = await show(id);
          const { kept, newest } = await clock(id);
          const dues = [kept.due, newest.due].filter((due) => due !== null).sort();
          expect(told.due).toBe(dues[0] ?? null);
          expect(told.dueLimit).toBe(dues.at(-1) === dues[0] ? null : dues.at(-1));
          const numbers = home.sql("SELECT n FROM records.matter_event WHERE matter = $1 ORDER BY n", [id]);
          expect((await numbers).map(([n]) => n)).toEqual((await numbers).map((_, i) => i + 1));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("is changed only with a durable event, and once", async () => {
    const { id } = await foi();
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(act(id, "notes", { text: "lost" })).rejects.toMatchObject({ code: "unavailable" });
    expect(await history(id)).toEqual([]);
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(act(id, "extend", { on: "2026-03-10", reason: "kept" })).rejects.toMatchObject({
      code: "unavailable",
    });
    home.stream.faults.push("kept", "lost", "kept");
    await act(id, "notes", { text: "after" });
    expect((await history(id)).map(({ words }) => words)).toEqual(["after", "kept"]);
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(proclaim("2026-03-25")).rejects.toMatchObject({ code: "unavailable" });
    await restart();
    expect(await history(id)).toHaveLength(2);
    expect(await home.sql("SELECT number FROM records.calendar_version ORDER BY 1")).toEqual([[1], [2]]);
    expect(await show(id)).toMatchObject({ dueLimit: "2026-05-01T22:59:59.999Z" });
  });

  it("is the same, byte for byte, when its tables are made again from the log", async () => {
    home.time = Date.parse("2026-04-20T09:00:00Z");
    const { id } = await foi("2026-03-02", { reference: "R/1" });
    const sar = await open({
      kind: "sar",
      regime: "uk-gdpr-access",
      receivedAt: "2026-04-01",
      nation: "scotland",
    });
    const { persons } = (await running.owner.call("get", "/api/v1/assignees")) as {
      persons: { id: string }[];
    };
    await act(id, "assign", { person: persons[0]!.id });
    await act(id, "notes", { text: "a note" });
    await act(id, "clarify", { what: "asked", on: "2026-03-09", note: "which?" });
    await proclaim("2026-03-25");
    await act(id, "clarify", { what: "answered", on: "2026-03-16" });
    await act(id, "fee", { what: "asked", on: "2026-03-18" });
    await act(id, "fee", { what: "paid", on: "2026-03-20" });
    await act(id, "extend", { on: "2026-03-23", reason: "public interest" });
    await proclaim("2026-04-21", ["scotland", "northern-ireland"]);
    await act(id, "answer", { on: "2026-04-20", outcome: "partly-disclosed", note: "sent" });
    await act(sar.id, "extend", { on: "2026-04-10", reason: "complex" });
    await running.owner.call("post", "/api/v1/matters/:id/close", {
      params: { id },
      query: { outcome: "partly-disclosed" },
    });
    await restart();
    const before = await projections();
    expect((before["matter_event"] as unknown[]).length).toBe(10);
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    expect(await projections()).toEqual(before);
    expect(home.logged.join("")).not.toContain("public interest");
  });

  it("has what Daybook ships as its first calendar, once, whatever the starts", async () => {
    await restart();
    const { calendars } = (await running.owner.call("get", "/api/v1/calendars")) as {
      calendars: { id: string; number: number; source: string; knownTo: number }[];
    };
    expect(calendars).toMatchObject([{ number: 1, knownTo: 2028, kind: "import", source: SHIPPED.source }]);
    const one = await running.owner.call("get", "/api/v1/calendars/:id", {
      params: { id: calendars[0]!.id },
    });
    expect(one).toMatchObject({ holidays: SHIPPED.holidays });
  });

  it("takes a newer file of gov.uk's, and refuses an older one and what is none", async () => {
    const file = structuredClone(SHIPPED.holidays) as Record<string, { events: { date: string }[] }>;
    for (const one of Object.values(file)) {
      const last = one.events.filter(({ date }) => date.startsWith("2028"));
      one.events.push(...last.map((event) => ({ ...event, date: event.date.replace("2028", "2029") })));
    }
    const take = (given: unknown, source = "gov.uk, 1 March 2026") =>
      running.owner.call("post", "/api/v1/calendars/import", { body: { file: given, source } });
    const far = await foi();
    expect(await take(file)).toMatchObject({ number: 2, knownTo: 2029 });
    expect(await show(far.id)).toMatchObject({ dueLimit: null });
    await expect(take(SHIPPED.holidays)).rejects.toMatchObject({ status: 400, code: "bad-request" });
    await expect(take({ "england-and-wales": {} })).rejects.toMatchObject({ status: 400 });
  });
});
