#!/usr/bin/env bash
# Writes requirements/*.txt anew: pinned, hashed, without addresses. Arguments go to uv (--upgrade, --upgrade-package X).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/setup/common.sh
. tools/setup/python.sh
mkdir -p .cache
PYTHON_FOUND=$(find_python)
setup_uv

compile() {
    local output=$1
    shift
    "$UV" pip compile -q --universal --python-version 3.11 --no-emit-index-url --generate-hashes --no-header "$@" -o "$output"
}

compile requirements/service.txt pyproject.toml --extra service "$@"
compile requirements/model.txt pyproject.toml --extra service --extra model -c requirements/service.txt "$@"
compile requirements/dev.txt pyproject.toml --extra stack --extra training --group dev -c requirements/model.txt "$@"
compile requirements/build.txt requirements/build.in "$@"
compile requirements/uv.txt requirements/uv.in "$@"
compile requirements/clients.txt requirements/clients.in "$@"
compile requirements/node.txt requirements/node.in "$@"
compile requirements/supply.txt requirements/supply.in "$@"
