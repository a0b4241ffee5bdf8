# Sourced by the setup scripts: messages, retries, fingerprints.

LOG=.cache/setup.log

say() { printf 'setup: %s\n' "$*"; }

fail() {
    printf 'setup: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
    exit 1
}

# Runs a command up to three times, for registries drop a connection now and then. What it prints goes to the log.
retry() {
    local attempt
    for attempt in 1 2 3; do
        "$@" >>"$LOG" 2>&1 && return 0
        [ "$attempt" = 3 ] || { say "failed, trying again in $((attempt * 5)) s: $1"; sleep $((attempt * 5)); }
    done
    return 1
}

# fail_with_log MESSAGE: ends with the log's last errors, or its last lines.
fail_with_log() {
    fail "$1; the end of $LOG:" "$({ grep -i error "$LOG" || cat "$LOG"; } | tail -n 5 | cut -c -300)"
}

# One hash over files and words: what a finished step was made from.
fingerprint() {
    "$PYTHON_FOUND" -I - "$@" <<'PY'
import hashlib, os, sys
digest = hashlib.sha256()
for item in sys.argv[1:]:
    digest.update(open(item, "rb").read() if os.path.isfile(item) else item.encode())
    digest.update(b"\0")
print(digest.hexdigest())
PY
}

# finished STAMP FINGERPRINT: was the step done from these very inputs?
finished() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# Prints the path of a Python that the project can use, never an active environment's. A version manager's shim that
# stands for nothing fails here.
find_python() {
    local name
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        [ -n "$name" ] || continue
        "$name" -I -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys._base_executable)' 2>/dev/null && return 0
    done
    return 1
}
