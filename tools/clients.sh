#!/usr/bin/env bash
# Installs the clients that tests/clients runs, into .cache/clients: jars from Maven Central, Python packages by their lock file,
# npm packages by exact versions, and Orthanc as a system package whose service is not started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/setup/common.sh
. tools/setup/packages.sh
. tools/setup/python.sh
HOME_OF_CLIENTS=.cache/clients
mkdir -p "$HOME_OF_CLIENTS"
: >"$LOG"
PYTHON_FOUND=$(find_python)

# What the clients need of the system, beside what `make setup` has installed.
missing_clients() {
    have javac || echo openjdk-17-jdk-headless
    have node || echo nodejs
    have npm || echo npm
    have Orthanc || echo orthanc
    [ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || echo orthanc-dicomweb
}

setup_client_packages() {
    local missing
    missing=$(missing_clients)
    [ -n "$missing" ] || return 0
    if ! may_install; then
        say "not installed, so their tests are skipped: ${missing//$'\n'/ }"
        return 0
    fi
    say "installing Debian packages for: ${missing//$'\n'/ }"
    retry as_root apt-get update -q || fail_with_log "apt-get update failed"
    # shellcheck disable=SC2086
    install_quietly $missing
}

setup_java_clients() {
    local made_from
    made_from=$(fingerprint tests/clients/java/pom.xml)
    finished "$HOME_OF_CLIENTS/java/.made-from" "$made_from" && return 0
    say "fetching the Java clients"
    rm -rf "$HOME_OF_CLIENTS/java"
    retry mvn -q -B -f tests/clients/java/pom.xml dependency:copy-dependencies \
        "-DoutputDirectory=$PWD/$HOME_OF_CLIENTS/java" || fail_with_log "Maven could not fetch the Java clients"
    echo "$made_from" >"$HOME_OF_CLIENTS/java/.made-from"
}

setup_python_clients() {
    local made_from python=$HOME_OF_CLIENTS/python
    made_from=$(fingerprint requirements/clients.txt)
    finished "$python/.made-from" "$made_from" && return 0
    setup_uv
    say "installing the Python clients"
    rm -rf "$python"
    "$UV" venv -q --python "$PYTHON_FOUND" "$python"
    VIRTUAL_ENV=$PWD/$python retry "$UV" pip sync -q --require-hashes requirements/clients.txt ||
        fail_with_log "the Python clients could not be installed"
    echo "$made_from" >"$python/.made-from"
}

setup_node_clients() {
    local made_from node=$HOME_OF_CLIENTS/node
    have npm || return 0
    made_from=$(fingerprint tests/clients/node/package.json)
    finished "$node/.made-from" "$made_from" && return 0
    say "installing the npm clients"
    rm -rf "$node"
    mkdir -p "$node"
    cp tests/clients/node/package.json "$node/"
    retry npm install --prefix "$node" --no-package-lock --ignore-scripts --no-audit --no-fund --silent ||
        fail_with_log "npm could not install its clients"
    echo "$made_from" >"$node/.made-from"
}

setup_client_packages
setup_java_clients
setup_python_clients
setup_node_clients
