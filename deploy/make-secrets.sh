#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml in secrets/, each once. What is there stays as it is; what an .env of an earlier
# release holds is taken over, and its line removed.
# The folder is for its owner alone. The files in it are readable by all: containers see the files and not the folder,
# and their users are others than yours.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
mkdir -p -m 700 secrets certificates
chmod 700 secrets
umask 022

in_env() { # VARIABLE: its value in .env, if it has one
    [ ! -e .env ] || sed -n "s/^$1=//p" .env | head -n 1
}

make_secret() { # NAME VARIABLE: the variable's value in .env, else 24 random bytes as hex
    local file=secrets/$1 value
    value=$(in_env "$2")
    if [ ! -s "$file" ]; then
        printf '%s\n' "${value:-$(openssl rand -hex 24)}" >"$file.part"
        mv "$file.part" "$file"
    fi
    if [ -n "$value" ] && [ "$value" = "$(cat "$file")" ]; then sed -i "/^$2=/d" .env; fi
}

make_secret neo4j_password NEO4J_PASSWORD
make_secret redis_password REDIS_PASSWORD
# The role `vlmkg` owned the whole server in an earlier release, with this password.
make_secret ledger_password POSTGRES_PASSWORD
make_secret postgres_password NO_SUCH_VARIABLE
make_secret pseudonym_key VLMKG_PSEUDONYM_KEY
make_secret grafana_password NO_SUCH_VARIABLE
# Neo4j's image wants user and password in one file.
printf 'neo4j/%s\n' "$(cat secrets/neo4j_password)" >secrets/neo4j_auth
[ -e .env ] || install -m 600 .env.example .env
echo "the secrets are in $PWD/secrets: keep a copy of pseudonym_key where backups are kept; it can never change"
