import { decodeProof, leafHash, openCheckpoint, parseVkey, rootFromInclusion } from "@daybook/archive-core";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import {
  createDeployment,
  type Deployment,
  INTERNAL_TOKEN,
  messageOf,
  type Running,
} from "./support/deployment.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";

const suite = hasPostgres ? describe : describe.skip;

suite("operations", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;
  let internal: ApiClient;
  let matter: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres, { segmentRecords: 7 });
    await take(await home.start());
    matter = (
      (await owner.call("post", "/api/v1/matters", { body: { title: "M", kind: "foi" } })) as { id: string }
    ).id;
    await home.capture(...Array.from({ length: 30 }, (_, i) => ({ text: `harbour number${i}` })));
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const take = (started: Running) => {
    running = started;
    ({ owner } = running);
    internal = running.as(INTERNAL_TOKEN);
    return Promise.resolve();
  };
  const search = async (q: string, more: object = {}) =>
    (await owner.call("get", "/api/v1/search", { query: { q, matter, limit: 100, ...more } })) as {
      total: number;
      results: { id: string }[];
    };
  const lines = async (
    client: ApiClient,
    method: "get" | "post",
    path: string,
    query: Record<string, string> = {},
  ) => {
    const { body } = await client.download(path, { method, query });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it("proves a record under a checkpoint that the published key signs", async () => {
    const { results } = await search("number17");
    const { vkeys } = (await owner.call("get", "/api/v1/log/vkeys")) as {
      vkeys: { shard: string; vkey: string }[];
    };
    const proved = (await owner.call("get", "/api/v1/log/prove/:id", { params: { id: results[0]!.id } })) as {
      shard: string;
      leaf: string;
      proof: string;
    };
    const { index, hashes, checkpoint } = decodeProof(proved.proof);
    const { size, root } = openCheckpoint(
      checkpoint,
      parseVkey(vkeys.find((one) => one.shard === proved.shard)!.vkey),
    );
    expect(size).toBe(30);
    expect(rootFromInclusion(leafHash(Buffer.from(proved.leaf)), index, size, hashes)).toEqual(root);
    await expect(
      owner.call("get", "/api/v1/log/prove/:id", { params: { id: "0".repeat(32) } }),
    ).rejects.toMatchObject({
      status: 404,
    });
  });

  it("tells how far each shard is, and what lies on the stream", async () => {
    await home.stream.send("daybook.parked", 0, [Buffer.from("x")]);
    await home.stream.send("daybook.events", 0, [Buffer.from("x"), Buffer.from("y")]);
    expect(await owner.call("get", "/api/v1/status")).toMatchObject({
      deployment: "test",
      sample: false,
      parked: 1,
      mattersOpen: 1,
      shards: [
        { shard: "0", size: 30, catalogued: 30, lag: 2 },
        { shard: "audit", lag: 3 },
      ],
    });
  });

  it("finds a key line that is gone without a disposal, and a segment that was altered", async () => {
    expect((await lines(owner, "post", "/api/v1/fsck")).at(-1)).toEqual({ ok: true });
    const [block] = [...home.stores.keyring.objects.keys()].filter((key) => key.startsWith("keyring/0/"));
    await home.stores.keyring.remove(block!);
    const [shard, , last] = await lines(owner, "post", "/api/v1/fsck");
    expect(shard).toMatchObject({
      shard: "0",
      problems: expect.arrayContaining([expect.objectContaining({ where: block })]) as unknown,
    });
    expect(last).toEqual({ ok: false });
  });

  it("makes the catalogue again, the same as it was, from objects and keys alone", async () => {
    const before = await search("harbour");
    await home.sql("TRUNCATE catalogue.record, catalogue.segment, catalogue.state, catalogue.word");
    expect((await search("harbour")).total).toBe(0);
    const told = await lines(owner, "post", "/api/v1/rebuild");
    expect(told.at(-1)).toMatchObject({ ok: true });
    expect(told.filter(({ what, shard }) => what === "catalogue" && shard === "0").at(-1)).toMatchObject({
      done: 30,
      of: 30,
    });
    const after = await search("harbour");
    expect(after.total).toBe(30);
    expect(new Set(after.results.map((r) => r.id))).toEqual(new Set(before.results.map((r) => r.id)));
    await home.capture({ text: "harbour afterwards" });
    expect((await search("harbour")).total).toBe(31);
  });

  it("writes a span of rows before it is ready itself, since the archiver may wait for them", async () => {
    await running.stop();
    await home.sql("DELETE FROM catalogue.record WHERE shard = 0 AND idx >= 12");
    await home.sql("UPDATE catalogue.state SET size = 12 WHERE shard = 0");
    let release: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    let answered: Promise<unknown> | undefined;
    const archived = home.archiver.archived.bind(home.archiver);
    home.archiver.archived = async (shard, offset) => {
      await waiting;
      return archived(shard, offset);
    };
    const starting = home.start({}, (api) => {
      const client = api.as(INTERNAL_TOKEN);
      answered = client
        .call("post", "/internal/v1/rebuild-span", { body: { shard: "0", from: 12, size: 30 } })
        .then(() => client.call("get", "/internal/v1/scope"))
        .catch((error: unknown) => error)
        .finally(release);
    });
    await take(await starting);
    expect(await answered).toMatchObject({ status: 503, code: "starting" });
    expect((await search("harbour")).total).toBe(30);
  });

  it("tells the segments that a hold covers, each once", async () => {
    await owner.call("post", "/api/v1/holds", {
      body: { matter, reason: "r", conversation: "Harbour works" },
    });
    await owner.call("post", "/api/v1/holds", { body: { matter, reason: "r", network: "whatsapp" } });
    const held = await lines(internal, "get", "/internal/v1/held-segments");
    expect(held.map(({ first }) => first)).toEqual([0, 7, 14, 21, 28]);
  });

  it("streams records for capture to learn from, and the file of a notice", async () => {
    const { ref, key } = await home.attach("the exported chat", "chat.txt");
    const source = { sha256: ref.sha256, line: 1, offsetBytes: 0 };
    await home.captureAll(
      [
        {
          eventId: "n",
          stableDigest: "0".repeat(64),
          event: messageOf({ kind: "notice", text: "Imported", attachments: [ref], source }),
        },
      ],
      () => [key],
    );
    const query = { network: "whatsapp", method: "export", kind: "notice" };
    const notices = await lines(internal, "get", "/internal/v1/records", query);
    expect(notices).toHaveLength(1);
    const params = { id: notices[0]!["id"] as string };
    const { body } = await internal.download("/internal/v1/records/:id/file", { params });
    let text = "";
    for await (const chunk of body) text += String(chunk);
    expect(text).toBe("the exported chat");
    const other = (await search("number1")).results[0]!;
    await expect(
      internal.download("/internal/v1/records/:id/file", { params: { id: other.id } }),
    ).rejects.toMatchObject({ status: 404 });
  });

  it("waits for the archiver as long as that may heal, and stops when told to", async () => {
    await running.stop();
    const stop = new AbortController();
    let asked = 0;
    const archiver = {
      archived: () => {
        asked += 1;
        if (asked === 3) stop.abort();
        return Promise.reject(new ProblemError(503, "archiver-stopped", "not now"));
      },
    };
    await expect(home.start({ archiver }, undefined, stop.signal)).rejects.toThrow(
      "stopped before it was ready",
    );
    expect(asked).toBe(3);
    await take(await home.start());
  });

  it("refuses to start over an audit log that is shorter than what it read of it", async () => {
    await running.stop();
    await home.sql("UPDATE records.position SET next = 1000");
    await expect(home.start()).rejects.toMatchObject({ code: "corrupt" });
    await home.sql("UPDATE records.position SET next = 0");
    await take(await home.start());
  });
});
