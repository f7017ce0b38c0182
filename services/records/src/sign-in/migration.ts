/** Tables of people who sign in: `person`, `passkey` and `invitation` are projections, the others are not. */
export const signInMigration = `
  ALTER TABLE records.person ADD COLUMN roles text[], ADD COLUMN custodians uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN identity_key bytea UNIQUE, ADD COLUMN trial boolean NOT NULL DEFAULT false,
    ADD COLUMN added_at timestamptz(3), ADD COLUMN ended_at timestamptz(3);
  CREATE TABLE records.passkey (
    id uuid PRIMARY KEY, person text NOT NULL REFERENCES records.person, credential bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL, transports text[] NOT NULL, label bytea NOT NULL, counter bigint NOT NULL,
    added_at timestamptz(3) NOT NULL, removed_at timestamptz(3)
  );
  CREATE INDEX passkey_person ON records.passkey (person);
  CREATE TABLE records.invitation (
    id uuid PRIMARY KEY, person text NOT NULL REFERENCES records.person, hash bytea NOT NULL UNIQUE,
    added_at timestamptz(3) NOT NULL, expires_at timestamptz(3) NOT NULL, used_at timestamptz(3),
    withdrawn_at timestamptz(3)
  );
  CREATE INDEX invitation_person ON records.invitation (person);
  CREATE TABLE records.session (
    id uuid PRIMARY KEY, hash bytea NOT NULL UNIQUE, person text NOT NULL, how text NOT NULL,
    started_at timestamptz(3) NOT NULL, seen_at timestamptz(3) NOT NULL
  );
  CREATE INDEX session_person ON records.session (person);
  CREATE TABLE records.passkey_use (
    passkey uuid PRIMARY KEY, counter bigint NOT NULL, used_at timestamptz(3) NOT NULL
  );
  CREATE TABLE records.ceremony (
    hash bytea PRIMARY KEY, purpose text NOT NULL, data bytea NOT NULL, expires_at timestamptz(3) NOT NULL
  );
  CREATE INDEX ceremony_expires ON records.ceremony (expires_at);
  `;

/** When whoever is in a session last showed who they are, and when the directory last said what they may do. */
export const confirmationMigration = `
  ALTER TABLE records.session ADD COLUMN confirmed_at timestamptz(3), ADD COLUMN told_at timestamptz(3);
  `;
