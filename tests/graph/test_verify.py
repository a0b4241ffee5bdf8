"""Each invariant notices what breaks it, and no other does; the digest changes with the facts and only with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from neo4j import Driver

from graph.digest import graph_digest
from graph.migrate import FOLDER, Migration, shipped_migrations
from graph.records import MentionRecord, ReportRecord, StudySubgraph
from graph.verify import REQUIRED_CONSTRAINTS, check_spans, violations
from graph.writes import Projection, merge_studies
from tests.graph.subgraphs import START, study
from vlmkg.schema import Presence, Witness


def _subgraph(number: int) -> StudySubgraph:
    """A study with an older version of its report."""
    subgraph = study(number)
    newer = subgraph.reports[0]
    older = ReportRecord(f"older-{number}", newer.report_id, 1, "P", current=False, issued_at=None, text_digest="01")
    return replace(subgraph, reports=(older, replace(newer, version=2, supersedes=older.report_key)))


def _merge(driver: Driver, *subgraphs: StudySubgraph) -> None:
    merge_studies(driver, lambda: Projection(subgraphs))


@pytest.fixture
def graph(empty_graph: Driver) -> Driver:
    """Two sound studies of two patients."""
    _merge(empty_graph, _subgraph(1), _subgraph(2))
    return empty_graph


@pytest.fixture
def one_graph(graph: Driver) -> Iterator[Driver]:
    """The same; what a test plants among the shipped concepts is taken back."""
    yield graph
    graph.execute_query("MATCH (:Concept)-[r:IS_A]->(:Concept) WHERE r.planted DELETE r")


# What is planted, and exactly which invariants it breaks, how often.
PLANTED: dict[str, tuple[str, dict[str, int]]] = {
    "a patient without a study": ("CREATE (:Patient {patientId: 'x'})", {"patients_without_study": 1}),
    "a patient without a key": (
        "MATCH (s:Study) WITH s LIMIT 1 MATCH (p:Patient)-[:HAS_STUDY]->(s) REMOVE p.patientId",
        {"patients_without_key": 1},
    ),
    "a study without a patient": (
        "MATCH (p:Patient) WITH p LIMIT 1 DETACH DELETE p",
        {"studies_without_one_patient": 1},
    ),
    "a study of two patients": (
        "MATCH (p:Patient), (s:Study) WHERE NOT (p)-[:HAS_STUDY]->(s) WITH p, s LIMIT 1 CREATE (p)-[:HAS_STUDY]->(s)",
        {"studies_without_one_patient": 1},
    ),
    "a study without a key": ("MATCH (s:Study) WITH s LIMIT 1 REMOVE s.studyKey", {"studies_without_key": 1}),
    "a study whose projection was forgotten": (
        "MATCH (s:Study) WITH s LIMIT 1 REMOVE s.projectionDigest",
        {"studies_that_await_projection": 1},
    ),
    "a second current version": (
        "MATCH (r:Report) WHERE NOT r.current WITH r LIMIT 1 SET r.current = true",
        {"reports_of_several_current_versions": 1},
    ),
    "a report of no study": (
        "CREATE (:Report {reportKey: 'x', reportId: 'x', current: false})",
        {"reports_without_one_study": 1},
    ),
    "a report without a key": (
        "MATCH (s:Study) WITH s LIMIT 1 CREATE (s)-[:HAS_REPORT]->(:Report {reportId: 'x'})",
        {"reports_without_key": 1},
    ),
    "an image of no study": ("CREATE (:Image {imageKey: 'x', sopInstanceUid: 'x'})", {"images_without_one_study": 1}),
    "an image without a key": (
        "MATCH (s:Study) WITH s LIMIT 1 CREATE (s)-[:HAS_IMAGE]->(:Image)",
        {"images_without_key": 1},
    ),
    "a report that supersedes another's": (
        (
            "MATCH (a:Report {current: true}), (b:Report {current: true}) WHERE a <> b WITH a, b LIMIT 1 "
            "CREATE (a)-[:SUPERSEDES]->(b)"
        ),
        {"reports_that_supersede_another_id": 1},
    ),
    "reports that supersede each other": (
        "MATCH (a:Report)-[:SUPERSEDES]->(b) WITH a, b LIMIT 1 CREATE (b)-[:SUPERSEDES]->(a)",
        {"reports_that_supersede_themselves": 2},
    ),
    "an extraction of nothing": ("CREATE (:Extraction {extractionId: 'x'})", {"extractions_that_read_nothing": 1}),
    "an extraction of a superseded report": (
        "MATCH (e:Extraction)-[r:READ]->(n)-[:SUPERSEDES]->(o) WITH e, o LIMIT 1 CREATE (e)-[:READ]->(o)",
        {"extractions_of_superseded_reports": 1},
    ),
    "an extraction of another study's report": (
        (
            "MATCH (e:Extraction)-[:READ]->(r) WITH e, r LIMIT 1 MATCH (o:Report {current: true}) WHERE o <> r "
            "CREATE (e)-[:READ]->(o)"
        ),
        {"extractions_across_studies": 1, "studies_of_several_extractions": 1},
    ),
    "an extraction without a key": (
        "MATCH (e:Extraction) WITH e LIMIT 1 REMOVE e.extractionId",
        {"extractions_without_key": 1},
    ),
    "a mention without an extraction": (
        "MATCH (m:Anatomy) WHERE NOT EXISTS { (m)<-[:LOCATED_AT]-() } WITH m LIMIT 1 MATCH (m)<-[f:FOUND]-() DELETE f",
        {"mentions_without_one_extraction": 1},
    ),
    "a mention without a key": (
        "MATCH (m:Anatomy) WITH m LIMIT 1 REMOVE m.mentionId",
        {"mentions_without_key": 1},
    ),
    "a mention without a concept": (
        "MATCH (m:Anatomy)-[r:REFERS_TO]->(c) WHERE c.vocabulary IS NOT NULL WITH r LIMIT 1 DELETE r",
        {"mentions_without_one_concept": 1},
    ),
    "a mention of both kinds": (
        "MATCH (m:Anatomy) WHERE NOT EXISTS { (m)<-[:LOCATED_AT]-() } WITH m LIMIT 1 SET m:Observation",
        {"mentions_without_one_kind": 1, "observations_that_are_no_finding": 1},
    ),
    "absent anatomy": (
        "MATCH (m:Anatomy) WITH m LIMIT 1 SET m.presence = 'absent'",
        {"mentions_with_bad_presence": 1},
    ),
    "a presence that is none": (
        "MATCH (m:Finding) WITH m LIMIT 1 SET m.presence = 'maybe'",
        {"mentions_with_bad_presence": 1},
    ),
    "a finding without a presence": (
        "MATCH (m:Finding) WITH m LIMIT 1 REMOVE m.presence",
        {"mentions_with_bad_presence": 1},
    ),
    "a span that ends before it starts": (
        "MATCH (m:Mention) WITH m ORDER BY m.start DESC LIMIT 1 SET m.end = m.start",
        {"mentions_with_bad_span": 1},
    ),
    "a span of what a film shows": (
        "MATCH (m:Mention) WITH m ORDER BY m.start DESC LIMIT 1 REMOVE m.reportKey",
        {"mentions_with_bad_span": 1},
    ),
    "a disputed mention that is taken as sure": (
        "MATCH (m:Finding) WHERE m.presence <> 'uncertain' WITH m LIMIT 1 SET m.disputed = true, m.witness = 'model'",
        {"disputed_mentions_that_are_sure": 1},
    ),
    "a mention of a report that was not read": (
        "MATCH (m:Mention) WITH m LIMIT 1 SET m.reportKey = 'elsewhere'",
        {"mentions_of_a_report_not_read": 1},
    ),
    "mentions that overlap": (
        "MATCH (m:Mention) WITH m ORDER BY m.start LIMIT 1 SET m.end = m.start + 101",
        {"mentions_that_overlap": 1},
    ),
    "an observation whose label was lost": (
        "MATCH (m:Finding) WHERE NOT EXISTS { (m)<-[:MODIFY]-() } WITH m LIMIT 1 REMOVE m:Finding",
        {"observations_that_are_no_finding": 1, "held_mentions_that_are_no_finding": 1},
    ),
    "a finding without HAS_FINDING": (
        "MATCH (:Finding)<-[r:HAS_FINDING]-() WITH r LIMIT 1 DELETE r",
        {"findings_without_one_study": 1},
    ),
    "a finding held by another study": (
        (
            "MATCH (s:Study)-[r:HAS_FINDING]->(f) WITH s, r, f LIMIT 1 MATCH (o:Study) WHERE o <> s "
            "SET f.pageKey = split(o.pageKey, '/')[0] + '/' + f.mentionId, f.studiedAt = o.startedAt "
            "DELETE r CREATE (o)-[:HAS_FINDING]->(f)"
        ),
        {"studies_with_findings_of_another": 1},
    ),
    "a finding that modifies": (
        "MATCH (a:Finding)<-[:FOUND]-()-[:FOUND]->(b:Finding) WITH a, b LIMIT 1 CREATE (a)-[:MODIFY]->(b)",
        {"findings_that_modify": 1},
    ),
    "a finding whose concept is not there": (
        "MATCH (f:Finding) WITH f LIMIT 1 SET f.conceptCode = 'no such code'",
        {"findings_without_concept": 1},
    ),
    "a finding out of its page": (
        "MATCH (f:Finding) WITH f LIMIT 1 SET f.pageKey = 'x'",
        {"findings_with_bad_page_key": 1},
    ),
    "a finding at another time": (
        "MATCH (f:Finding) WITH f LIMIT 1 SET f.studiedAt = datetime('1999-01-01T00:00:00Z')",
        {"findings_with_bad_time": 1},
    ),
    "a finding of anatomy": (
        (
            "MATCH (f:Finding) WHERE NOT EXISTS { (f)-[:LOCATED_AT|SUGGESTIVE_OF|MODIFY]-() } "
            "WITH f LIMIT 1 REMOVE f:Observation SET f:Anatomy, f.presence = 'present'"
        ),
        {"findings_that_are_no_observation": 1},
    ),
    "a relation of a bad pair": (
        "MATCH (a:Anatomy)<-[:FOUND]-(e)-[:FOUND]->(b:Finding) WITH a, b LIMIT 1 CREATE (a)-[:SUGGESTIVE_OF]->(b)",
        {"relations_of_a_bad_pair": 1},
    ),
    "a relation to itself": (
        "MATCH (a:Finding) WITH a LIMIT 1 CREATE (a)-[:SUGGESTIVE_OF]->(a)",
        {"relations_to_themselves": 1},
    ),
    "a relation across extractions": (
        (
            "MATCH (d:Extraction), (e:Extraction) WHERE d <> e WITH d, e LIMIT 1 "
            "MATCH (d)-[:FOUND]->(a:Finding) WITH a, e LIMIT 1 MATCH (e)-[:FOUND]->(b:Finding) WITH a, b LIMIT 1 "
            "CREATE (a)-[:SUGGESTIVE_OF]->(b)"
        ),
        {"relations_across_extractions": 1},
    ),
    "anatomy that modifies itself in the end": (
        (
            "MATCH (a:Anatomy)<-[:FOUND]-(e)-[:FOUND]->(b:Anatomy) WHERE a <> b WITH a, b LIMIT 1 "
            "CREATE (a)-[:MODIFY]->(b), (b)-[:MODIFY]->(a)"
        ),
        {"mentions_that_modify_themselves": 2},
    ),
    "a relationship twice": (
        "MATCH (a)-[r:LOCATED_AT]->(b) WITH a, b LIMIT 1 CREATE (a)-[:LOCATED_AT]->(b)",
        {"duplicate_relationships": 1},
    ),
    "a local concept that nothing refers to": (
        "CREATE (:Concept {code: 'x', system: 'local', name: 'x'})",
        {"local_concepts_without_mention": 1},
    ),
    "a concept without a name": (
        "MATCH (m:Finding) WITH m LIMIT 1 SET m.conceptCode = 'x' CREATE (:Concept {code: 'x', system: 'local'})",
        {"concepts_without_name": 1},
    ),
    "concepts above each other": (
        (
            "MATCH (a:Concept)-[:IS_A]->(b) WHERE NOT EXISTS { (b)-[:IS_A]->() } WITH a, b LIMIT 1 "
            "CREATE (b)-[:IS_A {planted: true}]->(a)"
        ),
        {"concepts_above_themselves": 2},
    ),
}


def _broken(driver: Driver) -> dict[str, int]:
    return {name: count for name, count in violations(driver).items() if count}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_counted_and_no_other(one_graph: Driver, name: str) -> None:
    statement, expected = PLANTED[name]
    counters = one_graph.execute_query(statement).summary.counters
    assert counters.contains_updates
    assert _broken(one_graph) == expected


def test_what_is_planted_into_is_sound(graph: Driver) -> None:
    assert _broken(graph) == {}


def test_every_invariant_has_a_planted_fault(graph: Driver) -> None:
    planted = {name for _, expected in PLANTED.values() for name in expected}
    by_other_tests = {"missing_constraints", "mentions_unlike_their_text", "mentions_without_report_text"}
    assert planted | by_other_tests == set(violations(graph))


def test_a_missing_constraint(graph: Driver) -> None:
    statement = next(s for m in shipped_migrations() for s in _statements_of(m) if "CONSTRAINT extraction_key" in s)
    graph.execute_query("DROP CONSTRAINT extraction_key")
    try:
        assert _broken(graph) == {"missing_constraints": 1}
    finally:
        graph.execute_query(statement)


def test_the_required_constraints_are_those_of_the_migrations() -> None:
    text = "\n".join(path.read_text() for path in FOLDER.glob("*.cypher"))
    assert {f"{name}_key" for name in ("migration", "lock")} | {
        word for word in text.split() if word.endswith("_key")
    } == REQUIRED_CONSTRAINTS | {"lock_key"}


def _statements_of(migration: Migration) -> Sequence[str]:
    return migration.statements


def _text_of(mentions: Sequence[MentionRecord]) -> str:
    text = [" "] * 5000
    for mention in mentions:
        text[mention.start : mention.end] = mention.text
    return "".join(text)


def test_words_are_compared_with_the_graphs_own_text_by_code_points(empty_graph: Driver) -> None:
    subgraph = study(1)
    # A character outside the basic plane before every span: offsets in UTF-16 would be one too many.
    moved = tuple(replace(mention, start=mention.start + 1, end=mention.end + 1) for mention in subgraph.mentions)
    report = replace(subgraph.reports[0], text="\N{GRINNING FACE}" + _text_of(moved)[1:])
    _merge(empty_graph, replace(subgraph, reports=(report,), mentions=moved))
    spans = check_spans(empty_graph)
    assert (spans.checked, spans.unchecked) == (len(moved), 0)
    assert _broken(empty_graph) == {}
    empty_graph.execute_query("MATCH (m:Mention) WITH m LIMIT 1 SET m.text = 'other words'")
    assert _broken(empty_graph) == {"mentions_unlike_their_text": 1}


def test_words_are_compared_with_the_ledgers_text(graph: Driver) -> None:
    subgraphs = [_subgraph(1), _subgraph(2)]
    known = {each.reports[1].report_key: _text_of(each.mentions) for each in subgraphs}
    asked: list[str] = []

    def lookup(keys: Sequence[str]) -> Mapping[str, str]:
        asked.extend(keys)
        return {key: known[key] for key in keys if key in known}

    assert not any(violations(graph, texts=lookup).values())
    assert sorted(asked) == sorted(known)
    lost = subgraphs[0].reports[1].report_key
    del known[lost]
    found = {name: count for name, count in violations(graph, texts=lookup).items() if count}
    assert found == {"mentions_without_report_text": len(subgraphs[0].mentions)}


def test_without_any_text_nothing_is_claimed(graph: Driver) -> None:
    spans = check_spans(graph)
    assert (spans.checked, spans.mismatched) == (0, 0)
    assert spans.unchecked == len(_subgraph(1).mentions) + len(_subgraph(2).mentions)


def _changed(subgraph: StudySubgraph, **changes: object) -> StudySubgraph:
    """The study with its first finding changed."""
    at = next(number for number, mention in enumerate(subgraph.mentions) if mention.finding)
    mention = replace(subgraph.mentions[at], **changes)
    return replace(subgraph, mentions=(*subgraph.mentions[:at], mention, *subgraph.mentions[at + 1 :]))


FACTS = {
    "presence": lambda s: _changed(s, presence=Presence.UNCERTAIN),
    "words": lambda s: _changed(s, text="other"),
    "offset": lambda s: _changed(s, end=s.mentions[0].end + 3),
    "section": lambda s: _changed(s, section="addendum"),
    "witness": lambda s: _changed(s, witness=Witness.BOTH),
    "dispute": lambda s: _changed(s, presence=Presence.UNCERTAIN, disputed=True),
    "other presence": lambda s: _changed(s, other_presence=Presence.ABSENT),
    "side": lambda s: _changed(s, finding=replace(s.mentions[0].finding, laterality="bilateral")),
    "place": lambda s: _changed(s, finding=replace(s.mentions[0].finding, place_codes=("RID1",))),
    "current": lambda s: replace(s, reports=(replace(s.reports[0], current=True), *s.reports[1:])),
    "status": lambda s: replace(s, reports=(*s.reports[:1], replace(s.reports[1], status="C"))),
    "issue time": lambda s: replace(s, reports=(*s.reports[:1], replace(s.reports[1], issued_at=None))),
    "study time": lambda s: replace(s, study=replace(s.study, started_at=START + timedelta(days=9))),
    "modality": lambda s: replace(s, study=replace(s.study, modality="CR")),
    "sex": lambda s: replace(s, patient=replace(s.patient, sex="male")),
    "a relation less": lambda s: replace(s, relations=s.relations[:-1]),
    "checkpoint": lambda s: replace(s, extraction=replace(s.extraction, checkpoint_digest="00")),
    "engine": lambda s: replace(s, extraction=replace(s.extraction, engine_digest="00")),
}
NO_FACTS = {
    "score": lambda s: _changed(s, score=0.5),
    "link score": lambda s: _changed(s, link_score=0.25),
    "relation score": lambda s: replace(s, relations=tuple(replace(each, score=0.5) for each in s.relations)),
    "extraction time": lambda s: replace(s, extraction=replace(s.extraction, created_at=START + timedelta(days=9))),
    "pairing": lambda s: replace(s, study=replace(s.study, pairing="paired")),
    "zone": lambda s: replace(s, study=replace(s.study, started_at=s.study.started_at.astimezone())),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_digest_changes_with_a_fact(graph: Driver, name: str) -> None:
    before = graph_digest(graph)
    _merge(graph, FACTS[name](_subgraph(1)))
    assert graph_digest(graph) != before
    _merge(graph, _subgraph(1))
    assert graph_digest(graph) == before


@pytest.mark.parametrize("name", NO_FACTS)
def test_the_digest_stays_with_what_is_no_fact(graph: Driver, name: str) -> None:
    before = graph_digest(graph)
    _merge(graph, NO_FACTS[name](_subgraph(1)))
    assert graph_digest(graph) == before


def test_the_digest_of_an_empty_graph_is_that_of_any_other(empty_graph: Driver) -> None:
    before = graph_digest(empty_graph)
    _merge(empty_graph, study(1))
    assert graph_digest(empty_graph) != before
    merge_studies(empty_graph, lambda: Projection((), [study(1).study.study_key]))
    assert graph_digest(empty_graph) == before
