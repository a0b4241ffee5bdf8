from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from neo4j import Driver

from graph.connection import open_driver
from ingest.ledger.events import claims, events
from ingest.ledger.states import Stage, State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.studies import graph_outbox
from ingest.receiving.submit import ReceivedMessage, Receiver, receive, receive_many
from ingest.workers.extract import extract_some
from ingest.workers.merge import Target, follow_changes, groups_of, merge_some
from ingest.workers.study_reader import Reader, reader_of
from tests.fixtures.neo4j_server import Neo4jServer, Outage
from tests.ingest.workers.engines import POISON, Watched, fail_on_poison, rules
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from vlmkg.errors import VlmkgError

LEASE = timedelta(seconds=30)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def target(empty_graph: Driver, neo4j_server: Neo4jServer) -> Target:
    return Target(empty_graph, neo4j_server.settings.database, with_text=False)


def work(ledger: Ledger, target: Target, reader: Reader | None = None) -> None:
    """Do all that is to be done, as workers do."""
    reader = reader or reader_of(rules())
    while extract_some(ledger, reader, "extract", LEASE):
        pass
    while merge_some(ledger, target, "merge", LEASE):
        pass
    follow_changes(ledger, target)


def rows(target: Target, query: str) -> list[dict[str, Any]]:
    records, _, _ = target.driver.execute_query(query, database_=target.database)  # type: ignore[arg-type]
    return [dict(record) for record in records]


def reports(target: Target) -> list[dict[str, Any]]:
    query = (
        "MATCH (s:Study)-[:HAS_REPORT]->(r:Report) RETURN r.status AS status, r.current AS current ORDER BY r.version"
    )
    return rows(target, query)


def findings(target: Target) -> set[tuple[str, str]]:
    query = "MATCH (:Study)-[:HAS_FINDING]->(m:Mention) RETURN m.text AS text, m.presence AS presence"
    return {(row["text"], row["presence"]) for row in rows(target, query)}


def states(ledger: Ledger) -> dict[State, int]:
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


