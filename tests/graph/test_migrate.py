"""Migrations and the vocabulary, on the real server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from neo4j import Driver

from graph.errors import MigrationChangedError, UnknownMigrationError
from graph.migrate import FOLDER, migrate, shipped_migrations
from vlmkg.vocabulary import load_vocabulary

_WIPE = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"


def _drop_everything(driver: Driver) -> None:
    with driver.session() as session:
        session.run(_WIPE).consume()
        for row in session.run("SHOW CONSTRAINTS YIELD name").values():
            session.run(f"DROP CONSTRAINT {row[0]}").consume()
        for row in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").values():
            session.run(f"DROP INDEX {row[0]}").consume()


def _count(driver: Driver, query: str) -> int:
    return int(driver.execute_query(query).records[0][0])


def test_four_processes_migrate_a_bare_graph_at_once(neo4j_driver: Driver) -> None:
    _drop_everything(neo4j_driver)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(neo4j_driver), range(4)))
    names = tuple(migration.name for migration in shipped_migrations())
    assert sorted(one.applied for one in done) == [(), (), (), names]
    assert sum(one.vocabulary_loaded for one in done) == 1
    vocabulary = load_vocabulary()
    assert _count(neo4j_driver, "MATCH (c:Concept) RETURN count(c)") == len(vocabulary.concepts)
    assert _count(neo4j_driver, "MATCH ()-[r:IS_A]->() RETURN count(r)") == len(vocabulary.is_a)
    assert _count(neo4j_driver, "MATCH ()-[r:PART_OF]->() RETURN count(r)") == len(vocabulary.part_of)


def test_a_second_call_does_nothing(empty_graph: Driver) -> None:
    again = migrate(empty_graph)
    assert again.applied == ()
    assert not again.vocabulary_loaded


def test_a_changed_migration_is_an_error(empty_graph: Driver, tmp_path: Path) -> None:
    for path in FOLDER.glob("*.cypher"):
        (tmp_path / path.name).write_text(path.read_text() + "// one more line\n")
    with pytest.raises(MigrationChangedError, match="V0001__constraints_and_pages"):
        migrate(empty_graph, folder=tmp_path)


def test_a_graph_of_a_later_release_is_refused(empty_graph: Driver) -> None:
    empty_graph.execute_query("CREATE (:Migration {version: 9999, name: 'V9999__later', checksum: ''})")
    try:
        with pytest.raises(UnknownMigrationError, match="V9999__later"):
            migrate(empty_graph)
    finally:
        empty_graph.execute_query("MATCH (m:Migration {version: 9999}) DELETE m")


def test_an_older_vocabulary_is_replaced_and_used_concepts_stay(empty_graph: Driver) -> None:
    empty_graph.execute_query(
        "MATCH (v:Vocabulary) SET v.digest = 'older' "
        "CREATE (:Concept {code: 'gone', system: 'radlex', name: 'gone', vocabulary: 'older'}) "
        "CREATE (:Mention {mentionId: 'm'})-[:REFERS_TO]->"
        "(:Concept {code: 'used', system: 'radlex', name: 'used', vocabulary: 'older'})"
    )
    assert migrate(empty_graph).vocabulary_loaded
    left = empty_graph.execute_query("MATCH (c:Concept) WHERE c.vocabulary IS NULL RETURN c.code").records
    assert [row[0] for row in left] == ["used"]
