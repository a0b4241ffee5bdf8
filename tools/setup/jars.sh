# Sourced by setup.sh: Neo4j's jars in vendor/neo4j, by pom.xml, and an archive of the jars' classes.

JARS_STAMP=vendor/.made-from

setup_jars() {
    local made_from
    made_from=$(fingerprint pom.xml)
    finished "$JARS_STAMP" "$made_from" && [ -d vendor/neo4j ] && return 0
    say "fetching Neo4j's jars into vendor"
    # A whole folder anew, for two versions of one jar on the class path would break the server; and put in place only
    # when it is complete.
    rm -rf .cache/vendor
    retry mvn -q -B -C process-resources "-Dvendor=$PWD/.cache/vendor" || fail_with_log "Maven could not fetch the jars"
    rm -rf vendor
    mv .cache/vendor vendor
    echo "$made_from" >"$JARS_STAMP"
}

# Java's archive of the server's classes halves the processor time of every start. Without it everything works as well.
setup_classes() {
    compgen -G "vendor/neo4j-classes-*.jsa" >/dev/null && return 0
    say "letting Java archive Neo4j's classes (once, for half a minute)"
    .venv/bin/python -P -m graph.class_archive >>"$LOG" 2>&1 || say "Java made no archive: Neo4j will start more slowly"
}
