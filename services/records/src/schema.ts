import { AGENT_SCHEMA } from "./agents/agent-facts.ts";
import type { Database } from "./database.ts";
import { EXPORT_SCHEMA } from "./exporting/export-schema.ts";
import { CONFIRMED_SCHEMA, PARTICIPANT_SCHEMA } from "./participants/participant-facts.ts";
import { POST_SCHEMA } from "./posts/post-schema.ts";
import { confirmationMigration, signInMigration } from "./sign-in/migration.ts";

/** Any constant will do: only one process at a time migrates. */
const MIGRATION_LOCK = 7_318_101;

/** Versions of the schema, oldest first. Never change one that has been released: append. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records.custodian (
    id uuid PRIMARY KEY, name_key bytea NOT NULL, name bytea NOT NULL, added_at timestamptz(3) NOT NULL
  );
  CREATE INDEX custodian_name ON records.custodian (name_key);
  CREATE TABLE records.account (
    id uuid PRIMARY KEY, network text NOT NULL, method text NOT NULL, identifier_key bytea, identifier bytea,
    added_at timestamptz(3) NOT NULL, UNIQUE (network, method, identifier_key)
  );
  CREATE TABLE records.account_link (
    account uuid NOT NULL REFERENCES records.account, valid tstzrange NOT NULL,
    custodian uuid NOT NULL REFERENCES records.custodian,
    PRIMARY KEY (account, valid WITHOUT OVERLAPS)
  );
  CREATE INDEX account_link_custodian ON records.account_link (custodian);
  CREATE TABLE records.person (id text PRIMARY KEY, name_key bytea NOT NULL, name bytea NOT NULL, kind text NOT NULL);
  CREATE INDEX person_name ON records.person (name_key);
  CREATE TABLE records.token (
    id uuid PRIMARY KEY, hash bytea NOT NULL UNIQUE, person text NOT NULL REFERENCES records.person,
    roles text[] NOT NULL, expires_at timestamptz(3), added_at timestamptz(3) NOT NULL, revoked_at timestamptz(3)
  );
  CREATE TABLE records.matter (
    id uuid PRIMARY KEY, title bytea NOT NULL, kind text NOT NULL, opened_by text NOT NULL,
    opened_at timestamptz(3) NOT NULL, due timestamptz(3), closed_at timestamptz(3)
  );
  CREATE TABLE records.scope_rule (
    id uuid PRIMARY KEY, rule jsonb NOT NULL, reason bytea NOT NULL, added_by text NOT NULL,
    added_at timestamptz(3) NOT NULL, ended_at timestamptz(3)
  );
  CREATE TABLE records.hold (
    id uuid PRIMARY KEY, matter uuid NOT NULL REFERENCES records.matter, reason bytea NOT NULL,
    predicate bytea NOT NULL, placed_by text NOT NULL, placed_at timestamptz(3) NOT NULL,
    released_at timestamptz(3)
  );
  CREATE TABLE records.hold_release (
    id uuid PRIMARY KEY, hold uuid NOT NULL REFERENCES records.hold, reason bytea NOT NULL,
    proposed_by text NOT NULL, proposed_at timestamptz(3) NOT NULL, approved_by text, approved_at timestamptz(3)
  );
  CREATE TABLE records.disposal (
    id uuid PRIMARY KEY, state text NOT NULL, ids bytea NOT NULL, digest bytea NOT NULL,
    reason bytea NOT NULL, authority bytea NOT NULL, proposed_by text NOT NULL,
    proposed_at timestamptz(3) NOT NULL, decided_by text, decided_at timestamptz(3),
    doomed jsonb, files bytea, excluded jsonb, bytes_gone_from timestamptz(3), exports uuid[],
    unreadable_from timestamptz(3), done_at timestamptz(3)
  );
  CREATE TABLE records.disposed (
    record uuid PRIMARY KEY, disposal uuid NOT NULL REFERENCES records.disposal, shard text NOT NULL, idx bigint NOT NULL
  );
  CREATE TABLE records.disposed_file (
    notice uuid PRIMARY KEY, disposal uuid NOT NULL REFERENCES records.disposal
  );
  CREATE TABLE records.certificate (
    disposal uuid PRIMARY KEY REFERENCES records.disposal, record uuid NOT NULL, idx bigint NOT NULL
  );
  CREATE TABLE records.export (id uuid PRIMARY KEY, matter uuid, filters bytea NOT NULL, at timestamptz(3) NOT NULL);
  CREATE TABLE records.change (id uuid PRIMARY KEY);
  CREATE TABLE records.position (one boolean PRIMARY KEY DEFAULT true CHECK (one), next bigint NOT NULL);
  INSERT INTO records.position (next) VALUES (0);
  `,
  `
  CREATE TABLE records.archive_key (
    fingerprint text PRIMARY KEY, role text NOT NULL, starts timestamptz(3), public_key text NOT NULL,
    added_by text NOT NULL, added_at timestamptz(3) NOT NULL
  );
  CREATE TABLE records.retired_key (fingerprint text PRIMARY KEY, at timestamptz(3) NOT NULL);
  CREATE TABLE records.rewrap (
    id uuid PRIMARY KEY, to_key text NOT NULL, drop_key text, started_by text NOT NULL,
    started_at timestamptz(3) NOT NULL, named bigint NOT NULL DEFAULT 0, ended_at timestamptz(3), failed bigint,
    complete boolean
  );
  `,
  `ALTER TABLE records.token ADD COLUMN custodians uuid[] NOT NULL DEFAULT '{}'`,
  `
  CREATE TABLE records.calendar_version (
    id uuid PRIMARY KEY, number int NOT NULL UNIQUE, kind text NOT NULL, holidays jsonb NOT NULL,
    source bytea NOT NULL, day text, divisions text[], added_by text NOT NULL, added_at timestamptz(3) NOT NULL
  );
  ALTER TABLE records.matter
    ADD COLUMN set_due timestamptz(3), ADD COLUMN regime text, ADD COLUMN rule int, ADD COLUMN nation text,
    ADD COLUMN received text, ADD COLUMN reference bytea, ADD COLUMN due_limit timestamptz(3),
    ADD COLUMN provisional boolean NOT NULL DEFAULT false, ADD COLUMN waits_for text,
    ADD COLUMN calendar uuid REFERENCES records.calendar_version,
    ADD COLUMN latest uuid REFERENCES records.calendar_version,
    ADD COLUMN answered_on text, ADD COLUMN outcome text, ADD COLUMN assigned text;
  UPDATE records.matter SET set_due = due;
  CREATE INDEX matter_open_due ON records.matter (due, id) WHERE closed_at IS NULL;
  CREATE TABLE records.matter_event (
    matter uuid NOT NULL REFERENCES records.matter, n int NOT NULL, action text NOT NULL, actor text NOT NULL,
    at timestamptz(3) NOT NULL, what text, on_day text, to_day text, person text, words bytea,
    PRIMARY KEY (matter, n)
  );
  `,
  POST_SCHEMA,
  signInMigration,
  `
  -- Written outside of the turns of changes: it may refer to nothing that a rebuild has deleted and not yet made again.
  CREATE TABLE records.search (
    id uuid PRIMARY KEY, matter uuid NOT NULL, actor text NOT NULL, at timestamptz(3) NOT NULL, asked bytea NOT NULL,
    total bigint NOT NULL, exact boolean NOT NULL
  );
  CREATE INDEX search_matter ON records.search (matter, at, id);
  CREATE TABLE records.selection (
    matter uuid NOT NULL REFERENCES records.matter, record uuid NOT NULL, added_by text NOT NULL,
    added_at timestamptz(3) NOT NULL, PRIMARY KEY (matter, record)
  );
  CREATE INDEX selection_added ON records.selection (matter, added_at, record);
  `,
  EXPORT_SCHEMA,
  AGENT_SCHEMA,
  `
  ALTER TABLE records.matter
    ADD COLUMN variant text, ADD COLUMN review_asked text, ADD COLUMN review_due timestamptz(3),
    ADD COLUMN review_limit timestamptz(3), ADD COLUMN review_most timestamptz(3),
    ADD COLUMN review_provisional boolean NOT NULL DEFAULT false,
    ADD COLUMN review_calendar uuid REFERENCES records.calendar_version,
    ADD COLUMN review_latest uuid REFERENCES records.calendar_version,
    ADD COLUMN review_answered text, ADD COLUMN review_outcome text;
  `,
  confirmationMigration,
  PARTICIPANT_SCHEMA,
  CONFIRMED_SCHEMA,
];

/** Tables that are made of audit events alone, children before parents. */
export const PROJECTIONS = [
  "replayed",
  "verification",
  "identifier",
  "participant_identifier",
  "participant",
  "agent",
  "device_use",
  "device",
  "holding",
  "post",
  "search",
  "selection",
  "rewrap",
  "retired_key",
  "archive_key",
  "export",
  "certificate",
  "disposed_file",
  "disposed",
  "disposal",
  "hold_release",
  "hold",
  "scope_rule",
  "matter_event",
  "matter",
  "calendar_version",
  "invitation",
  "passkey",
  "token",
  "person",
  "account_link",
  "account",
  "custodian",
] as const;

/**
 * Brings the schema `records` to this version, in one transaction; does nothing when it is there. Unless an
 * administrator has made them, it makes the schema and the trusted extension `btree_gist`, for which it needs the right
 * to create in the database.
 */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await tx.query("SET LOCAL client_min_messages = warning");
    // Whether it exists PostgreSQL asks only after the right to make one, which a login may well lack.
    await tx.query(
      "DO $$ BEGIN IF to_regnamespace('records') IS NULL THEN CREATE SCHEMA records; END IF; END $$",
    );
    await tx.query("CREATE EXTENSION IF NOT EXISTS btree_gist");
    await tx.query("CREATE TABLE IF NOT EXISTS records.migration (version int PRIMARY KEY)");
    const [row] = await tx.query<{ version: number }>(
      "SELECT coalesce(max(version), 0) AS version FROM records.migration",
    );
    for (const [at, migration] of MIGRATIONS.entries()) {
      if (at < (row?.version ?? 0)) continue;
      await tx.query(migration);
      await tx.query("INSERT INTO records.migration VALUES ($1)", [at + 1]);
    }
  });
}
