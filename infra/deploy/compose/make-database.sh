#!/bin/sh
# Runs once, in the database's container, when it has no data: makes roles, database and rights, and sets passwords.
set -eu
cd /opt/daybook-postgres
psql -v ON_ERROR_STOP=1 -d postgres -f 1-roles.sql
for login in owner archiver records evidence capture gateway; do
  # From a file, by a variable that psql quotes: not in the arguments of a process.
  psql -v ON_ERROR_STOP=1 -d postgres <<END
\set password \`cat /run/secrets/postgres-$login\`
ALTER ROLE daybook_$login PASSWORD :'password';
END
done
psql -v ON_ERROR_STOP=1 -d postgres -f 2-database.sql
psql -v ON_ERROR_STOP=1 -d daybook -f 3-rights.sql
