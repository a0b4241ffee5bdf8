#!/usr/bin/env bash
# The role of the ledger: owner of its database, no superuser. PostgreSQL's image runs this once, in an empty volume.
set -euo pipefail
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set=role="${LEDGER_ROLE:-vlmkg}" \
    --set=password="$(cat "${LEDGER_PASSWORD_FILE:-/run/secrets/ledger_password}")" <<'SQL'
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE CONNECT ON DATABASE :"role" FROM PUBLIC;
SQL
