#!/usr/bin/env bash
# Installs what the tests of the page need beside `make setup`: Chromium as a system package, and the packages of web/
# by their lock file. Checks web/. What cannot be installed is told, and its tests are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/setup/common.sh
. tools/setup/packages.sh
. tools/setup/python.sh
. tools/setup/page.sh
mkdir -p .cache
: >"$LOG"
PYTHON_FOUND=$(find_python)

# As tests/fixtures/browser.py looks for it.
have_chromium() { have chromium || have chromium-browser || have google-chrome; }

# With a font: a bare system has none, and shows boxes for signs.
setup_chromium() {
    have_chromium && return 0
    if ! may_install; then
        say "chromium is not installed and this account may not install it, so the tests of the page are skipped"
        return 0
    fi
    say "installing Debian packages for: chromium"
    retry as_root apt-get update -q || fail_with_log "apt-get update failed"
    install_quietly chromium fonts-dejavu-core
}

setup_web() {
    local made_from
    setup_node 20.19 || return 1
    PATH=$(dirname "$(command -v "${NODE[0]}")"):$PATH
    made_from=$(fingerprint web/package.json web/package-lock.json)
    finished web/node_modules/.made-from "$made_from" && return 0
    say "installing the packages of web/"
    retry "${NPM[@]}" --prefix web ci --no-audit --no-fund || return 1
    echo "$made_from" >web/node_modules/.made-from
}

check_web() {
    "${NPM[@]}" --prefix web run --silent lint
    "${NPM[@]}" --prefix web run --silent test
}

setup_chromium
if setup_web; then
    check_web
else
    say "npm could not install the packages of web/ (see $LOG), so their checks are skipped"
fi
