"""Refused triplets: kept with their reason, found by it, and read again once the rules are better."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from neo4j import Driver

from ingest.cli.events import events
from ingest.ledger.readings import extractions
from ingest.ledger.storage.database import Ledger
from ingest.receiving.submit import Receiver, receive_many
from ingest.workers.extract import extract_some
from ingest.workers.merge import Target, merge_some
from ingest.workers.study_reader import Reader, reader_of
from tests.fixtures.neo4j_server import Neo4jServer
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import EFFUSION, hl7
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import Lead, ReportOutput, StudyInput, StudyOutput
from vlmkg.schema import RelationType, ReportGraph

LEASE = timedelta(seconds=30)
WITHOUT_PLACE = "FINDINGS: Cardiomegaly. No pneumothorax."


class Backward:
    """The rules of a day on which each place was put at its finding, which the schema forbids."""

    name = "rules"
    checkpoint = checkpoint_digest = film_domain = None
    lead = Lead.ALWAYS
    digest = "before the rule was mended"

    def read(self, studies: Sequence[StudyInput]) -> list[StudyOutput]:
        return [
            replace(study, reports=tuple(ReportOutput(backward(one.graph)) for one in study.reports))
            for study in rules().read(studies)
        ]


def backward(graph: ReportGraph) -> ReportGraph:
    turned = tuple(
        replace(one, head=one.tail, tail=one.head) if one.type is RelationType.LOCATED_AT else one
        for one in graph.relations
    )
    return ReportGraph(graph.mentions, turned)


@pytest.fixture
def target(empty_graph: Driver, neo4j_server: Neo4jServer) -> Target:
    return Target(empty_graph, neo4j_server.settings.database, with_text=False)


def work(ledger: Ledger, target: Target, reader: Reader) -> None:
    while extract_some(ledger, reader, "extract", LEASE):
        pass
    while merge_some(ledger, target, "merge", LEASE):
        pass


def places(target: Target) -> list[str]:
    query = "MATCH (m:Observation)-[:LOCATED_AT]->(:Anatomy) RETURN m.text AS text"
    records, _, _ = target.driver.execute_query(query, database_=target.database)
    return [record["text"] for record in records]


def listed(data: DataDir, reason: str) -> list[int]:
    shown = CliRunner().invoke(events, ["list", "--reason", reason, "--json", "--data", str(data.root)])
    return [event["id"] for event in json.loads(shown.output)]


def test_a_reason_is_driven_again_after_the_rules_changed(receiver: Receiver, target: Target, data: DataDir) -> None:
    receive_many(receiver, [hl7("a", EFFUSION), hl7("b", WITHOUT_PLACE, patient="p2")])
    work(receiver.ledger, target, reader_of(Backward()))
    assert places(target) == []
    with receiver.ledger.read() as connection:
        assert [row.triplet.reason for row in extractions.rejections(connection, limit=9)] == ["forbidden_type_pair"]
        (row,) = extractions.rejections(connection, limit=10)
    assert (row.triplet.head, row.triplet.relation, row.triplet.tail) == ("pleural", "located_at", "effusion")
    assert listed(data, "forbidden_type_pair") == [1]

    done = CliRunner().invoke(events, ["replay", "--reason", "forbidden_type_pair", "--data", str(data.root)])
    assert (done.exit_code, done.output) == (0, "1 events will be processed again\n")
    work(receiver.ledger, target, reader_of(rules()))

    assert places(target) == ["effusion"]
    assert listed(data, "forbidden_type_pair") == []
    with receiver.ledger.read() as connection:
        # What was refused then stays on record, with the extraction that it belongs to.
        assert [row.triplet.reason for row in extractions.rejections(connection, limit=9)] == ["forbidden_type_pair"]


def test_driven_again_by_the_same_rules_nothing_is_refused_twice(
    receiver: Receiver, target: Target, data: DataDir
) -> None:
    receive_many(receiver, [hl7("a", EFFUSION)])
    for _ in range(2):
        work(receiver.ledger, target, reader_of(Backward()))
        done = CliRunner().invoke(events, ["replay", "--reason", "forbidden_type_pair", "--data", str(data.root)])
        assert done.exit_code == 0
    with receiver.ledger.read() as connection:
        assert [row.triplet.reason for row in extractions.rejections(connection, limit=9)] == ["forbidden_type_pair"]
