/** Tables of the schema `capture`, with nothing that names anybody. */
export const SEQUENCE_SCHEMA = `
  DO $$ BEGIN IF to_regnamespace('capture') IS NULL THEN CREATE SCHEMA capture; END IF; END $$;
  CREATE TABLE IF NOT EXISTS capture.agent (
    id uuid PRIMARY KEY,
    highest bigint NOT NULL,
    state text NOT NULL,
    since timestamptz(3) NOT NULL,
    heard_at timestamptz(3) NOT NULL
  );
  -- Without a digest: it never came. Then at is when it was missed.
  CREATE TABLE IF NOT EXISTS capture.agent_batch (
    agent uuid NOT NULL,
    number bigint NOT NULL,
    digest bytea,
    at timestamptz(3) NOT NULL,
    told boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agent, number)
  );
  CREATE INDEX IF NOT EXISTS agent_batch_missing ON capture.agent_batch (agent, number) WHERE digest IS NULL;
  CREATE TABLE IF NOT EXISTS capture.agent_said (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent uuid NOT NULL,
    said jsonb NOT NULL
  );
`;
