import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { PROJECTIONS } from "../src/schema.ts";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";
import { matterActs } from "./support/matter-acts.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Explained {
  readonly review: {
    readonly ask: { readonly from: string; readonly until: string } | null;
    readonly late: boolean;
    readonly kept: { readonly due: string; readonly days: readonly { readonly day: string }[] } | null;
    readonly newest: { readonly due: string } | null;
  } | null;
}

suite("the review of a matter", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    home.time = Date.parse("2026-06-01T09:00:00Z");
    running = await home.start();
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const { open, foi, act, show, history, clock, proclaim } = matterActs(() => running.owner);
  const explained = async (id: string) => (await clock(id)) as unknown as Explained;
  const answered = async (body: object = {}) => {
    const { id } = await foi("2026-03-02", body);
    await act(id, "answer", { on: "2026-03-30", outcome: "not-held" });
    return id;
  };
  const projections = async () => {
    const tables: Record<string, unknown> = {};
    for (const table of PROJECTIONS)
      tables[table] = await home.sql(`SELECT t::text FROM records.${table} t ORDER BY 1`);
    return tables;
  };

  it("runs by a clock of its own from the day after it was asked for, and ends with its answer", async () => {
    const id = await answered();
    expect(await show(id)).toMatchObject({ state: "answered", review: null });
    expect(await explained(id)).toMatchObject({
      review: { ask: { from: "2026-03-30", until: "2026-05-29" }, late: false, kept: null, newest: null },
    });
    const asked = await act(id, "ask-review", { on: "2026-05-18", note: "by email" });
    expect(asked).toMatchObject({
      state: "answered",
      review: {
        askedOn: "2026-05-18",
        due: "2026-06-17T22:59:59.999Z",
        atMost: "2026-07-16T22:59:59.999Z",
        statutory: false,
        state: "running",
        answeredOn: null,
      },
    });
    const { review } = await explained(id);
    expect(review).toMatchObject({ late: false, kept: { due: "2026-06-17T22:59:59.999Z" } });
    expect(review?.kept?.days[0]).toMatchObject({ day: "2026-05-18", why: "receipt" });
    home.time = Date.parse("2026-06-18T09:00:00Z");
    expect(await show(id)).toMatchObject({ review: { state: "overdue" } });
    await act(id, "answer-review", { on: "2026-06-18", outcome: "substituted", note: "found some" });
    expect(await show(id)).toMatchObject({
      review: { state: "answered-late", answeredOn: "2026-06-18", outcome: "substituted" },
    });
    expect((await history(id)).slice(0, 2)).toMatchObject([
      { what: "answer-review", detail: "substituted", on: "2026-06-18", words: "found some" },
      { what: "ask-review", on: "2026-05-18", words: "by email" },
    ]);
  });

  it("is law where the regime says so, for the Keeper in 30 days, as was said when the matter was opened", async () => {
    const keeper = await open({
      kind: "foi",
      regime: "foisa-2002",
      receivedAt: "2026-03-02",
      variant: "keeper-unopened",
    });
    expect(keeper).toMatchObject({ due: "2026-04-14T22:59:59.999Z", variant: "keeper-unopened" });
    expect(await act(keeper.id, "ask-review", { on: "2026-04-15" })).toMatchObject({
      state: "overdue",
      review: { due: "2026-05-29T22:59:59.999Z", atMost: null, statutory: true, state: "overdue" },
    });
    const eir = await foi("2026-03-02", { regime: "eir-2004" });
    expect(await act(eir.id, "ask-review", { on: "2026-05-18" })).toMatchObject({
      review: { due: "2026-07-16T22:59:59.999Z", statutory: true },
    });
    for (const unfit of [{ regime: "foia-2000", receivedAt: "2026-03-02" }, {}])
      await expect(open({ kind: "foi", variant: "keeper-unopened", ...unfit })).rejects.toMatchObject({
        status: 400,
      });
  });

  it("that is asked for late is taken, and said to be late", async () => {
    const id = await answered();
    await act(id, "ask-review", { on: "2026-06-01" });
    expect(await explained(id)).toMatchObject({ review: { late: true, ask: { until: "2026-05-29" } } });
  });

  it("is refused where it cannot be, with nothing on record", async () => {
    const id = await answered();
    const none = await open({ kind: "foi", due: "2026-04-01" });
    const sar = await open({ kind: "sar", regime: "uk-gdpr-access", receivedAt: "2026-03-02" });
    const refused = (of: string, what: string, body: object) =>
      act(of, what, body).then(
        () => "taken",
        (error: unknown) => (error as { code: string }).code,
      );
    const answer = { on: "2026-05-20", outcome: "confirmed" };
    expect(await refused(none.id, "ask-review", { on: "2026-05-18" })).toBe("conflict");
    expect(await refused(sar.id, "ask-review", { on: "2026-05-18" })).toBe("conflict");
    expect(await refused(id, "ask-review", { on: "2026-06-02" })).toBe("bad-request");
    expect(await refused(id, "ask-review", { on: "2026-03-01" })).toBe("bad-request");
    expect(await refused(id, "answer-review", answer)).toBe("conflict");
    await act(id, "ask-review", { on: "2026-05-18" });
    expect(await refused(id, "ask-review", { on: "2026-05-18" })).toBe("conflict");
    expect(await refused(id, "answer-review", { ...answer, on: "2026-05-17" })).toBe("bad-request");
    expect(await refused(id, "answer-review", { ...answer, outcome: "disclosed" })).toBe("invalid-request");
    await act(id, "answer-review", answer);
    expect(await refused(id, "answer-review", answer)).toBe("conflict");
    expect(await history(id)).toHaveLength(3);
  });

  it("comes in the list by when it is due, before and after the requests it is among", async () => {
    const late = await answered();
    const soon = await foi("2026-05-20", { title: "Soon" });
    const far = await foi("2026-05-29", { title: "Far" });
    await act(late, "ask-review", { on: "2026-05-21" });
    const { matters } = (await running.owner.call("get", "/api/v1/matters", {
      query: { order: "due" },
    })) as { matters: { id: string }[] };
    expect(matters.map(({ id }) => id)).toEqual([soon.id, late, far.id]);
    await act(late, "answer-review", { on: "2026-05-28", outcome: "confirmed" });
    const after = (await running.owner.call("get", "/api/v1/matters", { query: { order: "due" } })) as {
      matters: { id: string }[];
    };
    expect(after.matters.map(({ id }) => id)).toEqual([soon.id, far.id, late]);
  });

  it("keeps the bank holidays that it began by, and tells a later limit by those proclaimed since", async () => {
    const id = await answered();
    await act(id, "ask-review", { on: "2026-05-18" });
    await proclaim("2026-06-09");
    expect(await show(id)).toMatchObject({
      review: {
        due: "2026-06-17T22:59:59.999Z",
        dueLimit: "2026-06-18T22:59:59.999Z",
        atMost: "2026-07-16T22:59:59.999Z",
      },
    });
    expect(await explained(id)).toMatchObject({ review: { newest: { due: "2026-06-18T22:59:59.999Z" } } });
    await act(id, "answer-review", { on: "2026-05-28", outcome: "confirmed" });
    await proclaim("2026-06-10");
    expect(await show(id)).toMatchObject({ review: { dueLimit: "2026-06-18T22:59:59.999Z" } });
  });

  it("is changed only with a durable event, once, and is the same when its tables are made again", async () => {
    const id = await answered({ regime: "foisa-2002", variant: "keeper-unopened" });
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(act(id, "ask-review", { on: "2026-05-18" })).rejects.toMatchObject({ code: "unavailable" });
    expect(await show(id)).toMatchObject({ review: null });
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(act(id, "ask-review", { on: "2026-05-18" })).rejects.toMatchObject({ code: "unavailable" });
    await expect(act(id, "ask-review", { on: "2026-05-19" })).rejects.toMatchObject({ code: "conflict" });
    await proclaim("2026-06-09");
    home.stream.faults.push("kept", "lost", "kept");
    await act(id, "answer-review", { on: "2026-06-01", outcome: "modified" });
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "matter.answer-review",
      matter: id,
      detail: { outcome: "modified" },
    });
    await running.stop();
    running = await home.start();
    const before = await projections();
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    expect(await projections()).toEqual(before);
    expect(await show(id)).toMatchObject({ review: { askedOn: "2026-05-18", outcome: "modified" } });
  });
});
