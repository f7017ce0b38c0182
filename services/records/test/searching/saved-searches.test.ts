import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, messageOf, type Running } from "../support/deployment.ts";

interface Saved {
  readonly id: string;
  readonly q: string;
  readonly filters: Record<string, unknown>;
  readonly names: Record<string, string>;
  readonly total: number;
  readonly totalIsExact: boolean;
}
interface Found {
  readonly id: string;
  readonly at: string;
  readonly localTime: boolean;
  readonly conversation: { key: string } | null;
  readonly text: { text: string; marks: [number, number][] } | null;
}
interface Results {
  readonly total: number;
  readonly totalIsExact: boolean;
  readonly counts: Record<"network" | "kind", { value: string; hits: number }[]> | null;
  readonly results: Found[];
  readonly next: string | null;
}

(hasPostgres ? describe : describe.skip)("a saved search", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let officer: ApiClient;
  let matter: string;
  let custodian: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start();
    officer = await running.person("Olu Officer", ["records-officer"]);
    const open = { body: { title: "Harbour inquiry", kind: "inquiry" } };
    ({ id: matter } = (await officer.call("post", "/api/v1/matters", open)) as { id: string });
    ({ id: custodian } = (await officer.call("post", "/api/v1/custodians", {
      body: { name: "Cy Custodian" },
    })) as { id: string });
    await home.capture(
      { text: "🚢 The Ferry contract is signed", sentAt: "2026-03-01T10:00:00.000Z", direction: "incoming" },
      {
        text: "ferry tomorrow",
        sentAt: undefined,
        localTime: "2026-03-02T09:30:00",
        custodian: { id: custodian, name: "Cy Custodian" },
        conversation: { id: "447700900001@s", title: "Cy and Grace", kind: "direct" },
      },
      { kind: "gap", text: undefined, gap: { why: "the link was down" }, sentAt: "2026-03-03T10:00:00.000Z" },
      { text: "no boats", sentAt: "2026-03-04T10:00:00.000Z" },
    );
    const { ref, key } = await home.attach("a plan", "plan.png");
    await home.captureAll(
      [
        {
          eventId: "a1",
          stableDigest: "0".repeat(64),
          event: messageOf({ text: "pier plan", attachments: [{ ...ref, mediaType: "image/png" }] }),
        },
      ],
      () => [key],
    );
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const save = (q: string, filters: object = {}, who = officer) =>
    who.call("post", "/api/v1/matters/:id/searches", {
      params: { id: matter },
      body: { q, filters },
    }) as Promise<Saved>;
  const results = (search: string, query = {}, who = officer) =>
    who.call("get", "/api/v1/matters/:id/searches/:search/results", {
      params: { id: matter, search },
      query,
    }) as Promise<Results>;
  const find = async (q: string, filters: object = {}) =>
    (await results((await save(q, filters)).id)).results;
  const texts = (found: readonly Found[]) => found.map(({ text }) => text?.text ?? null);

  it("answers with figures, then with what a screen shows", async () => {
    const saved = await save("ferry");
    expect(saved).toMatchObject({ q: "ferry", filters: {}, names: {}, total: 2, totalIsExact: true });
    expect(JSON.stringify(saved)).not.toContain("contract");
    const { total, results: found } = await results(saved.id);
    expect(total).toBe(2);
    expect(found).toEqual([
      expect.objectContaining({
        at: "2026-03-02T09:30:00",
        localTime: true,
        custodian: { id: custodian, name: "Cy Custodian" },
        conversation: {
          key: expect.stringMatching(/^-?\d{1,19}$/) as string,
          title: "Cy and Grace",
          kind: "direct",
        },
      }),
      expect.objectContaining({
        network: "whatsapp",
        method: "export",
        provenance: "supplied",
        sender: { id: "p-1", name: "Grace Sender" },
        direction: "incoming",
        localTime: false,
        selected: false,
        text: { text: "🚢 The Ferry contract is signed", before: false, after: false, marks: [[6, 11]] },
      }),
    ]);
  });

  it("counts by network and kind what the total counts, with the first page alone", async () => {
    const { id } = await save("");
    const first = await results(id, { limit: "3" });
    expect(first.counts).toEqual({
      network: [{ value: "whatsapp", hits: 5 }],
      kind: [
        { value: "message", hits: 4 },
        { value: "gap", hits: 1 },
      ],
    });
    expect(first).toMatchObject({ total: 5, totalIsExact: true });
    expect((await results(id, { limit: "3", cursor: first.next! })).counts).toBeNull();
  });

  it("marks phrases, beginnings and either of two, and not what is excluded", async () => {
    const marked = async (q: string) =>
      (await find(q)).map(({ text }) =>
        text?.marks.map(([start, end]) => Array.from(text.text).slice(start, end).join("")),
      );
    expect(await marked('"ferry contract"')).toEqual([["Ferry contract"]]);
    expect(await marked("tom* OR signed -boats")).toEqual([["tomorrow"], ["signed"]]);
    expect(await marked("")).toEqual([[], [], undefined, [], []]);
  });

  it("is narrowed by each filter, a conversation by its number", async () => {
    const [first] = await find("tomorrow");
    for (const filters of [
      { custodian: "cy custodian" },
      { custodian },
      { conversation: first!.conversation!.key },
      { titled: "Cy and Grace" },
      { from: "2026-03-02", to: "2026-03-02" },
    ]) {
      expect(texts(await find("", filters))).toEqual(["ferry tomorrow"]);
    }
    expect(await find("", { kind: ["gap"] })).toMatchObject([
      { text: null, gap: { why: "the link was down" } },
    ]);
    expect(texts(await find("", { attachments: "image" }))).toEqual(["pier plan"]);
    expect(texts(await find("", { attachments: "any" }))).toEqual(["pier plan"]);
    expect(await find("", { attachments: "audio" })).toEqual([]);
    expect(await find("", { network: ["sms"] })).toEqual([]);
    expect(texts(await find("ferry", { account: "acct-1", sender: "p-1", to: "2026-03-01" }))).toHaveLength(
      1,
    );
  });

  it("keeps a custodian by id, and says the name", async () => {
    expect(await save("", { custodian: "CY  custodian" })).toMatchObject({
      filters: { custodian },
      names: { custodian: "Cy Custodian" },
    });
  });

  it("is narrowed to who held a post, while they did", async () => {
    const post = (await running.owner.call("post", "/api/v1/posts", {
      body: { title: "Harbour master", reason: "new" },
    })) as { id: string };
    const hold = (from: string, to: string) =>
      running.owner.call("post", "/api/v1/posts/:id/holdings", {
        params: { id: post.id },
        body: { custodian, kind: "substantive", from, to, reason: "appointed" },
      });
    expect(await find("", { post: "harbour master" })).toEqual([]);
    await hold("2026-02-01", "2026-03-01");
    expect(await find("", { post: post.id })).toEqual([]);
    await hold("2026-03-02", "2026-03-05");
    const saved = await save("", { post: "Harbour Master" });
    expect(saved).toMatchObject({ filters: { post: post.id }, names: { post: "Harbour master" }, total: 1 });
    expect(texts((await results(saved.id)).results)).toEqual(["ferry tomorrow"]);
    await expect(save("", { post: "nobody's" })).rejects.toMatchObject({ status: 404 });
  });

  it("is read page by page, with the total of the first", async () => {
    const { id } = await save("ferry OR boats");
    const first = await results(id, { limit: "2" });
    const second = await results(id, { limit: "2", cursor: first.next! });
    expect([...first.results, ...second.results]).toHaveLength(3);
    expect([first.total, second.total, second.next]).toEqual([3, 3, null]);
    await expect(results(id, { cursor: "xxxx" })).rejects.toMatchObject({ code: "bad-cursor" });
    const { id: other } = await save("ferry");
    await expect(results(other, { cursor: first.next! })).rejects.toMatchObject({ code: "bad-cursor" });
  });

  it("has its audit event before each page, and no page without", async () => {
    const { id } = await save("boats");
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(results(id)).rejects.toMatchObject({ status: 503, code: "unavailable" });
    const { results: found } = await results(id);
    const said = (await home.auditEvents()).filter(({ detail }) => detail?.["search"] === id);
    expect(said).toMatchObject([
      { action: "search", matter, detail: { words: "boats", total: 1, results: [found[0]!.id] } },
      { action: "search.read", matter, detail: { words: "boats", further: false, results: [found[0]!.id] } },
    ]);
  });

  it("of audit records is for auditors, whoever made it", async () => {
    const query = { kind: ["audit"] };
    await expect(save("", query)).rejects.toMatchObject({ status: 403 });
    const { id } = await save("", query, running.owner);
    await expect(results(id)).rejects.toMatchObject({ status: 403 });
    expect((await results(id, {}, running.owner)).next).toBeDefined();
  });

  it("is refused by code where it cannot be one", async () => {
    for (const [q, filters, code] of [
      ['"open', {}, "bad-query"],
      ["", { from: "2026-02-31" }, "bad-filter"],
      ["", { kind: ["novel"] }, "invalid-request"],
      ["", { other: 1 }, "invalid-request"],
      ["", { conversation: "conv-1" }, "invalid-request"],
      ["", { custodian: "nobody" }, "no-such-custodian"],
    ] as const) {
      await expect(save(q, filters)).rejects.toMatchObject({ code });
    }
  });

  it("leaves none of its words in tables and logs", async () => {
    await save("lighthouse", { titled: "Secret talks", sender: "+441632960001" });
    const table = JSON.stringify(await home.sql("SELECT row_to_json(s)::text FROM records.search s"));
    for (const secret of ["lighthouse", "Secret", "1632960001"]) {
      expect(table + home.logged.join("")).not.toContain(secret);
    }
  });
});
