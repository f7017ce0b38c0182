import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";
import { disposalActs } from "./support/disposal-acts.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Told {
  readonly conclusion: { readonly code: string; readonly words: string; readonly limits: readonly string[] };
  readonly searches: { readonly entries: readonly { readonly words: string; readonly total: number }[] };
  readonly listening: {
    readonly intervals: readonly { readonly state: string; readonly from: string; readonly to: string }[];
    readonly excluded: number;
    readonly blindSeconds: number;
  };
  readonly logs: readonly { readonly shard: string; readonly size: number; readonly checkpoint: string }[];
  readonly [name: string]: unknown;
}

suite("a statement of what was searched", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
    const body = { title: "Harbour", kind: "foi", regime: "foia-2000", receivedAt: "2026-03-09" };
    ({ id: matter } = (await running.owner.call("post", "/api/v1/matters", { body })) as { id: string });
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const state = (of = matter) =>
    running.owner.call("get", "/api/v1/matters/:id/statement", { params: { id: of } }) as Promise<Told>;
  const search = (q: string, filters: object = {}) =>
    running.owner.call("post", "/api/v1/matters/:id/searches", {
      params: { id: matter },
      body: { q, filters },
    });
  const covered = (from: string, to: string, as: "live" | "down" | "catching-up", excluded?: number) =>
    home.capture({
      kind: "coverage",
      method: "linked-device",
      provenance: "captured",
      sentAt: to,
      coverage: { from, to, state: as, ...(excluded === undefined ? {} : { excluded }) },
    });
  const HOUR = (n: number) => `2026-03-05T${String(n).padStart(2, "0")}:00:00.000Z`;

  it("says that it cannot be stated where nothing was searched", async () => {
    const told = await state();
    expect(told).toMatchObject({
      conclusion: { code: "unsearched" },
      searches: { entries: [] },
      scope: null,
    });
    expect(told.conclusion.words).toContain("cannot be stated");
  });

  it("says none where all that was captured was searched, and names each search, log and account", async () => {
    const ada = (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/custodians/resolve", {
      body: { name: "Ada Custodian", create: true, actor: "test" },
    })) as { id: string };
    await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/accounts/resolve", {
      body: {
        custodian: ada.id,
        network: "sms",
        method: "carrier",
        identifier: "+441632960001",
        actor: "test",
      },
    });
    const post = (await running.owner.call("post", "/api/v1/posts", {
      body: { title: "Harbour Master", unit: "Ports", reason: "test" },
    })) as { id: string };
    await running.owner.call("post", "/api/v1/posts/:id/holdings", {
      params: { id: post.id },
      body: { custodian: ada.id, from: "2026-01-05", reason: "test" },
    });
    for (let hour = 0; hour < 5; hour += 1) await covered(HOUR(hour), HOUR(hour + 1), "live");
    await search("dredging", { from: "2026-03-01", to: "2026-03-08" });
    await search('"harbour wall"');
    const told = await state();
    // Those of one instant are in no order, and the clock of the tests may stand.
    const inOrder = told.searches.entries.toSorted((a, b) => (a.words < b.words ? -1 : 1));
    Object.assign(told.searches, { entries: inOrder });
    expect(told.conclusion.code).toBe("none");
    expect(told.searches.entries).toMatchObject([
      { words: '"harbour wall"', total: 0, by: { name: "Local owner" } },
      { words: "dredging", total: 0, filters: { from: "2026-03-01", to: "2026-03-08" } },
    ]);
    expect(told.listening.intervals).toMatchObject([{ state: "live", from: HOUR(0), to: HOUR(5) }]);
    expect(told["accounts"]).toMatchObject({
      whole: true,
      entries: [{ custodian: { name: "Ada Custodian" }, identifier: "+441632960001" }],
    });
    expect(told["posts"]).toMatchObject({
      whole: true,
      entries: [{ custodian: { name: "Ada Custodian" }, title: "Harbour Master", unit: "Ports", to: null }],
    });
    expect(told.conclusion.limits).toEqual([
      "Messages that rules of scope left out, of which only the number is known: 0.",
      "Rules of scope that left something out in the time that was searched: 0.",
      expect.stringMatching(/private are not kept/) as string,
      expect.stringMatching(/^Only what passed/) as string,
    ]);
    expect(told["scope"]).toEqual({ from: null, to: null, custodians: null });
    const { shards } = (await running.owner.call("get", "/api/v1/status")) as {
      shards: { shard: string; size: number }[];
    };
    expect(told.logs.map(({ shard }) => shard)).toEqual(["0", "audit"]);
    expect(told.logs[0]).toMatchObject({ size: shards[0]!.size });
    expect(told.logs[0]!.checkpoint).toMatch(/^test\/0\n5\n/);
  });

  it("has other words where there are gaps in what was searched, and says how long", async () => {
    await covered(HOUR(0), HOUR(2), "live");
    await covered(HOUR(2), HOUR(4), "down", 3);
    await home.capture({
      kind: "gap",
      gap: { from: HOUR(3), to: HOUR(5), why: "the device was off", about: "link" },
    });
    await search("dredging", { from: "2026-03-05", to: "2026-03-05" });
    const told = await state();
    expect(told.conclusion.code).toBe("none-with-gaps");
    expect(told.conclusion.words).toContain("Not everything was captured");
    expect(told.listening).toMatchObject({ excluded: 3, blindSeconds: 3 * 3_600, whole: true });
    expect(told.listening.intervals).toContainEqual(
      expect.objectContaining({ state: "gap", why: "the device was off", about: "link" }),
    );
  });

  it("leaves out gaps that are not within what was searched", async () => {
    await covered(HOUR(0), HOUR(2), "live");
    await home.capture({
      kind: "gap",
      gap: { from: "2026-02-01T00:00:00.000Z", to: "2026-02-02T00:00:00.000Z", why: "off" },
    });
    await search("dredging", { from: "2026-03-01" });
    expect(await state()).toMatchObject({ conclusion: { code: "none" }, listening: { blindSeconds: 0 } });
  });

  it("says that nothing shows that anything listened, where nothing does", async () => {
    await search("dredging");
    expect(await state()).toMatchObject({ conclusion: { code: "blind" } });
  });

  it("says of none that nothing is held where a search found something", async () => {
    await covered(HOUR(0), HOUR(2), "live");
    await home.capture({ text: "dredging the harbour" });
    await search("dredging");
    const told = await state();
    expect(told.conclusion.code).toBe("found");
    expect(told.searches.entries).toMatchObject([{ total: 1 }]);
  });

  it("names what was destroyed before the request was received, and after, with its certificate", async () => {
    const reviewer = await running.person("Rae Reviewer", ["reviewer"]);
    const officer = await running.person("Olu Officer", ["records-officer"]);
    const acts = disposalActs(() => ({ officer, reviewer, matter }));
    const now = home.time;
    await home.capture({ text: "old", conversation: { id: "a", title: "Old", kind: "direct" } });
    await home.capture({ text: "new", conversation: { id: "b", title: "New", kind: "direct" } });
    home.time = Date.parse("2026-03-08T12:00:00.000Z");
    await acts.disposeOf({ conversation: "Old" });
    home.time = now;
    await acts.disposeOf({ conversation: "New" });
    await covered(HOUR(0), HOUR(2), "live");
    await search("dredging");
    const told = await state();
    expect(told["disposals"]).toMatchObject({
      entries: [
        { beforeReceipt: true, count: 1, certificate: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
        { beforeReceipt: false, count: 1 },
      ],
    });
    expect(told.conclusion.limits.join(" ")).toMatch(
      /before the request was received: 1\. .* after the request was received: 1\./,
    );
  });

  it("tells of rules of scope that something was left out, and not what", async () => {
    await running.owner.call("post", "/api/v1/scope", {
      body: { effect: "exclude", network: "whatsapp", conversation: "Family", reason: "private life" },
    });
    await search("dredging");
    const told = await state();
    expect(told["rules"]).toMatchObject({
      entries: [{ effect: "exclude", by: ["network", "conversation"], network: "whatsapp", endedAt: null }],
    });
    expect(JSON.stringify(told)).not.toMatch(/Family|private life/);
  });

  it("is on record, with its digest, before it is answered, and is not answered where it cannot be", async () => {
    await search("dredging");
    await state();
    expect((await home.auditEvents()).at(-1)).toMatchObject({
      action: "statement.read",
      matter,
      detail: { conclusion: "blind", searches: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
    await expect(state()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    home.stream.faults.push("kept", "kept", "kept", "kept", "kept");
    await expect(state()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    expect(await state()).toMatchObject({ conclusion: { code: "blind" } });
  });

  it("is made of a closed matter too, and not of one that there is not", async () => {
    await running.owner.call("post", "/api/v1/matters/:id/close", { params: { id: matter } });
    expect(await state()).toMatchObject({ matter: { state: "closed" } });
    await expect(state("3b241101-e2bb-4255-8caf-4136c566a962")).rejects.toMatchObject({ status: 404 });
  });
});
