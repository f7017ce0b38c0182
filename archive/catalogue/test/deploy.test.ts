import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresAccess, type PostgresEngine, startLabPostgres } from "@daybook/lab";
import { checkPostgres, migrate, openCatalogue } from "../src/index.ts";
import { type DeployedLogin, deployDatabase, hasPostgres } from "../testing/index.ts";
import { found, openTestCatalogue, recordOf, type TestCatalogue } from "./support/records.ts";

if (!hasPostgres)
  console.warn("there is no PostgreSQL for this machine: tests of the deployment are SKIPPED");

(hasPostgres ? describe : describe.skip)(
  "an organisation's PostgreSQL, set up by infra/deploy/postgres",
  () => {
    let dir: string;
    let engine: PostgresEngine;
    let logins: Record<DeployedLogin, PostgresAccess>;
    let catalogue: TestCatalogue;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), "catalogue-deploy-"));
      engine = (await startLabPostgres({ dir }))!;
      logins = await deployDatabase(engine);
      catalogue = await openTestCatalogue(logins.owner, { writer: logins.archiver, reader: logins.evidence });
    }, 60_000);
    afterAll(async () => {
      await catalogue.close();
      await engine.stop();
      await rm(dir, { recursive: true });
    });

    /** What PostgreSQL says to a login: a code, or that it was done. */
    const attempt = (login: DeployedLogin, text: string) =>
      engine.sql(text, undefined, logins[login]).then(
        () => "done",
        (error: unknown) => (error as { code: string }).code,
      );

    it("lets the owner migrate, again and again, who may make neither roles nor schemas", async () => {
      const owner = openCatalogue(logins.owner, "owner", { max: 1 });
      await migrate(owner);
      await owner.close();

      expect(await attempt("owner", "CREATE ROLE another")).toBe("42501");
      expect(await attempt("owner", "CREATE SCHEMA another")).toBe("42501");
      expect(await attempt("owner", "CREATE TABLE public.another ()")).toBe("42501");
      await checkPostgres(logins.owner, { owns: ["catalogue"] });
    });

    it("lets the archiver write, and evidence find, under row-level security", async () => {
      const [kept, gone] = [recordOf({ text: "harbour kept" }), recordOf({ text: "harbour gone" })];
      await catalogue.add([kept, gone]);
      expect((await found(catalogue, "harbour")).sort()).toEqual([kept.id, gone.id].sort());
      await catalogue.writer.dispose([gone.id]);

      expect(await found(catalogue, "harbour")).toEqual([kept.id]);
      expect(await catalogue.writer.known([kept.id, gone.id], { shard: "0", size: 2 })).toEqual(
        new Set([kept.id, gone.id]),
      );
      await catalogue.writer.settle();
      await catalogue.writer.analyzeIfDue();
      expect(await catalogue.writer.reclaim()).toBe(true);
      const rows = (login: DeployedLogin, role: string) =>
        engine.sql(`SET ROLE ${role}; SELECT count(*)::int FROM catalogue.record`, undefined, logins[login]);
      expect(await rows("archiver", "catalogue_writer")).toEqual([[2]]);
      expect(await rows("records", "catalogue_reader")).toEqual([[1]]);
      expect(await rows("evidence", "catalogue_reader")).toEqual([[1]]);
    });

    it("lets the archiver do all that a rebuild does, short of changing tables", async () => {
      const writer = openCatalogue(logins.records, "writer", { max: 1 });
      await writer.query("BEGIN; TRUNCATE catalogue.word; ROLLBACK");
      await writer.close();

      const as = "SET ROLE catalogue_writer;";
      expect(await attempt("archiver", `${as} DROP TABLE catalogue.record`)).toBe("42501");
      expect(await attempt("archiver", `${as} ALTER TABLE catalogue.record DISABLE ROW LEVEL SECURITY`)).toBe(
        "42501",
      );
      expect(await attempt("archiver", `${as} CREATE TABLE catalogue.another ()`)).toBe("42501");
    });

    it.each([
      ["evidence", "SET ROLE catalogue_writer"],
      ["evidence", "SET ROLE catalogue_reader; DELETE FROM catalogue.record"],
      ["evidence", "SET ROLE catalogue_reader; UPDATE catalogue.state SET size = 0"],
      ["evidence", "SELECT FROM catalogue.record"],
      ["capture", "SELECT FROM catalogue.record"],
      ["gateway", "SELECT FROM catalogue.record"],
      ["gateway", "SET ROLE catalogue_reader"],
      ["capture", "SET ROLE catalogue_reader"],
      ["archiver", "SET ROLE catalogue_reader"],
      ["archiver", "SET ROLE daybook_owner"],
      ["archiver", "CREATE TABLE records.another ()"],
      ["records", "CREATE TABLE capture.another ()"],
      ["capture", "CREATE TABLE records.another ()"],
      ["gateway", "CREATE TABLE capture.another ()"],
      ["records", "CREATE SCHEMA another"],
      ["records", "COPY (SELECT 1) TO '/tmp/x'"],
    ] as const)("refuses %s: %s", async (login, text) => {
      expect(await attempt(login, text)).toBe("42501");
    });

    it("lets records, capture and gateway fill their own schema", async () => {
      await checkPostgres(logins.records, {
        owns: ["records"],
        roles: ["catalogue_writer", "catalogue_reader"],
      });
      await checkPostgres(logins.capture, { owns: ["capture"] });
      expect(await attempt("records", "CREATE TABLE records.kept (); DROP TABLE records.kept")).toBe("done");
      expect(await attempt("capture", "CREATE TABLE capture.kept (); DROP TABLE capture.kept")).toBe("done");
      await checkPostgres(logins.gateway, { owns: ["gateway"] });
      expect(await attempt("gateway", "CREATE TABLE gateway.kept (); DROP TABLE gateway.kept")).toBe("done");
    });

    it("says what is missing before anything is opened", async () => {
      const refusal = (login: DeployedLogin, needs: Parameters<typeof checkPostgres>[1]) =>
        checkPostgres(logins[login], needs).then(
          () => "none",
          (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
        );

      expect(await refusal("capture", { roles: ["catalogue_reader"] })).toBe(
        "refused: PostgreSQL's role catalogue_reader is not open to this user: see infra/deploy/postgres",
      );
      expect(await refusal("capture", { roles: ["catalogue_auditor"] })).toBe(
        "refused: PostgreSQL's role catalogue_auditor is missing: see infra/deploy/postgres",
      );
      expect(await refusal("evidence", { owns: ["records"] })).toBe(
        "refused: PostgreSQL's schema records belongs to somebody else: see infra/deploy/postgres",
      );
      expect(await refusal("evidence", { owns: ["another"] })).toBe(
        "refused: PostgreSQL's schema another is missing, and this user may not make it: see infra/deploy/postgres",
      );
    });

    it("refuses an upgrade by who may not make what is missing", async () => {
      const { access } = engine;
      await engine.sql("CREATE DATABASE bare");
      const bare = openCatalogue({ ...access, database: "bare" }, "owner", { max: 1 });
      await expect(migrate(bare)).rejects.toMatchObject({
        code: "refused",
        message: "PostgreSQL gives this user no right to do that: grant it (infra/deploy/postgres)",
      });
      await bare.close();
    });
  },
);
