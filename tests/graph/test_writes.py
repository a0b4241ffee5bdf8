"""Replacing studies in the real graph: idempotent, independent of order, complete, without deadlocks."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations

import pytest
from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import ConstraintError

from graph.digest import graph_digest
from graph.errors import IncompleteWriteError
from graph.records import ImageRecord, ReportRecord, StudySubgraph
from graph.status import count_graph
from graph.verify import violations
from graph.writes import Projection, Replaced, lock_studies, merge_studies, replace_studies
from tests.graph.subgraphs import START, local, study, with_presence
from vlmkg.identity import digest
from vlmkg.schema import Presence


def merge(driver: Driver, *subgraphs: StudySubgraph, vanished: tuple[str, ...] = ()) -> Replaced:
    return merge_studies(driver, lambda: Projection(subgraphs, vanished))


def dump(driver: Driver) -> set[tuple[str, ...]]:
    """Every node but the vocabulary's and every relationship that is not between two concepts, in full."""
    nodes = driver.execute_query(
        "MATCH (n) WHERE NOT n:Migration AND NOT n:Lock AND NOT n:Vocabulary AND n.vocabulary IS NULL "
        "RETURN labels(n) AS labels, properties(n) AS properties"
    ).records
    edges = driver.execute_query(
        "MATCH (a)-[r]->(b) WHERE NOT (a:Concept AND b:Concept) RETURN properties(a) AS head, type(r) AS type, "
        "properties(r) AS properties, properties(b) AS tail"
    ).records
    found = [repr((sorted(row["labels"]), sorted(row["properties"].items()))) for row in nodes]
    found += [
        repr([row["type"], *(sorted(row[part].items()) for part in ("head", "properties", "tail"))]) for row in edges
    ]
    assert len(found) == len(set(found))
    return {(line,) for line in found}


def broken(driver: Driver) -> dict[str, int]:
    return {name: count for name, count in violations(driver).items() if count}


def test_a_study_is_written_in_full(empty_graph: Driver) -> None:
    subgraph = study(1)
    assert merge(empty_graph, subgraph) == Replaced(written=1, unchanged=0, removed=0)
    counts = count_graph(empty_graph)
    findings = sum(mention.finding is not None for mention in subgraph.mentions)
    assert counts.labels["Mention"] == len(subgraph.mentions)
    assert counts.labels["Finding"] == findings == counts.relationships["HAS_FINDING"]
    assert counts.relationships["FOUND"] == counts.relationships["REFERS_TO"] == len(subgraph.mentions)
    relations = ("MODIFY", "LOCATED_AT", "SUGGESTIVE_OF")
    assert sum(counts.relationships[name] for name in relations) == len(subgraph.relations)
    assert counts.labels["Patient"] == counts.labels["Study"] == counts.labels["Report"] == 1
    assert broken(empty_graph) == {}


def test_the_same_again_writes_nothing(empty_graph: Driver) -> None:
    subgraphs = [study(number) for number in range(5)]
    merge(empty_graph, *subgraphs)
    before = dump(empty_graph)
    assert merge(empty_graph, *subgraphs) == Replaced(written=0, unchanged=5, removed=0)
    assert dump(empty_graph) == before


def test_the_order_of_studies_and_groups_does_not_matter(empty_graph: Driver) -> None:
    subgraphs = [study(number, patient=number % 3) for number in range(12)]
    merge(empty_graph, *subgraphs)
    expected = dump(empty_graph)
    for seed in range(3):
        merge(empty_graph, vanished=tuple(each.study.study_key for each in subgraphs))
        shuffled = random.Random(seed).sample(subgraphs, len(subgraphs))
        for start in range(0, 12, 4):
            merge(empty_graph, *shuffled[start : start + 4])
        assert dump(empty_graph) == expected


def test_a_shrinking_replacement_removes_what_went(empty_graph: Driver) -> None:
    large = study(1)
    kept = tuple(mention for mention in large.mentions if mention.finding)[:3]
    keys = {mention.mention_id for mention in kept}
    small = replace(
        large,
        mentions=kept,
        relations=tuple(each for each in large.relations if each.head in keys and each.tail in keys),
    )
    merge(empty_graph, small)
    expected = dump(empty_graph)
    merge(empty_graph, large)
    merge(empty_graph, small)
    assert dump(empty_graph) == expected
    assert count_graph(empty_graph).labels["Mention"] == 3
    assert broken(empty_graph) == {}


def test_a_negated_finding_is_kept_and_comes_out_negated(empty_graph: Driver) -> None:
    subgraph = replace(with_presence(study(1), Presence.ABSENT), relations=())
    merge(empty_graph, subgraph)
    rows = empty_graph.execute_query("MATCH (f:Finding) RETURN f.presence AS presence, count(*) AS count").records
    findings = sum(mention.finding is not None for mention in subgraph.mentions)
    assert [(row["presence"], row["count"]) for row in rows] == [("absent", findings)]


