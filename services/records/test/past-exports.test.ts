import { randomUUID } from "node:crypto";
import { auditEnvelope, encodeEnvelope, TOPICS } from "@daybook/contract";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { ApiClient } from "@daybook/runtime";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

suite("the exports of a matter", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let internal: ApiClient;
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

  async function start(): Promise<void> {
    running = await home.start();
    internal = running.as(INTERNAL_TOKEN);
  }

  /** As the evidence service tells of one. */
  async function told(matter: string, detail: Record<string, unknown>): Promise<string> {
    const id = randomUUID();
    home.time += 1_000;
    const envelope = auditEnvelope(
      {
        actor: "officer",
        action: "export.start",
        matter,
        subject: id,
        detail: { filters: {}, formats: [], withSources: false, ...detail },
      },
      { deployment: "test", at: new Date(home.time) },
    );
    await home.stream.send(TOPICS.audit, 0, [await home.seal(encodeEnvelope(envelope))]);
    return id;
  }

  const opened = async (title: string) => {
    const body = { title, kind: "foi" };
    return ((await running.owner.call("post", "/api/v1/matters", { body })) as { id: string }).id;
  };
  const list = (id: string, query = {}) =>
    internal.call("get", "/internal/v1/matters/:id/exports", { params: { id }, query }) as Promise<{
      exports: { id: string }[];
      next: string | null;
    }>;

  it("are told from the log, newest first and page by page, after a restart and a rebuild too", async () => {
    const matter = await opened("Ferry papers");
    const all = await told(matter, { name: "all" });
    const chosen = await told(matter, { name: "chosen", selection: { records: 3, sha256: "0".repeat(64) } });
    const some = await told(matter, { name: "some", filters: { words: "ferry" } });
    const old = await told(matter, {});
    await told(await opened("Another"), { name: "another's" });
    await running.stop();
    await start();

    const expected = [
      { id: old, name: null, of: "everything", by: "officer" },
      { id: some, name: "some", of: "filters", by: "officer" },
      { id: chosen, name: "chosen", of: "selection", by: "officer" },
      { id: all, name: "all", of: "everything", by: "officer" },
    ];
    expect(await list(matter)).toMatchObject({ exports: expected, next: null });
    const first = await list(matter, { limit: 3 });
    expect(first.exports.map(({ id }) => id)).toEqual([old, some, chosen]);
    expect(await list(matter, { limit: 3, cursor: first.next })).toMatchObject({
      exports: [{ id: all }],
      next: null,
    });

    const { body } = await running.owner.download("/api/v1/rebuild", { method: "post" });
    for await (const _ of body);
    expect(await list(matter)).toMatchObject({ exports: expected });
  });

  it("are kept sealed: no name of a package is to be read in the tables", async () => {
    const matter = await opened("Quiet");
    await told(matter, { name: "quetzal", filters: { words: "quetzal" } });
    await running.stop();
    await start();
    expect((await list(matter)).exports).toHaveLength(1);
    const rows = await home.sql(
      "SELECT e::text, encode(filters, 'escape'), encode(name, 'escape') FROM records.export e",
    );
    expect(JSON.stringify(rows)).not.toContain("quetzal");
  });

  it("are none of a matter that there is not", async () => {
    await expect(list(randomUUID())).rejects.toMatchObject({ status: 404, code: "no-such-matter" });
  });
});
