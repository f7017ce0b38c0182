-- Step 3 of 3, once, in the database `daybook`, by a superuser (who owns what he makes here only until he gives it away).
-- May be repeated.

-- Nobody but Daybook's own logins comes in, and none of them leaves anything outside its schema.
REVOKE ALL ON DATABASE daybook FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE daybook
  TO daybook_owner, daybook_archiver, daybook_records, daybook_evidence, daybook_capture, daybook_gateway;

-- A schema of one's own instead of the right to make any. The schema catalogue is filled by an upgrade, which grants
-- the two roles what they need.
DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN SELECT * FROM (VALUES
    ('catalogue', 'daybook_owner'),
    ('records', 'daybook_records'),
    ('capture', 'daybook_capture'),
    ('gateway', 'daybook_gateway')
  ) AS w (schema, owner) LOOP
    IF to_regnamespace(wanted.schema) IS NULL THEN
      EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', wanted.schema, wanted.owner);
    END IF;
  END LOOP;
END $$;

-- The records service keeps accounts' periods from overlapping with it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Statements and their values are not for the server's log, which has other readers: names are sealed in here and words
-- are tokens, but a keyed value in a log is one more place to lose it from.
ALTER DATABASE daybook SET log_statement = 'none';
ALTER DATABASE daybook SET log_min_duration_statement = -1;
ALTER DATABASE daybook SET log_min_error_statement = 'panic';
ALTER DATABASE daybook SET log_error_verbosity = 'terse';
ALTER DATABASE daybook SET log_parameter_max_length = 0;
ALTER DATABASE daybook SET log_parameter_max_length_on_error = 0;
