/** Tables of people, posts, accounts and devices over time, and of what is remembered of the archive's health. */
export const POST_SCHEMA = `
  ALTER TABLE records.custodian ADD COLUMN left_at timestamptz(3);
  CREATE TABLE records.post (
    id uuid PRIMARY KEY, title_key bytea NOT NULL, title bytea NOT NULL, unit bytea, "group" text NOT NULL,
    capstone boolean NOT NULL, added_at timestamptz(3) NOT NULL
  );
  CREATE INDEX post_title ON records.post (title_key);
  CREATE TABLE records.holding (
    id uuid NOT NULL UNIQUE, post uuid NOT NULL REFERENCES records.post,
    custodian uuid NOT NULL REFERENCES records.custodian, valid tstzrange NOT NULL, kind text NOT NULL, basis bytea,
    PRIMARY KEY (post, custodian, valid WITHOUT OVERLAPS),
    -- Two hold a post in their own right at once only where all of them share it.
    EXCLUDE USING gist (post WITH =, valid WITH &&) WHERE (kind = 'substantive'),
    EXCLUDE USING gist (post WITH =, kind WITH <>, valid WITH &&) WHERE (kind <> 'acting')
  );
  CREATE INDEX holding_custodian ON records.holding USING gist (custodian, valid);
  CREATE TABLE records.device (
    id uuid PRIMARY KEY, label_key bytea NOT NULL, label bytea NOT NULL, ownership text NOT NULL, mode text,
    source bytea, added_at timestamptz(3) NOT NULL
  );
  CREATE INDEX device_label ON records.device (label_key);
  CREATE TABLE records.device_use (
    account uuid NOT NULL, device uuid NOT NULL REFERENCES records.device, valid tstzrange NOT NULL,
    PRIMARY KEY (account, device, valid WITHOUT OVERLAPS),
    CONSTRAINT device_use_link FOREIGN KEY (account, PERIOD valid)
      REFERENCES records.account_link (account, PERIOD valid) DEFERRABLE INITIALLY IMMEDIATE
  );
  CREATE INDEX device_use_device ON records.device_use (device);
  CREATE TABLE records.identifier (
    id uuid NOT NULL UNIQUE, custodian uuid NOT NULL REFERENCES records.custodian, kind text NOT NULL,
    value_key bytea NOT NULL, value bytea NOT NULL, valid tstzrange NOT NULL,
    PRIMARY KEY (value_key, valid WITHOUT OVERLAPS)
  );
  CREATE INDEX identifier_custodian ON records.identifier (custodian);
  CREATE TABLE records.verification (
    id uuid PRIMARY KEY, by text NOT NULL, started_at timestamptz(3) NOT NULL, ended_at timestamptz(3) NOT NULL,
    ok boolean NOT NULL, shards jsonb NOT NULL
  );
  CREATE TABLE records.replayed (
    stream text NOT NULL, idx bigint NOT NULL, by text NOT NULL, at timestamptz(3) NOT NULL,
    PRIMARY KEY (stream, idx)
  );
  `;