def test_presence_follows_a_correction_both_ways(empty_graph: Driver) -> None:
    for presence in (Presence.PRESENT, Presence.ABSENT, Presence.PRESENT):
        merge(empty_graph, with_presence(study(1), presence))
        found = empty_graph.execute_query("MATCH (f:Finding) RETURN DISTINCT f.presence AS presence").records
        assert [row["presence"] for row in found] == [presence.value]


def test_a_withdrawn_report_leaves_no_finding(empty_graph: Driver) -> None:
    subgraph = study(1)
    merge(empty_graph, subgraph)
    withdrawn = replace(subgraph.reports[0], status="X", current=False)
    merge(empty_graph, replace(subgraph, reports=(withdrawn,), extraction=None, mentions=(), relations=()))
    counts = count_graph(empty_graph)
    assert counts.labels["Mention"] == counts.labels["Extraction"] == 0
    assert counts.labels["Report"] == 1
    assert broken(empty_graph) == {}


def test_a_study_of_two_versions_and_an_image(empty_graph: Driver) -> None:
    subgraph = study(1)
    newer = subgraph.reports[0]
    older = ReportRecord("older", newer.report_id, 1, "P", current=False, issued_at=None, text_digest="01")
    image = ImageRecord("1.2.3.4", view="PA", rows=2048, columns=2048, digest="02")
    assert subgraph.extraction is not None
    extraction = replace(subgraph.extraction, reads=(newer.report_key, "1.2.3.4"), modalities=("text", "image"))
    newer = replace(newer, version=2, supersedes="older")
    merge(empty_graph, replace(subgraph, reports=(older, newer), images=(image,), extraction=extraction))
    counts = count_graph(empty_graph).relationships
    assert (counts["HAS_REPORT"], counts["HAS_IMAGE"], counts["SUPERSEDES"], counts["READ"]) == (2, 1, 1, 2)
    assert broken(empty_graph) == {}


def test_one_image_uid_of_two_patients_is_two_images(empty_graph: Driver) -> None:
    image = ImageRecord("1.2.3.4", view="PA", rows=2048, columns=2048, digest="02")
    first, second = (replace(study(number), images=(image,)) for number in (1, 2))
    merge(empty_graph, first)
    merge(empty_graph, second)
    merge(empty_graph, first, second)
    assert count_graph(empty_graph).labels["Image"] == count_graph(empty_graph).relationships["HAS_IMAGE"] == 2
    assert broken(empty_graph) == {}


def test_a_study_that_vanished_goes_with_its_patient_and_local_concepts(empty_graph: Driver) -> None:
    merge(empty_graph, study(1))
    before = dump(empty_graph)
    other = study(2)
    mentions = (replace(other.mentions[0], concept=local("no such word"), finding=None), *other.mentions[1:])
    merge(empty_graph, replace(other, mentions=mentions))
    assert count_graph(empty_graph).labels["Patient"] == 2
    done = merge(empty_graph, vanished=(other.study.study_key, "never-there"))
    assert done == Replaced(written=0, unchanged=0, removed=1)
    assert dump(empty_graph) == before


def test_a_patient_with_another_study_stays(empty_graph: Driver) -> None:
    first, second = study(1, patient=7), study(2, patient=7)
    merge(empty_graph, first, second)
    merge(empty_graph, vanished=(first.study.study_key,))
    assert count_graph(empty_graph).labels["Patient"] == 1


def test_a_study_that_moves_to_another_patient(empty_graph: Driver) -> None:
    merge(empty_graph, study(1, patient=1))
    merge(empty_graph, study(1, patient=2))
    rows = empty_graph.execute_query("MATCH (p:Patient)-[:HAS_STUDY]->(s) RETURN p.patientId AS id").records
    assert [row["id"] for row in rows] == [digest("patient", 2)]
    assert count_graph(empty_graph).labels["Patient"] == 1


def test_an_unmapped_composed_concept_is_in_the_graph(empty_graph: Driver) -> None:
    subgraph = study(1)
    composed = local("wooden chest")
    position = next(number for number, mention in enumerate(subgraph.mentions) if mention.finding is not None)
    mention = subgraph.mentions[position]
    assert mention.finding is not None
    changed = replace(mention, finding=replace(mention.finding, concept_code=composed.code, concept=composed))
    mentions = (*subgraph.mentions[:position], changed, *subgraph.mentions[position + 1 :])
    merge(empty_graph, replace(subgraph, mentions=mentions))
    assert broken(empty_graph) == {}
    merge(empty_graph, subgraph)
    rows = empty_graph.execute_query("MATCH (c:Concept {code: $code}) RETURN c", code=composed.code).records
    assert not rows


