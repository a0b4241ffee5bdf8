#!/usr/bin/env bash
# What the project is made of, and what is known against it. `sbom` writes CycloneDX files and a list of licences into dist/sbom;
# `audit` asks for known vulnerabilities of the locked packages. Both say what they could not do. An installed .venv is needed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/setup/common.sh
. tools/setup/packages.sh
. tools/setup/python.sh
HOME_OF_TOOLS=.cache/supply
OUT=dist/sbom
CYCLONEDX_MAVEN=org.cyclonedx:cyclonedx-maven-plugin:2.9.1
mkdir -p .cache "$OUT"
: >"$LOG"
PYTHON_FOUND=$(find_python)

setup_tools() {
    local made_from
    made_from=$(fingerprint requirements/supply.txt)
    finished "$HOME_OF_TOOLS/.made-from" "$made_from" && return 0
    setup_uv
    say "installing the tools into $HOME_OF_TOOLS"
    "$UV" venv -q --clear --python "$PYTHON_FOUND" "$HOME_OF_TOOLS"
    VIRTUAL_ENV=$PWD/$HOME_OF_TOOLS retry "$UV" pip sync -q --require-hashes requirements/supply.txt ||
        fail_with_log "the tools could not be installed"
    echo "$made_from" >"$HOME_OF_TOOLS/.made-from"
}

# not_done WHAT WHY
not_done() { say "NOT DONE: $1: $2" >&2; }

# npm refuses a project without a version, and ours have none: it gets a copy that has one.
npm_sbom() {
    local copy
    copy=$(mktemp -d)
    .venv/bin/python tools/supply_chain.py versioned "$1" "$copy" && (cd "$copy" && npm sbom --sbom-format cyclonedx --package-lock-only)
    local result=$?
    rm -rf "$copy"
    return "$result"
}

sbom() {
    "$HOME_OF_TOOLS/bin/cyclonedx-py" environment --pyproject pyproject.toml --output-reproducible -o "$OUT/python.cdx.json" .venv
    if have mvn && retry mvn -q -B -C "$CYCLONEDX_MAVEN:makeBom" -DoutputDirectory="$PWD/$OUT" -DoutputName=java.cdx -DoutputFormat=json; then
        :
    else
        not_done "Neo4j's jars" "Maven is missing, or the plugin could not be fetched; see $LOG"
    fi
    for folder in web tools/graphiql; do
        if have npm && npm_sbom "$folder" >"$OUT/npm-${folder//\//-}.cdx.json" 2>>"$LOG"; then
            :
        else
            rm -f "$OUT/npm-${folder//\//-}.cdx.json"
            not_done "the packages of $folder" "npm 10 or newer is needed; see $LOG"
        fi
    done
    .venv/bin/python tools/supply_chain.py licences "$OUT"
}

audit() {
    local failed=0
    for list in service model dev build uv clients node supply; do
        "$HOME_OF_TOOLS/bin/pip-audit" -r "requirements/$list.txt" --require-hashes --disable-pip --progress-spinner off \
            -f json -o "$OUT/audit-$list.json" >>"$LOG" 2>&1 || true
    done
    for folder in web tools/graphiql tests/api/http_audits; do
        (cd "$folder" && npm audit --json --package-lock-only) >"$OUT/audit-npm-${folder//\//-}.json" 2>>"$LOG" || true
    done
    .venv/bin/python tools/supply_chain.py audit "$OUT" || failed=$?
    not_done "Neo4j's jars" "no tool here asks about them: give $OUT/java.cdx.json to your own scanner"
    return "$failed"
}

setup_tools
case "${1:-}" in
sbom) sbom ;;
audit) audit ;;
*) fail "name what to do" "tools/supply_chain.sh sbom|audit" ;;
esac
