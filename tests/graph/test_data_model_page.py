"""docs/data-model.md names all that the graph has, and its queries run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from neo4j import Driver

from graph.records import ConceptRecord, FindingRecord, ImageRecord, MentionRecord, ReportRecord, StudySubgraph
from graph.status import BOOKKEEPING, MODEL_LABELS, MODEL_TYPES
from graph.writes import Projection, merge_studies
from tests.graph.subgraphs import study
from vlmkg.engine_protocol import Agreement
from vlmkg.schema import Kind, Presence, RelationType, Witness
from vlmkg.verdicts import ReviewState
from vlmkg.vocabulary import load_vocabulary

PAGE = (Path(__file__).parents[2] / "docs" / "data-model.md").read_text()
QUERIES = re.findall(r"```cypher\n(.*?)```", PAGE, flags=re.DOTALL)


def _concept(name: str) -> ConceptRecord:
    found = next(concept for concept in load_vocabulary().concepts if concept.name == name)
    return ConceptRecord(found.code, found.system, found.name)


def everything() -> StudySubgraph:
    """A study with every label, relationship and property: an effusion that suggests pneumonia, on film too."""
    subgraph = study(1)
    first, second, *_ = (mention for mention in subgraph.mentions if mention.finding)
    effusion = _named(first, "pleural effusion", "left", "mild")
    pneumonia = _named(second, "pneumonia", None, None)
    place = next(mention for mention in subgraph.mentions if mention.kind is Kind.ANATOMY)
    describing = replace(place, mention_id="describing", start=9000, end=9000 + len(place.text))
    seen = replace(place, mention_id="seen", report_key=None, sop_instance_uid="1.2.3", start=0, end=0)
    relation = subgraph.relations[0]
    older = ReportRecord("older", "r", 1, "P", current=False, issued_at=None, text_digest="")
    newer = replace(subgraph.reports[0], report_id="r", version=2, supersedes="older", text="text")
    assert subgraph.extraction is not None
    return replace(
        subgraph,
        reports=(older, newer),
        images=(ImageRecord("1.2.3", "PA", 2048, 2048, "00"),),
        extraction=replace(
            subgraph.extraction,
            checkpoint="c",
            checkpoint_digest="00",
            agreement=Agreement(),
            reads=(newer.report_key, "1.2.3"),
        ),
        mentions=(effusion, pneumonia, place, describing, seen),
        relations=(
            replace(relation, head=effusion.mention_id, type=RelationType.SUGGESTIVE_OF, tail=pneumonia.mention_id),
            replace(relation, head=effusion.mention_id, type=RelationType.LOCATED_AT, tail=place.mention_id),
            replace(relation, head="describing", type=RelationType.MODIFY, tail=place.mention_id, score=0.5),
        ),
    )


def _named(mention: MentionRecord, name: str, laterality: str | None, severity: str | None) -> MentionRecord:
    concept = _concept(name)
    finding = FindingRecord(concept.code, laterality, severity, ("RID1326",), review=ReviewState.CONFIRMED)
    return replace(
        mention, concept=concept, finding=finding, presence=Presence.PRESENT, score=0.5, witness=Witness.BOTH
    )


@pytest.fixture
def full_graph(empty_graph: Driver) -> Driver:
    """A graph that has everything at least once."""
    merge_studies(empty_graph, lambda: Projection([everything()]))
    return empty_graph


def _column(driver: Driver, query: str) -> set[str]:
    return {row[0] for row in driver.execute_query(query).records}


def test_every_label_and_type_is_on_the_page_and_in_the_lists(full_graph: Driver) -> None:
    labels = _column(full_graph, "MATCH (n) UNWIND labels(n) AS label RETURN DISTINCT label")
    types = _column(full_graph, "MATCH ()-[r]->() RETURN DISTINCT type(r)")
    assert labels == {*MODEL_LABELS, *BOOKKEEPING}
    assert types == set(MODEL_TYPES)
    assert not [name for name in labels | types if f"`{name}`" not in PAGE]


def test_every_property_is_on_the_page(full_graph: Driver) -> None:
    names = _column(full_graph, "MATCH (n) UNWIND keys(n) AS name RETURN DISTINCT name")
    names |= _column(full_graph, "MATCH ()-[r]->() UNWIND keys(r) AS name RETURN DISTINCT name")
    assert len(names) > 45
    assert not [name for name in names if f"`{name}`" not in PAGE]


def test_every_index_is_on_the_page(full_graph: Driver) -> None:
    names = _column(full_graph, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name")
    assert not [name for name in names if f"`{name}`" not in PAGE]


@pytest.mark.parametrize("number", range(3))
def test_a_query_of_the_page_runs_and_finds_something(full_graph: Driver, number: int) -> None:
    assert len(QUERIES) == 3
    assert full_graph.execute_query(QUERIES[number]).records
