import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployDatabase, hasPostgres } from "@daybook/catalogue/testing";
import { type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { openDatabase } from "../src/database.ts";
import { migrate } from "../src/schema.ts";

if (!hasPostgres) console.warn("there is no PostgreSQL for this machine: the deployment's is SKIPPED");

(hasPostgres ? describe : describe.skip)("the schema records in an organisation's PostgreSQL", () => {
  let dir: string;
  let engine: PostgresEngine;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "records-deploy-"));
    engine = (await startLabPostgres({ dir }))!;
  }, 60_000);
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  it("is filled, again and again, by a login that may make no schema", async () => {
    const { records } = await deployDatabase(engine);
    const database = openDatabase(records);
    await migrate(database);
    await migrate(database);
    const rows = await database.query("SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user");

    expect(rows).toEqual([{ rolcreaterole: false }]);
    expect(await database.query("SELECT next FROM records.position")).toEqual([{ next: "0" }]);
    await expect(database.query("CREATE SCHEMA another")).rejects.toMatchObject({ code: "refused" });
    await database.close();
  });

  it("is refused, in one line, to a login that has none and may make none", async () => {
    await engine.sql("CREATE DATABASE bare");
    const database = openDatabase({ ...engine.access, database: "bare" });
    await expect(migrate(database)).rejects.toMatchObject({
      code: "refused",
      message: "PostgreSQL gives this user no right to do that: grant it (infra/deploy/postgres)",
    });
    await database.close();
  });
});
