import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgresPool } from "@daybook/catalogue";
import { deployDatabase, hasPostgres } from "@daybook/catalogue/testing";
import { type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { ImportedLines } from "../src/lines.ts";

if (!hasPostgres) console.warn("there is no PostgreSQL for this machine: the deployment's is SKIPPED");

(hasPostgres ? describe : describe.skip)("the schema capture in an organisation's PostgreSQL", () => {
  let dir: string;
  let engine: PostgresEngine;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "capture-deploy-"));
    engine = (await startLabPostgres({ dir }))!;
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  it("is filled, again and again, by a login that may make no schema", async () => {
    const { capture } = await deployDatabase(engine);
    const pool = openPostgresPool(capture, { name: "daybook-capture", max: 1 });
    const lines = new ImportedLines(pool, Buffer.alloc(32, 3));
    await lines.migrate();
    await lines.migrate();

    expect(await lines.isLearned()).toBe(false);
    await lines.setLearned();
    expect(await lines.isLearned()).toBe(true);
    await expect(pool.query("CREATE SCHEMA another")).rejects.toMatchObject({ code: "42501" });
    await pool.end();
  });
});
