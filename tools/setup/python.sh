# Sourced by setup.sh: uv, and the environment in .venv from the lock file.

UV_HOME=.cache/uv
VENV_STAMP=.venv/.made-from
# The system's certificates, as pip and Maven use them: hospitals' networks often have an authority of their own.
export UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never

# A uv of the user's own, new enough. A shim that stands for no installed uv fails the call and does not count.
uv_on_path() { uv pip install --help 2>/dev/null | grep -e --build-constraints >/dev/null; }

setup_uv() {
    UV=uv
    uv_on_path && return 0
    UV=$UV_HOME/bin/uv
    local made_from
    made_from=$(fingerprint requirements/uv.txt)
    finished "$UV_HOME/.made-from" "$made_from" && "$UV" --version >/dev/null 2>&1 && return 0
    say "installing uv into $UV_HOME"
    rm -rf "$UV_HOME"
    "$PYTHON_FOUND" -m venv "$UV_HOME"
    retry "$UV_HOME/bin/pip" install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt \
        || fail_with_log "uv could not be installed"
    echo "$made_from" >"$UV_HOME/.made-from"
}

# Is there an environment, and of the Python that PYTHON names, where it names one?
venv_fits() {
    local base
    base=$(.venv/bin/python -I -c 'import sys; print(sys._base_executable)' 2>/dev/null) || return 1
    [ -z "${PYTHON:-}" ] || [ "$base" -ef "$PYTHON_FOUND" ]
}

setup_python() {
    local made_from
    made_from=$(fingerprint requirements/dev.txt requirements/build.txt pyproject.toml "$PWD")
    finished "$VENV_STAMP" "$made_from" && venv_fits && return 0
    setup_uv
    say "installing Python packages into .venv"
    rm -f "$VENV_STAMP"
    export VIRTUAL_ENV=$PWD/.venv
    venv_fits || "$UV" venv -q --clear --python "$PYTHON_FOUND" .venv
    retry "$UV" pip sync -q --require-hashes requirements/dev.txt ||
        fail_with_log "the Python packages could not be installed"
    retry "$UV" pip install -q --no-deps --build-constraints requirements/build.txt -e . ||
        fail_with_log "the project could not be installed"
    echo "$made_from" >"$VENV_STAMP"
}
