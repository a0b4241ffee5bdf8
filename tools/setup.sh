#!/usr/bin/env bash
# Installs what the project needs and is not there yet. A second call finds everything done and takes a moment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/setup/common.sh
. tools/setup/packages.sh
. tools/setup/python.sh
. tools/setup/jars.sh
. tools/setup/page.sh

mkdir -p .cache
: >"$LOG"
# Two calls at once would write into one environment; where there is no flock (macOS), that is up to the caller.
if command -v flock >/dev/null; then
    exec 9>.cache/setup.lock
    flock 9
fi
PYTHON_FOUND=$(find_python) || fail "Python 3.11 or newer is needed" \
    "Debian 12, Ubuntu 24.04 and newer: sudo apt-get install python3" "macOS: brew install python@3.12"
setup_packages
setup_python
setup_jars
setup_page
setup_classes
