import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { matterActs, type Told } from "./support/matter-acts.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("a matter", () => {
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

  it("without a regime is what it was: a title, a kind, and the date that is given", async () => {
    const { id } = await open({ kind: "foi", due: "2026-04-01" });
    expect(await show(id)).toMatchObject({ due: "2026-04-01T23:59:59.999Z", regime: null, state: "running" });
    await expect(clock(id)).rejects.toMatchObject({ code: "conflict" });
    await expect(act(id, "clarify", { what: "asked", on: "2026-03-10" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("counts by its regime, and explains each day", async () => {
    const opened = await foi("2026-03-02", { reference: "FOI/26/17" });
    expect(opened).toMatchObject({
      due: "2026-03-31T22:59:59.999Z",
      dueLimit: null,
      reference: "FOI/26/17",
      receivedAt: "2026-03-02",
      provisional: false,
      state: "running",
    });
    const { kept, calendar } = await clock(opened.id);
    expect(kept.due).toBe(opened.due);
    expect(calendar).toMatchObject({ number: 1 });
    expect(kept.days.find(({ day }) => day === "2026-03-17")).toMatchObject({
      counts: null,
      title: "St Patrick’s Day",
    });
    expect(kept.promptBy).toBe("2026-03-16");
  });

  it("is refused with what does not fit its regime", async () => {
    const unfit = [
      [
        "a date that the regime works out",
        { kind: "foi", regime: "foia-2000", receivedAt: "2026-03-02", due: "2026-04-01" },
      ],
      ["another kind", { kind: "sar", regime: "foia-2000", receivedAt: "2026-03-02" }],
      ["no receipt", { kind: "foi", regime: "foia-2000" }],
      ["a receipt that is still to come", { kind: "foi", regime: "foia-2000", receivedAt: "2026-03-11" }],
      ["a receipt before all calendars", { kind: "foi", regime: "foia-2000", receivedAt: "2018-12-31" }],
      ["a receipt without a regime", { kind: "foi", receivedAt: "2026-03-02" }],
      [
        "a nation that does not matter",
        { kind: "foi", regime: "foisa-2002", receivedAt: "2026-03-02", nation: "scotland" },
      ],
      [
        "an inquiry without its letter's date",
        { kind: "inquiry", regime: "inquiry", receivedAt: "2026-03-02" },
      ],
      ["a regime that there is not", { kind: "foi", regime: "foia-1066", receivedAt: "2026-03-02" }],
      ["a day that there is not", { kind: "foi", regime: "foia-2000", receivedAt: "2026-02-30" }],
    ] as const;
    for (const [, body] of unfit) await expect(open(body)).rejects.toMatchObject({ status: 400 });
    expect(await home.sql("SELECT FROM records.matter")).toEqual([]);
  });

  it("waits for a clarification, and begins anew when it comes", async () => {
    home.time = Date.parse("2026-04-20T09:00:00Z");
    const { id } = await foi();
    expect(
      await act(id, "clarify", { what: "asked", on: "2026-03-09", note: "which harbour?" }),
    ).toMatchObject({
      state: "waiting",
      due: null,
      waitsFor: "clarification",
    });
    await expect(act(id, "clarify", { what: "asked", on: "2026-03-10" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await act(id, "clarify", { what: "answered", on: "2026-03-16" })).toMatchObject({
      state: "overdue",
      due: "2026-04-16T22:59:59.999Z",
      waitsFor: null,
    });
    expect(await history(id)).toMatchObject([
      { n: 2, what: "clarify", detail: "answered", on: "2026-03-16", by: { name: "Local owner" } },
      { n: 1, what: "clarify", detail: "asked", words: "which harbour?" },
    ]);
  });

  it("stands from a fees notice to its payment", async () => {
    home.time = Date.parse("2026-03-20T09:00:00Z");
    const { id } = await foi();
    expect(await act(id, "fee", { what: "asked", on: "2026-03-09" })).toMatchObject({
      due: null,
      waitsFor: "fee",
    });
    expect(await act(id, "fee", { what: "paid", on: "2026-03-13" })).toMatchObject({
      due: "2026-04-09T22:59:59.999Z",
    });
  });

  it("is extended once, in time, by the regimes that know it", async () => {
    const { id } = await open({ kind: "foi", regime: "eir-2004", receivedAt: "2026-03-02" });
    expect(await act(id, "extend", { on: "2026-03-10", reason: "voluminous" })).toMatchObject({
      due: "2026-04-30T22:59:59.999Z",
    });
    for (const [regime, body] of [
      ["eir-2004", { on: "2026-03-10", reason: "again", to: "2026-05-01" }],
      ["foisa-2002", { on: "2026-03-10", reason: "no such thing" }],
    ] as const) {
      const other = await open({ kind: "foi", regime, receivedAt: "2026-03-02" });
      await expect(act(other.id, "extend", body)).rejects.toThrow();
    }
    await expect(act(id, "extend", { on: "2026-03-10", reason: "twice" })).rejects.toMatchObject({
      code: "conflict",
    });
    const late = await foi("2026-01-05");
    await expect(act(late.id, "extend", { on: "2026-03-10", reason: "late" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("counts hours for an audit, and moves an inquiry by letter", async () => {
    const audit = await open({ kind: "audit", regime: "audit", receivedAt: "2026-03-10T11:30:00Z" });
    expect(audit).toMatchObject({ due: "2026-03-12T11:30:00.000Z", state: "due-soon" });
    const inquiry = await open({
      kind: "inquiry",
      regime: "inquiry",
      receivedAt: "2026-03-02",
      due: "2026-03-20",
    });
    expect(
      await act(inquiry.id, "extend", { on: "2026-03-09", to: "2026-04-17", reason: "agreed" }),
    ).toMatchObject({
      due: "2026-04-17T22:59:59.999Z",
    });
  });

  it("is answered in time or late, and then nothing moves it", async () => {
    home.time = Date.parse("2026-04-20T09:00:00Z");
    const inTime = await foi();
    expect(await act(inTime.id, "answer", { on: "2026-03-31", outcome: "disclosed" })).toMatchObject({
      state: "answered",
    });
    const late = await foi();
    expect(await act(late.id, "answer", { on: "2026-04-01", outcome: "not-held" })).toMatchObject({
      state: "answered-late",
      outcome: "not-held",
    });
    for (const [what, body] of [
      ["answer", { on: "2026-04-01", outcome: "disclosed" }],
      ["extend", { on: "2026-03-10", reason: "x" }],
      ["fee", { what: "asked", on: "2026-03-10" }],
    ] as const) {
      await expect(act(late.id, what, body)).rejects.toMatchObject({ code: "conflict" });
    }
    await proclaim("2026-03-25");
    expect(await show(late.id)).toMatchObject({ due: "2026-03-31T22:59:59.999Z", dueLimit: null });
  });

  it("is closed with an outcome, and then nothing more is written of it", async () => {
    const { id } = await foi();
    const closed = await running.owner.call("post", "/api/v1/matters/:id/close", {
      params: { id },
      query: { outcome: "withdrawn" },
    });
    expect(closed).toMatchObject({ state: "closed", outcome: "withdrawn" });
    await expect(act(id, "notes", { text: "too late" })).rejects.toMatchObject({ code: "matter-closed" });
    expect(await history(id)).toMatchObject([{ what: "close", detail: "withdrawn" }]);
  });

  it("is given to somebody who may work on it, and to nobody again", async () => {
    await running.person("Olu Officer", ["records-officer"]);
    await running.person("Cam Custodian", ["custodian"]);
    const { persons } = (await running.owner.call("get", "/api/v1/assignees")) as {
      persons: { id: string; name: string }[];
    };
    expect(persons.map(({ name }) => name)).toEqual(["Local owner", "Olu Officer"]);
    const { id } = await foi();
    const olu = persons[1]!;
    expect(await act(id, "assign", { person: olu.id })).toMatchObject({ assignedTo: olu });
    await expect(act(id, "assign", { person: "somebody" })).rejects.toMatchObject({ status: 404 });
    expect(await act(id, "assign", { person: null })).toMatchObject({ assignedTo: null });
    expect(await history(id)).toMatchObject([{ person: null }, { person: olu }]);
  });

  it("is listed overdue first, then by what is due next, whatever the page, and by whose it is", async () => {
    home.time = Date.parse("2026-04-20T09:00:00Z");
    const later = await foi("2026-04-16");
    const overdue = await foi("2026-03-02");
    const none = await open({ kind: "inquiry" });
    const soon = await foi("2026-03-24");
    const answered = await foi("2026-03-03");
    await act(answered.id, "answer", { on: "2026-04-01", outcome: "disclosed" });
    const closed = await foi("2026-03-04");
    await running.owner.call("post", "/api/v1/matters/:id/close", { params: { id: closed.id } });
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await running.owner.call("get", "/api/v1/matters", {
        query: { state: "open", order: "due", limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      })) as { matters: Told[]; next: string | null };
      ids.push(...page.matters.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(ids.slice(0, 3)).toEqual([overdue.id, soon.id, later.id]);
    expect(ids.slice(3).sort()).toEqual([none.id, answered.id].sort());
    const olu = await running.person("Olu Officer", ["records-officer"]);
    const { id: person } = (await olu.call("get", "/api/v1/self")) as { id: string };
    await act(soon.id, "assign", { person });
    expect(await olu.call("get", "/api/v1/matters", { query: { mine: "true", order: "due" } })).toMatchObject(
      {
        matters: [{ id: soon.id }],
      },
    );
    expect(await olu.call("get", "/api/v1/matters", { query: { state: "closed" } })).toMatchObject({
      matters: [{ id: closed.id }],
    });
  });
});
