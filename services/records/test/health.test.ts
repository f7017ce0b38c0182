import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { type ParkedEvent, TOPICS } from "@daybook/contract";
import { encryptToKeys } from "@daybook/openpgp";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;
const NUMBER = "+447700900501";
const SECRET = "Sorry, I deleted the thread about Quayside";

suite("how the archive does", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let administrator: ApiClient;
  let account: string;
  let ada: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
    administrator = await running.person("Ad Min", ["administrator"]);
    const internal = running.as(INTERNAL_TOKEN);
    ({ id: ada } = (await internal.call("post", "/internal/v1/custodians/resolve", {
      body: { name: "Ada", create: true, actor: "test" },
    })) as { id: string });
    ({ id: account } = (await internal.call("post", "/internal/v1/accounts/resolve", {
      body: { custodian: ada, network: "sms", method: "carrier", identifier: NUMBER, actor: "test" },
    })) as { id: string });
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const sms = { network: "sms", method: "carrier", provenance: "captured", account: NUMBER } as const;
  const coverage = (from: string, to: string, state: "live" | "catching-up" | "down") =>
    ({ ...sms, kind: "coverage", text: undefined, coverage: { from, to, state } }) as const;
  const at = (time: string) => `2026-03-09T${time}:00.000Z`;

  it("tells when an account was live, catching up, down or unheard of, and its gaps", async () => {
    await home.capture(
      coverage(at("08:00"), at("10:00"), "live"),
      coverage(at("10:00"), at("11:00"), "down"),
      coverage(at("11:00"), at("11:30"), "catching-up"),
      coverage(at("11:15"), at("12:00"), "live"),
      { ...coverage(at("06:00"), at("12:00"), "live"), account: "+447700900599" },
      {
        ...sms,
        kind: "gap",
        sender: undefined,
        gap: { from: at("10:00"), to: at("10:30"), why: "the carrier was down" },
      },
      {
        ...sms,
        kind: "gap",
        sender: { id: NUMBER, name: "Ada" },
        gap: { from: at("10:40"), to: at("10:50"), why: SECRET },
      },
    );
    const answer = (await administrator.call("get", "/api/v1/health/coverage", {
      query: { account, from: at("07:00"), to: at("13:00") },
    })) as { stretches: { from: string; to: string; state: string }[]; gaps: { why: string | null }[] };
    expect(answer.stretches.map(({ from, state }) => [from.slice(11, 16), state])).toEqual([
      ["07:00", "unknown"],
      ["08:00", "live"],
      ["10:00", "down"],
      ["11:00", "catching-up"],
      ["11:15", "live"],
      ["12:00", "unknown"],
    ]);
    expect(answer.gaps).toEqual([
      expect.objectContaining({ why: "the carrier was down", saidBySomebody: false, account }),
      expect.objectContaining({ why: null, saidBySomebody: true }),
    ]);
    const gaps = (query: Record<string, string>) =>
      administrator.call("get", "/api/v1/health/gaps", { query }) as Promise<{
        gaps: { why: string | null; account: string | null }[];
        total: number;
        next: string | null;
      }>;
    const all = await gaps({});
    expect(all).toMatchObject({ total: 2, next: null });
    expect(all.gaps.map((gap) => gap.account)).toEqual([account, account]);
    const first = await gaps({ account, limit: "1" });
    expect(first.gaps).toHaveLength(1);
    expect((await gaps({ account, limit: "1", cursor: String(first.next) })).gaps).toHaveLength(1);
    expect((await gaps({ network: "signal" })).gaps).toEqual([]);
    expect(JSON.stringify([answer, all])).not.toContain("Quayside");
    for (const query of [
      { account, from: "2026-01-01", to: "2025-01-01" },
      { account, from: "2024-01-01", to: "2026-01-01" },
    ]) {
      await expect(administrator.call("get", "/api/v1/health/coverage", { query })).rejects.toMatchObject({
        status: 400,
      });
    }
    expect(await administrator.call("get", "/api/v1/health/accounts")).toMatchObject({
      accounts: [
        {
          id: account,
          identifier: NUMBER,
          custodian: { name: "Ada" },
          last: { state: "live", until: at("12:00") },
        },
      ],
      next: null,
    });
  });

  it("counts messages by day where the body is, by network and account, and nothing else", async () => {
    const sent = (sentAt: string, over: object = {}) => ({ ...sms, sentAt, ...over });
    await home.capture(
      sent("2026-03-01T10:00:00.000Z"),
      sent("2026-03-01T23:59:59.999Z"),
      sent("2026-03-03T00:00:00.000Z"),
      sent("2026-03-03T12:00:00.000Z", { account: "+447700900599" }),
      sent("2026-03-03T12:00:00.000Z", { network: "whatsapp" }),
      sent("2026-03-03T12:00:00.000Z", { kind: "edit" }),
    );
    const volumes = async (query: Record<string, string>) =>
      (
        (await administrator.call("get", "/api/v1/health/volumes", { query })) as {
          days: { day: string; network: string; messages: number }[];
        }
      ).days.map(({ day, network, messages }) => [day, network, messages]);
    expect(await volumes({ from: "2026-03-01", to: "2026-03-04" })).toEqual([
      ["2026-03-01", "sms", 2],
      ["2026-03-02", "sms", 0],
      ["2026-03-03", "sms", 2],
      ["2026-03-01", "whatsapp", 0],
      ["2026-03-02", "whatsapp", 0],
      ["2026-03-03", "whatsapp", 1],
    ]);
    expect(await volumes({ from: "2026-03-01", to: "2026-03-04", account })).toEqual([
      ["2026-03-01", "sms", 2],
      ["2026-03-02", "sms", 0],
      ["2026-03-03", "sms", 1],
    ]);
    await expect(volumes({ from: "2026-01-01", to: "2026-06-01" })).rejects.toMatchObject({ status: 400 });
  });

  describe("parked events", () => {
    const parked = (over: Partial<ParkedEvent>): ParkedEvent => ({
      v: 1,
      reason: "malformed",
      at: at("09:00"),
      from: { stream: home.stream.id, topic: TOPICS.events, partition: 0, offset: 7 },
      payload: Buffer.from(SECRET).toString("base64"),
      ...over,
    });
    const park = async (...events: ParkedEvent[]) => {
      const to = home.archiveKeys.recipients().inForce(new Date(home.time));
      for (const event of events)
        await home.stream.send(TOPICS.parked, 0, [
          await encryptToKeys(Buffer.from(JSON.stringify(event)), to),
        ]);
    };
    const list = (query: Record<string, string> = {}) =>
      administrator.call("get", "/api/v1/health/parked", { query }) as Promise<{
        parked: { offset: number; reason: string; replayedAt: string | null }[];
        waiting: number;
        next: number | null;
      }>;
    const replay = (...offsets: number[]) =>
      administrator.call("post", "/api/v1/health/parked/replay", { body: { offsets } });
    const events = () => home.stream.messages(TOPICS.events, 0);

    it("are listed without what they hold, a page at a time", async () => {
      await park(parked({}), parked({ reason: "undecryptable" }));
      await home.park();
      const { parked: all, waiting, next } = await list();
      expect(all.map(({ offset, reason }) => [offset, reason])).toEqual([
        [0, "malformed"],
        [1, "undecryptable"],
        [2, "unreadable"],
      ]);
      expect({ waiting, next }).toEqual({ waiting: 3, next: null });
      expect(JSON.stringify(all)).not.toContain("Quayside");
      const first = await list({ limit: "2" });
      expect(first.next).toBe(2);
      expect((await list({ limit: "2", cursor: "2" })).parked).toHaveLength(1);
      const officer = await running.person("Of Ficer", ["records-officer"]);
      await expect(officer.call("get", "/api/v1/health/parked")).rejects.toMatchObject({ status: 403 });
    });

    it("are put back as they were, or under the ingest key, and are not counted any more", async () => {
      const raw = Buffer.from("as on the stream");
      await park(parked({}), parked({ reason: "undecryptable", payload: raw.toString("base64") }));
      await home.park();
      expect(await replay(0, 1, 1)).toEqual({ replayed: 2 });
      expect(Buffer.from(events()[1] as Uint8Array)).toEqual(raw);
      expect(Buffer.from(events()[0] as Uint8Array).toString()).not.toContain("Quayside");
      expect(await list()).toMatchObject({ waiting: 1 });
      expect(await administrator.call("get", "/api/v1/status")).toMatchObject({ parked: 1 });
      await expect(replay(0, 2)).rejects.toMatchObject({ status: 409 });
      await expect(replay(0, 3)).rejects.toMatchObject({ status: 404 });
      expect(events()).toHaveLength(2);
      const audited = (await home.auditEvents()).map(({ action }) => action);
      expect(audited.filter((action) => action.startsWith("parked."))).toEqual([
        "parked.replay",
        "parked.replayed",
      ]);
      await running.stop();
      await home.sql("DROP SCHEMA records CASCADE");
      running = await home.start();
      expect(await home.sql("SELECT idx::int FROM records.replayed ORDER BY 1")).toEqual([[0], [1]]);
    });

    it("are not put back unless that is durable first, and are when only the answer is lost", async () => {
      await park(parked({}));
      home.stream.faults.push("lost", "lost", "lost", "lost", "lost");
      await expect(replay(0)).rejects.toMatchObject({ status: 503 });
      expect(events()).toHaveLength(0);
      expect(await list()).toMatchObject({ waiting: 1 });
      home.stream.faults.push("kept", "lost", "kept");
      expect(await replay(0)).toEqual({ replayed: 1 });
      expect(await list()).toMatchObject({ waiting: 0 });
    });
  });

  it("remembers what the last check of everything came to", async () => {
    await home.capture({ text: "one" });
    const log = () =>
      administrator.call("get", "/api/v1/health/log") as Promise<{
        shards: unknown[];
        verifying: unknown;
        last: { ok: boolean; endedAt: string; shards: { shard: string; problems: number }[] } | null;
      }>;
    expect(await log()).toMatchObject({ last: null, verifying: null });
    expect(await administrator.call("post", "/api/v1/health/log/verify", {})).toMatchObject({ of: 2 });
    while ((await log()).verifying !== null) await new Promise((done) => setTimeout(done, 20));
    const { last, shards } = await log();
    expect(last).toMatchObject({ ok: true, endedAt: new Date(home.time).toISOString() });
    expect(last?.shards.map(({ shard }) => shard)).toEqual(["0", "audit"]);
    expect(shards).toHaveLength(2);

    const segment = [...home.stores.records.objects.keys()].find((key) => key.includes("log/0/segment"));
    home.stores.records.objects.delete(String(segment));
    home.time += 1_000;
    const { body } = await administrator.download("/api/v1/fsck", { method: "post" });
    for await (const _ of body);
    expect(await log()).toMatchObject({ last: { ok: false } });
    const officer = await running.person("Of Ficer", ["records-officer"]);
    await expect(officer.call("post", "/api/v1/health/log/verify", {})).rejects.toMatchObject({
      status: 403,
    });
  });

  it("measures the stores once an hour, in the background", async () => {
    await home.capture({ text: "one" });
    const storage = () =>
      administrator.call("get", "/api/v1/health/storage") as Promise<{
        measuredAt: string | null;
        measuring: boolean;
        stores: { store: string; objects: number; sizeBytes: number }[];
      }>;
    const settled = async () => {
      while ((await storage()).measuring) await new Promise((done) => setTimeout(done, 10));
      return storage();
    };
    const { stores, measuredAt } = await settled();
    const sizes = [...home.stores.records.objects.values()].map(({ body }) => body.length);
    expect(stores[0]).toEqual({
      store: "records",
      objects: sizes.length,
      sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
      isFloor: false,
    });
    expect(stores.map(({ store }) => store)).toEqual(["records", "heads", "keyring"]);
    await home.capture({ text: "two" });
    expect(await settled()).toMatchObject({ measuredAt });
    home.time += 3_600_000;
    expect((await settled()).stores[0]?.objects).toBeGreaterThan(sizes.length);
  });
});
