import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { disposalActs } from "../support/disposal-acts.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";

const LOST = Array.from({ length: 5 }, () => "lost" as const);
const KEPT = Array.from({ length: 5 }, () => "kept" as const);

interface Counted {
  readonly added: number;
  readonly already: number;
  readonly removed: number;
  readonly total: number;
}

(hasPostgres ? describe : describe.skip)("the selection of a matter", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let officer: ApiClient;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
    officer = await running.person("Olu Officer", ["records-officer"]);
    matter = await open("Harbour inquiry");
    const two = { id: "c2", title: "Two", kind: "direct" } as const;
    await home.capture(
      { text: "ferry one", sentAt: "2026-03-01T10:00:00.000Z" },
      { text: "ferry two", sentAt: "2026-03-02T23:59:59.000Z" },
      { text: "ferry other", conversation: two, sentAt: "2026-03-02T10:00:00.000Z" },
      { kind: "reaction", text: undefined, target: "x", sentAt: "2026-03-03T10:00:00.000Z" },
      { kind: "receipt", text: undefined, target: "x", sentAt: "2026-03-03T10:00:01.000Z" },
      { text: "\u202eboats", sentAt: "2026-03-04T10:00:00.000Z" },
    );
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const open = async (title: string) =>
    ((await officer.call("post", "/api/v1/matters", { body: { title, kind: "foi" } })) as { id: string }).id;
  const post = (path: string, body: object, id = matter) =>
    officer.call("post", `/api/v1/matters/:id/${path}`, { params: { id }, body }) as Promise<Counted>;
  const add = (body: object, id = matter) => post("selection", body, id);
  const search = async (q: string, filters = {}) =>
    ((await post("searches", { q, filters })) as unknown as { id: string }).id;
  const ids = async (q: string) =>
    (
      (await officer.call("get", "/api/v1/search", { query: { q, matter } })) as { results: { id: string }[] }
    ).results.map(({ id }) => id);
  const list = (query = {}, id = matter) =>
    officer.call("get", "/api/v1/matters/:id/selection", { params: { id }, query }) as Promise<{
      total: number;
      entries: { record: string; finding: { text: { text: string } | null; selected: boolean } | null }[];
      next: string | null;
    }>;
  const exported = async (id = matter) => {
    const { body } = await running.as(INTERNAL_TOKEN).download(`/internal/v1/matters/${id}/selection`);
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id?: string; ok?: boolean; count?: number });
  };
  const rows = () => home.sql("SELECT row_to_json(s)::text FROM records.selection s ORDER BY 1");

  it("takes records by id, once, and says how many", async () => {
    const found = await ids("ferry");
    expect(await add({ ids: found.slice(0, 2), why: "relevant" })).toEqual({
      added: 2,
      already: 0,
      total: 2,
    });
    expect(await add({ ids: [...found, ...found] })).toEqual({ added: 1, already: 2, total: 3 });
    expect(
      await officer.call("get", "/api/v1/matters/:id/selection/count", { params: { id: matter } }),
    ).toEqual({
      total: 3,
    });
    expect(await exported()).toEqual([...found.toSorted().map((id) => ({ id })), { ok: true, count: 3 }]);
    expect(await exported(await open("Another"))).toEqual([{ ok: true, count: 0 }]);
  });

  it("takes all that a search finds, phrases too, and nothing that came later", async () => {
    const phrase = await search('"ferry two"');
    expect(await add({ search: phrase })).toEqual({ added: 1, already: 0, total: 1 });
    const all = await search("ferry");
    expect(await add({ search: all })).toEqual({ added: 2, already: 1, total: 3 });
    await home.capture({ text: "ferry late" });
    expect((await exported()).at(-1)).toEqual({ ok: true, count: 3 });
    expect(await add({ search: all })).toEqual({ added: 1, already: 3, total: 4 });
  });

  it("takes a conversation, or a day of one, without who received it", async () => {
    const [other] = (
      (await officer.call("get", "/api/v1/matters/:id/searches/:search/results", {
        params: { id: matter, search: await search("one") },
      })) as { results: { conversation: { key: string } }[] }
    ).results;
    const { key } = other!.conversation;
    expect(await add({ conversation: key, day: "2026-03-02" })).toEqual({ added: 1, already: 0, total: 1 });
    expect(await add({ conversation: key })).toEqual({ added: 3, already: 1, total: 4 });
    const said = (await home.auditEvents()).filter(({ action }) => action === "selection.add");
    expect(said.map(({ detail }) => detail?.["why"])).toEqual([
      `conversation ${key} on 2026-03-02`,
      `conversation ${key}`,
    ]);
    await expect(add({ conversation: key, day: "2027-01-01" })).rejects.toMatchObject({ status: 404 });
    await expect(add({ conversation: "1" })).rejects.toMatchObject({ status: 404 });
  });

  it("is listed newest first with what the records say, once that is recorded", async () => {
    const found = await ids("ferry");
    await add({ ids: found.slice(0, 1) });
    home.time += 1_000;
    await add({ ids: found.slice(1) });
    const first = await list({ limit: "2" });
    const second = await list({ limit: "2", cursor: first.next! });
    expect([first.total, second.total, second.next]).toEqual([3, 3, null]);
    const all = [...first.entries, ...second.entries];
    expect(all.map(({ record }) => record).toSorted()).toEqual(found.toSorted());
    expect(all.at(-1)!.record).toBe(found[0]);
    expect(all.every(({ finding }) => finding?.selected && finding.text?.text.startsWith("ferry"))).toBe(
      true,
    );
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "selection.read",
      matter,
      detail: { further: true, results: [all.at(-1)!.record] },
    });
    home.stream.faults.push(...LOST);
    await expect(list()).rejects.toMatchObject({ status: 503 });
  });

  it("says of a record that it was disposed of", async () => {
    const reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const found = await ids("ferry");
    await add({ ids: found });
    await disposalActs(() => ({ officer, reviewer, matter })).disposeOf({ ids: found.slice(0, 1) });
    expect((await list()).entries.filter(({ finding }) => finding === null)).toEqual([
      expect.objectContaining({ record: found[0] }),
    ]);
    await expect(add({ ids: found }, await open("Another"))).rejects.toMatchObject({ status: 404 });
  });

  it("gives records up again, one by one or all", async () => {
    const found = await ids("ferry");
    await add({ ids: found });
    expect(await post("selection/remove", { ids: [found[0], "0".repeat(32)] })).toEqual({
      removed: 1,
      total: 2,
    });
    expect(await post("selection/remove", { ids: [found[0]] })).toEqual({ removed: 0, total: 2 });
    expect(await post("selection/clear", {})).toEqual({ removed: 2, total: 0 });
    expect(await post("selection/clear", {})).toEqual({ removed: 0, total: 0 });
  });

  it("is not changed when the change is lost, and is by the next when it was kept and not answered", async () => {
    const found = await ids("ferry");
    home.stream.faults.push(...LOST);
    await expect(add({ ids: found })).rejects.toMatchObject({ code: "unavailable" });
    expect(await rows()).toEqual([]);
    home.stream.faults.push(...KEPT);
    await expect(add({ ids: found })).rejects.toMatchObject({ code: "unavailable" });
    expect(await add({ ids: found })).toEqual({ added: 0, already: 3, total: 3 });
    home.stream.faults.push(...KEPT);
    await expect(post("selection/clear", {})).rejects.toMatchObject({ code: "unavailable" });
    expect(await post("selection/clear", {})).toEqual({ removed: 0, total: 0 });
  });

  it("takes what is more than one change holds in several, and after a failure what is missing", async () => {
    const many = 10_030;
    await home.capture(...Array.from({ length: many }, (_, n) => ({ text: `timetable ${n}` })));
    const all = await search("timetable");
    home.stream.after = () => {
      home.stream.after = undefined;
      home.stream.faults.push(...LOST);
    };
    await expect(add({ search: all })).rejects.toMatchObject({ code: "unavailable" });
    expect((await exported()).at(-1)).toEqual({ ok: true, count: 10_000 });
    expect(await add({ search: all })).toEqual({ added: 30, already: 10_000, total: many });
    const sent = await exported();
    expect(new Set(sent.map(({ id }) => id)).size).toBe(many + 1);
    expect(await post("selection/clear", {})).toEqual({ removed: many, total: 0 });
  }, 120_000);

  it("is the same when it is made again from the log", async () => {
    const found = await ids("ferry");
    await add({ search: await search("ferry") });
    await post("selection/remove", { ids: [found[1]], why: "not relevant" });
    const before = await rows();
    expect(before).toHaveLength(2);
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    expect(await rows()).toEqual(before);
  });

  it("refuses what is of a closed matter, of another matter, an audit record, or nothing", async () => {
    const [one] = await ids("ferry");
    const mine = await search("ferry");
    const other = await open("Another");
    await expect(add({ search: mine }, other)).rejects.toMatchObject({ status: 404, code: "not-found" });
    await expect(add({ ids: ["0".repeat(32)] })).rejects.toMatchObject({ status: 404, code: "not-found" });
    for (const body of [
      {},
      { ids: [one], search: mine },
      { ids: [one], day: "2026-03-01" },
      { search: mine, why: "x" },
    ]) {
      await expect(add(body)).rejects.toMatchObject({ status: 400, code: "bad-request" });
    }
    for (const body of [{ ids: [] }, { ids: ["x"] }, { search: "x" }, { conversation: "c2" }]) {
      await expect(add(body)).rejects.toMatchObject({ status: 400, code: "invalid-request" });
    }
    const audits = (await running.owner.call("post", "/api/v1/matters/:id/searches", {
      params: { id: matter },
      body: { filters: { kind: ["audit"] } },
    })) as { id: string };
    await home.archiver.archived("audit", home.stream.messages("daybook.audit", 0).length);
    await expect(add({ search: audits.id })).rejects.toMatchObject({ status: 400, code: "bad-request" });

    await officer.call("post", "/api/v1/matters/:id/close", { params: { id: matter } });
    for (const [path, body] of [
      ["selection", { ids: [one] }],
      ["selection", { search: mine }],
      ["selection/remove", { ids: [one] }],
      ["selection/clear", {}],
    ] as const) {
      await expect(post(path, body)).rejects.toMatchObject({ status: 409, code: "matter-closed" });
    }
    await expect(list()).rejects.toMatchObject({ code: "matter-closed" });
    const nowhere = "00000000-0000-4000-8000-000000000000";
    await expect(list({}, nowhere)).rejects.toMatchObject({ code: "no-such-matter" });
  });
});