def test_a_report_that_moves_to_another_study_in_every_order(empty_graph: Driver) -> None:
    """The report of study 1 turns out to be study 2's: whoever is projected first, and again, the end is the same."""
    first, second = study(1), study(2)
    without = replace(first, reports=(), extraction=None, mentions=(), relations=())
    moved = replace(second, reports=(*second.reports, replace(first.reports[0], report_id="r-moved")))
    merge(empty_graph, without, moved)
    expected = dump(empty_graph)
    for order in permutations((without, moved)):
        merge(empty_graph, vanished=(first.study.study_key, second.study.study_key))
        merge(empty_graph, first, second)
        for subgraph in order:
            merge(empty_graph, subgraph)
        assert dump(empty_graph) == expected
        assert broken(empty_graph) == {}


def test_a_report_that_moves_and_comes_back_is_not_lost(empty_graph: Driver) -> None:
    """The projections between are skipped: the first study's records never changed, and yet it must be written."""
    first, second = study(1), study(2)
    merge(empty_graph, first, second)
    expected = dump(empty_graph)
    merge(empty_graph, replace(second, reports=(*second.reports, first.reports[0])))
    merge(empty_graph, second)
    assert merge(empty_graph, first).written == 1
    assert dump(empty_graph) == expected


def test_a_key_that_vanished_and_came_back_stays(empty_graph: Driver) -> None:
    subgraph = study(1)
    merge(empty_graph, subgraph)
    assert merge(empty_graph, subgraph, vanished=(subgraph.study.study_key,)).removed == 0
    assert count_graph(empty_graph).labels["Study"] == 1


def test_a_relation_to_nowhere_is_refused_and_nothing_is_written(empty_graph: Driver) -> None:
    subgraph = study(1)
    dangling = replace(subgraph.relations[0], tail="nowhere")
    with pytest.raises(IncompleteWriteError, match=r"created \d+ relationships instead of \d+"):
        merge(empty_graph, study(2), replace(subgraph, relations=(dangling,)))
    assert count_graph(empty_graph).labels["Study"] == 0


def test_two_mentions_with_one_key_are_refused(empty_graph: Driver) -> None:
    subgraph = study(1)
    with pytest.raises(ConstraintError):
        merge(empty_graph, replace(subgraph, mentions=(*subgraph.mentions, subgraph.mentions[0])))
    assert count_graph(empty_graph).labels["Study"] == 0


def test_four_writers_on_shared_concepts_and_patients_never_retry(empty_graph: Driver) -> None:
    """Each study is written twice, by different writers, in other groups: 0 retries, and the graph of one writer."""
    subgraphs = [study(number, patient=number % 10) for number in range(40)]
    merge(empty_graph, *subgraphs)
    expected, one_writer = dump(empty_graph), graph_digest(empty_graph)
    merge(empty_graph, vanished=tuple(each.study.study_key for each in subgraphs))

    attempts: list[int] = []

    def write(group: list[StudySubgraph]) -> None:
        def work(tx: ManagedTransaction) -> None:
            attempts.append(1)
            lock_studies(tx)
            replace_studies(tx, group)

        with empty_graph.session() as session:
            session.execute_write(work)

    groups = []
    for seed in range(2):
        shuffled = random.Random(seed).sample(subgraphs, len(subgraphs))
        changed = [replace(each, study=replace(each.study, pairing="paired")) for each in shuffled]
        groups += [batch[start : start + 5] for batch in (changed, shuffled) for start in range(0, 40, 5)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, groups))
    assert len(attempts) == len(groups)
    merge(empty_graph, *subgraphs)
    assert graph_digest(empty_graph) == one_writer
    assert dump(empty_graph) == expected


def test_a_writer_projects_after_it_has_the_lock(empty_graph: Driver) -> None:
    """A second writer that came while the first held the lock sees what the first one's ledger got meanwhile."""
    ledger = [study(1)]
    with empty_graph.session() as session, session.begin_transaction() as tx, ThreadPoolExecutor(1) as pool:
        lock_studies(tx)  # type: ignore[arg-type]
        waiting = pool.submit(merge_studies, empty_graph, lambda: Projection([ledger[-1]]))
        ledger.append(replace(study(1), study=replace(study(1).study, started_at=START)))
        tx.commit()
        assert waiting.result().written == 1
    found = empty_graph.execute_query("MATCH (s:Study) RETURN s.startedAt AS at").records
    assert [row["at"].to_native() for row in found] == [START]
