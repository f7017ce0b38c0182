import type { CataloguePool } from "./connection.ts";
import { CatalogueError } from "./error.ts";
import { MIGRATIONS } from "./schema.ts";

/** Any constant will do: only one process at a time migrates. */
const MIGRATION_LOCK = 7_318_001;

const ROLES = `
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['catalogue_writer', 'catalogue_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles are shared by all databases
      END;
    END IF;
    -- An owner that is no superuser made the role, and still has to be let into it (PostgreSQL 16 and later). One
    -- that found it made by an administrator only owns: others write and read.
    IF NOT pg_catalog.pg_has_role(current_user, wanted, 'SET')
      AND pg_catalog.pg_has_role(current_user, wanted, 'MEMBER WITH ADMIN OPTION') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE, INHERIT FALSE', wanted);
    END IF;
  END LOOP;
END $$`;

/**
 * Brings the schema to this version, in one transaction; does nothing when it is there. Makes the roles
 * `catalogue_writer` and `catalogue_reader` unless they exist, which needs CREATEROLE, and the schema, which needs
 * CREATE on the database.
 *
 * @param pool opened as `owner`
 * @throws {CatalogueError} `not-migrated`: the schema is of a later version than this program; `refused`: roles or
 *   schema are missing, and this login may not make them
 */
export async function migrate(pool: CataloguePool): Promise<void> {
  await pool.session(async (session) => {
    await session.query("BEGIN");
    try {
      await session.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      await session.query(
        `SET LOCAL client_min_messages = warning;
         DO $$ BEGIN IF to_regnamespace('catalogue') IS NULL THEN CREATE SCHEMA catalogue; END IF; END $$;
         CREATE TABLE IF NOT EXISTS catalogue.migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
      );
      const { rows } = await session.query("SELECT coalesce(max(version), 0) FROM catalogue.migration");
      const present = Number(rows[0]?.[0]);
      if (present > MIGRATIONS.length) {
        throw new CatalogueError(
          "not-migrated",
          "the catalogue's schema is of a later version than this program",
        );
      }
      if (present < MIGRATIONS.length) await session.query(ROLES);
      for (const [at, migration] of MIGRATIONS.entries()) {
        if (at < present) continue;
        await session.query(migration);
        await session.query("INSERT INTO catalogue.migration (version) VALUES ($1)", [at + 1]);
      }
      await session.query("COMMIT");
    } catch (error) {
      await session.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  });
}
