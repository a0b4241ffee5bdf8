# Sourced by setup.sh: the system's packages. Installs what is missing where it may, else says what to install.

APT_OPTIONS=(-y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)

# As graph/local_server.py looks for it: the one on the PATH. Neo4j 5.26 is built for 17 and 21, and starts up to 25.
have_java() { java -version 2>&1 | grep -E 'version "(1[789]|2[0-5])[."]' >/dev/null; }

have_postgres() {
    local initdb
    for initdb in /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb \
        /usr/local/opt/postgresql@*/bin/initdb; do
        [ -x "$initdb" ] && return 0
    done
    command -v initdb >/dev/null
}

have() { command -v "$1" >/dev/null; }

# uv makes environments itself; without it Python's own venv must bring it.
have_venv() { uv_on_path || "$PYTHON_FOUND" -I -c 'import ensurepip, venv' 2>/dev/null; }

missing_packages() {
    have_java || echo java
    have mvn || echo maven
    have redis-server || echo redis-server
    have_postgres || echo postgresql
    have storescu || echo dcmtk
    have_venv || echo python3-venv
}

# The name that this release has for a package.
debian_name() {
    local name
    case "$1" in
    java)
        for name in openjdk-17-jre-headless openjdk-21-jre-headless; do
            LC_ALL=C apt-cache policy "$name" | grep 'Candidate: [0-9]' >/dev/null && { echo "$name"; return; }
        done
        echo openjdk-17-jre-headless
        ;;
    python3-venv) echo "python$("$PYTHON_FOUND" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" ;;
    *) echo "$1" ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    have apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

ask_for_packages() {
    fail "these are missing and this account may not install them: $*" \
        "Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless maven redis-server postgresql dcmtk python3-venv" \
        "macOS:          brew install openjdk@17 maven redis postgresql@15 dcmtk, and put openjdk's bin on the PATH" \
        "then call make again"
}

# The packages bring system services of their own. The project runs its own servers, so those are neither started
# now (Debian's policy-rc.d says no while the packages are installed) nor at the next boot.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d ours=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=yes
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    retry as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${APT_OPTIONS[@]}" --no-install-recommends "$@" \
        || fail_with_log "apt-get could not install $*"
    if [ "$ours" = yes ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
}

# Only of packages that were not there before: a service that somebody else set up is left alone.
keep_from_booting() {
    local service
    [ -d /run/systemd/system ] || return 0
    for service in "$@"; do
        case "$service" in redis-server | postgresql) as_root systemctl disable --now "$service" >>"$LOG" 2>&1 || true ;; esac
    done
}

setup_packages() {
    local missing names name
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    missing=${missing//$'\n'/ }
    may_install || ask_for_packages "$missing"
    say "installing Debian packages for: $missing"
    retry as_root apt-get update -q || fail_with_log "apt-get update failed"
    names=()
    for name in $missing; do names+=("$(debian_name "$name")"); done
    install_quietly "${names[@]}"
    keep_from_booting "${names[@]}"
    [ -z "$(missing_packages)" ] || fail "still missing after the installation:" "$(missing_packages)"
}
