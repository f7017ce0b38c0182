-- Step 1 of 3, once per PostgreSQL cluster, in any database, by an administrator who may make roles.
-- May be repeated: what is there stays.
--
-- One login for each service and one for upgrades, none of which may make roles, databases or other logins, see past
-- row-level security, or copy to and from files. They have no password yet: set one each afterwards, which psql does
-- without writing it down anywhere:
--
--   \password daybook_owner   (and likewise the other five)

DO $$
DECLARE
  role record;
BEGIN
  FOR role IN SELECT * FROM (VALUES
    -- Under these two the catalogue is written and read, whoever has signed in.
    ('catalogue_writer', 'NOLOGIN'),
    ('catalogue_reader', 'NOLOGIN'),
    -- Owns the catalogue's schema. Signs in for an upgrade, and for nothing else.
    ('daybook_owner', 'LOGIN'),
    ('daybook_archiver', 'LOGIN'),
    ('daybook_records', 'LOGIN'),
    ('daybook_evidence', 'LOGIN'),
    ('daybook_capture', 'LOGIN'),
    ('daybook_gateway', 'LOGIN')
  ) AS r (name, may) LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role.name) THEN
      EXECUTE format(
        'CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role.name, role.may);
    END IF;
  END LOOP;
END $$;

-- To take on the role is all that a login gets of it: by itself it can do nothing.
GRANT catalogue_writer TO daybook_archiver, daybook_records WITH INHERIT FALSE, SET TRUE;
GRANT catalogue_reader TO daybook_records, daybook_evidence WITH INHERIT FALSE, SET TRUE;