def test_a_report_arrives_with_its_negations(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a", EFFUSION))

    work(receiver.ledger, target)

    assert states(receiver.ledger) == {State.MERGED: 1}
    assert ("effusion", "present") in findings(target)
    assert ("pneumothorax", "absent") in findings(target)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_p_f_and_c_in_any_order_show_the_corrected_report(
    receiver: Receiver, target: Target, order: tuple[int, int, int]
) -> None:
    versions = [
        hl7("a", EFFUSION, status="P", minute=1),
        hl7("a", NODULE, status="F", minute=2),
        hl7("a", CLEAR, status="C", minute=3),
    ]
    for number in order:
        receive(receiver, versions[number])
        work(receiver.ledger, target)

    assert reports(target) == [
        {"status": "P", "current": False},
        {"status": "F", "current": False},
        {"status": "C", "current": True},
    ]
    assert {presence for _, presence in findings(target) if presence != "absent"} <= {"present"}
    assert "Nodule" not in {text for text, _ in findings(target)}


def test_a_withdrawn_report_leaves_no_finding(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a", EFFUSION))
    work(receiver.ledger, target)
    receive(receiver, hl7("a", "", status="X", minute=9))
    work(receiver.ledger, target)

    assert findings(target) == set()
    assert not any(report["current"] for report in reports(target))


def test_a_study_that_gets_its_uid_later_is_there_once(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a", EFFUSION, status="P"))
    work(receiver.ledger, target)
    receive(receiver, hl7("a", EFFUSION, minute=5, study_uid="1.2.3"))
    work(receiver.ledger, target)

    assert rows(target, "MATCH (s:Study) RETURN s.studyUid AS uid") == [{"uid": "1.2.3"}]
    assert len(findings(target)) > 0


def test_a_uid_that_two_patients_claim_joins_nobody(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a", EFFUSION, patient="p1", study_uid="1.2.3"))
    work(receiver.ledger, target)
    receive(receiver, hl7("b", NODULE, patient="p2", study_uid="1.2.3"))
    work(receiver.ledger, target)

    query = "MATCH (p:Patient)-[:HAS_STUDY]->(s:Study)-[:HAS_FINDING]->(m) RETURN p.patientId AS p, count(m) AS n"
    assert len(rows(target, query)) == 2
    assert all(row["n"] for row in rows(target, query))


def test_a_report_that_nobody_can_read_hides_what_it_supersedes(receiver: Receiver, target: Target) -> None:
    reader = reader_of(Watched(fail_on_poison))
    receive(receiver, hl7("a", EFFUSION, status="P"))
    work(receiver.ledger, target, reader)
    receive(receiver, hl7("a", POISON, status="F", minute=5))
    work(receiver.ledger, target, reader)

    assert states(receiver.ledger) == {State.MERGED: 1, State.DEAD: 1}
    assert findings(target) == set()
    assert reports(target) == [{"status": "P", "current": False}, {"status": "F", "current": True}]


def test_two_workers_at_the_same_events_write_them_once(receiver: Receiver, target: Target) -> None:
    """The first loses its claims while it writes, as one that was paused; the second merges meanwhile."""
    receive_many(receiver, [hl7("a"), hl7("b", NODULE)])
    while extract_some(receiver.ledger, reader_of(rules()), "extract", LEASE):
        pass
    first = claims.claim(receiver.ledger, Stage.MERGE, "first", limit=9, lease=timedelta(0))
    claims.recover_expired(receiver.ledger)
    while merge_some(receiver.ledger, target, "second", LEASE):
        pass

    assert claims.complete_merge(receiver.ledger, first) == []
    assert states(receiver.ledger) == {State.MERGED: 2}
    assert rows(target, "MATCH (s:Study) RETURN count(s) AS n") == [{"n": 2}]


def test_left_over_changes_are_followed_without_an_event(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a"))
    work(receiver.ledger, target)
    with receiver.ledger.write() as connection:
        graph_outbox.mark(connection, [(99, "gone", "gone")])

    assert follow_changes(receiver.ledger, target)
    assert not follow_changes(receiver.ledger, target)


def test_an_outage_of_neo4j_costs_no_attempt(
    receiver: Receiver, target: Target, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.connection.RETRY_SECONDS", 0.5)
    receive(receiver, hl7("a"))
    extract_some(receiver.ledger, reader_of(rules()), "extract", LEASE)
    with open_driver(outage.settings) as driver:
        ours = Target(driver, target.database, with_text=False)
        driver.verify_connectivity()
        outage.road.break_off()
        with pytest.raises(VlmkgError) as raised:
            merge_some(receiver.ledger, ours, "merge", LEASE)

        assert raised.value.retryable
        assert states(receiver.ledger) == {State.EXTRACTED: 1}
        outage.road.mend()
        work(receiver.ledger, ours)
        assert states(receiver.ledger) == {State.MERGED: 1}


def test_the_text_goes_into_the_graph_only_where_asked(receiver: Receiver, target: Target) -> None:
    receive(receiver, hl7("a", EFFUSION))
    work(receiver.ledger, target)
    assert rows(target, "MATCH (r:Report) RETURN r.text AS text") == [{"text": None}]

    receive(receiver, hl7("a", EFFUSION, minute=1))
    work(receiver.ledger, Target(target.driver, target.database, with_text=True))
    assert rows(target, "MATCH (r:Report) RETURN r.text AS text") == [{"text": EFFUSION}]


def sent(number: int) -> ReceivedMessage:
    return hl7(f"r{number}", (EFFUSION, CLEAR, NODULE)[number % 3], patient=f"p{number % 7}")


def test_a_merge_takes_many_studies_at_once(receiver: Receiver, target: Target) -> None:
    receive_many(receiver, [sent(number) for number in range(70)])
    while extract_some(receiver.ledger, reader_of(rules()), "extract", LEASE):
        pass

    assert len(merge_some(receiver.ledger, target, "merge", LEASE)) == 70
    assert rows(target, "MATCH (s:Study) RETURN count(s) AS n") == [{"n": 70}]


def test_large_messages_are_written_in_transactions_of_their_own(receiver: Receiver, target: Target) -> None:
    words = "Small left pleural effusion. " * 4000
    large = [hl7(str(number), f"{number}: {words}") for number in range(5)]
    receive_many(receiver, [*large, sent(7), sent(8)])
    with receiver.ledger.read() as connection:
        ids = events.ids(connection, events.NO_FILTER)
    held = [
        claims.Claim(event_id, Stage.MERGE, "m", 1, alone=False, attempts=0, expires_at=NOW) for event_id in sorted(ids)
    ]
    groups = [[claim.event_id for claim in group] for group in groups_of(receiver.ledger, held)]
    assert [len(group) for group in groups] == [3, 4]
    assert [event_id for group in groups for event_id in group] == sorted(ids)
