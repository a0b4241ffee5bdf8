"""Studies in the ledger and in a graph that follows it, whatever arrives, in any order, with crashes in between."""

import random as random_module
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.events.replace import replace as replay
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import metadata
from ingest.ledger.studies import graph_outbox
from ingest.ledger.study_facts import LedgerStudy
from ingest.messages import ParsedMessage
from tests.ingest.ledger import workers
from tests.ingest.ledger.builders import at, event, image, merge, message, order, receive, report, study, update
from vlmkg.identity import digest


def all_studies(ledger: Ledger) -> dict[str, LedgerStudy]:
    with ledger.read() as connection:
        return study_facts.load_many(connection, study_facts.all_study_keys(connection))


def emptied(ledger: Ledger) -> None:
    with ledger.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def uid_key(uid: str) -> str:
    return digest("uid", uid)


def test_a_report_by_accession_joins_the_images_that_come_later(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), accession="A")))
    workers.drain(ledger, graph)
    (before,) = graph
    receive(ledger, message(study(image("1.2.3"), uid="1.2", accession="A")))
    workers.drain(ledger, graph)
    assert before != uid_key("1.2")
    assert set(graph) == {uid_key("1.2")}
    assert graph[uid_key("1.2")].pairing == "paired"
    assert graph == all_studies(ledger)


def test_one_accession_of_two_patients(ledger: Ledger) -> None:
    receive(
        ledger,
        message(study(report("r", "clear"), patient="p", accession="A")),
        message(study(report("r", "not clear"), patient="q", accession="A")),
        message(study(image("1.2.3"), patient="q", uid="1.2", accession="A")),
    )
    found = all_studies(ledger)
    assert len(found) == 2
    assert {version.text for version in found[uid_key("1.2")].reports} == {"not clear"}


def test_one_uid_of_two_patients_renames_the_first_one(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), patient="p", uid="1.2", accession="A")))
    receive(ledger, message(study(report("s", "seen"), patient="p", accession="A")))
    workers.drain(ledger, graph)
    assert set(graph) == {uid_key("1.2")}
    receive(ledger, message(study(report("r", "not clear"), patient="q", uid="1.2")))
    workers.drain(ledger, graph)
    assert uid_key("1.2") not in graph
    assert sorted(sorted(version.text for version in found.reports) for found in graph.values()) == [
        ["clear", "seen"],
        ["not clear"],
    ]
    assert all(found.extraction for found in graph.values())
    assert graph == all_studies(ledger)


def test_a_second_uid_makes_the_accession_ambiguous(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(image("1.2.3"), uid="1.2", accession="A")))
    receive(ledger, message(study(report("r", "clear"), accession="A")))
    workers.drain(ledger, graph)
    assert set(graph) == {uid_key("1.2")}
    receive(ledger, message(study(image("1.3.3"), uid="1.3", accession="A")))
    workers.drain(ledger, graph)
    assert len(graph) == 3
    assert [found.pairing for found in graph.values()].count("report_only") == 1
    assert graph == all_studies(ledger)


def test_a_report_sent_under_the_wrong_uid_moves(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "draft", "P"), uid="1.2")))
    receive(ledger, message(study(image("1.2.3"), uid="1.2")))
    workers.drain(ledger, graph)
    receive(ledger, message(study(report("r", "final", "F"), uid="1.3")))
    workers.drain(ledger, graph)
    assert graph[uid_key("1.2")].reports == ()
    assert graph[uid_key("1.2")].extraction is not None
    assert [version.text for version in graph[uid_key("1.3")].reports] == ["draft", "final"]
    assert graph == all_studies(ledger)


def test_a_join_is_not_lost_in_a_crash(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), accession="A")))
    workers.drain(ledger, graph)
    receive(ledger, message(study(image("1.2.3"), uid="1.2", accession="A")))
    workers.extract(ledger)
    workers.merge(ledger, graph, crash="before")
    assert uid_key("1.2") not in graph
    workers.drain(ledger, graph)
    assert graph == all_studies(ledger)


def test_a_merge_takes_along_what_a_later_event_has_joined(ledger: Ledger) -> None:
    """The report's own merge comes first, but its study has another name by then."""
    graph: workers.Graph = {}
    receive(ledger, message(study(report("r", "clear"), accession="A")))
    workers.drain(ledger, graph)
    (accession_key,) = graph
    receive(ledger, message(study(report("q", "seen"), uid="1.2")))
    workers.extract(ledger)
    receive(ledger, message(study(image("1.2.3"), uid="1.2", accession="A")))
    with ledger.read() as connection:
        plan = graph_outbox.plan(connection, [2])
    assert set(plan.study_keys) == {accession_key, uid_key("1.2")} == plan.moved
    workers.merge(ledger, graph)
    assert set(graph) == {uid_key("1.2")}


def test_leftovers_are_planned_by_themselves(ledger: Ledger) -> None:
    receive(ledger, message(study(report("r", "clear"), patient="p", uid="1.2")))
    receive(ledger, message(study(report("r", "clear"), patient="q", uid="1.2")))
    with ledger.read() as connection:
        assert not graph_outbox.waiting(connection)
        assert graph_outbox.plan(connection, []) == graph_outbox.MergePlan((), (), frozenset())
        assert uid_key("1.2") in graph_outbox.plan(connection, [2]).study_keys
    with ledger.write() as connection:
        graph_outbox.mark(connection, [(99, "old", "new")])
    with ledger.read() as connection:
        assert graph_outbox.waiting(connection)
        assert graph_outbox.plan(connection, []).study_keys == ("new", "old")
        assert "old" not in graph_outbox.plan(connection, [2]).study_keys


@pytest.mark.parametrize("move", [("theirs", "other"), ("other", "theirs")])
def test_a_merge_takes_along_all_that_hangs_together(ledger: Ledger, move: tuple[str, str]) -> None:
    (mine, open_one) = receive(
        ledger, message(study(report("r", "clear"), uid="1.2")), message(study(report("q", "seen"), uid="1.3"))
    )
    old, new = move
    with ledger.write() as connection:
        graph_outbox.mark(connection, [(open_one.event_id, uid_key("1.2"), old), (open_one.event_id, old, new)])
    with ledger.read() as connection:
        plan = graph_outbox.plan(connection, [mine.event_id])
        assert graph_outbox.plan(connection, []).changes == ()
    assert set(plan.study_keys) == plan.moved == {uid_key("1.2"), "theirs", "other"}
    assert len(plan.changes) == 2


names, times = st.sampled_from("ppqq"), st.none() | st.sampled_from([3.0, 4.0])
messages = st.lists(
    st.builds(order, patient=names, uid=st.none() | st.just("1.1"), accession=st.sampled_from("AB"), sent=times)
    | st.builds(update, names, st.sampled_from(["male", "other"]), times)
    | st.builds(merge, st.sampled_from("pq"), st.sampled_from("pqs"), times)
    | st.builds(
        lambda contents, patient, uid, accession, sent: message(
            study(*contents, patient=patient, uid=uid, accession=accession), sent=sent
        ),
        st.lists(
            st.builds(
                report,
                st.sampled_from(["r1", "r2"]),
                st.sampled_from(["clear", "opacity", "no opacity"]),
                st.sampled_from("PFCX"),
                st.none() | st.sampled_from([1.0, 2.0]),
            )
            | st.builds(image, st.sampled_from(["1.9.1", "1.9.2"])),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from("ppq"),
        st.none() | st.sampled_from(["1.1", "1.2"]),
        st.none() | st.sampled_from("AB"),
        st.none() | st.sampled_from([3.0, 4.0]),
    ),
    min_size=1,
    max_size=7,
)
many = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@many
@given(said=messages, seed=st.integers(0, 1 << 16))
def test_order_of_arrival_does_not_matter(ledger: Ledger, said: list[ParsedMessage], seed: int) -> None:
    """Of messages whose times differ. Of equal times the message that arrives later counts."""
    said = [replace(parsed, message_time=at(number)) for number, parsed in enumerate(said)]
    emptied(ledger)
    receive(ledger, *said)
    at_once = all_studies(ledger)
    emptied(ledger)
    random = random_module.Random(seed)
    random.shuffle(said)
    for parsed in said:
        receive(ledger, parsed)
    assert all_studies(ledger) == at_once


@many
@given(said=messages, seed=st.integers(0, 1 << 16))
def test_the_graph_follows_whatever_happens(ledger: Ledger, said: list[ParsedMessage], seed: int) -> None:
    """Random interleavings of receiving, working, crashing and replaying end in what the ledger says."""
    emptied(ledger)
    random = random_module.Random(seed)
    graph: workers.Graph = {}
    sent: dict[int, ParsedMessage] = {}
    waiting = list(said)
    while waiting:
        step = random.choice(["receive", "receive", "extract", "merge", "crash", "recover", "replay"])
        if step == "receive":
            parsed = waiting.pop()
            sent[receive(ledger, parsed)[0].event_id] = parsed
        elif step == "extract":
            workers.extract(ledger)
        elif step == "merge":
            workers.merge(ledger, graph, limit=random.randint(1, 3))
        elif step == "crash":
            workers.extract(ledger, crash=True)
            workers.merge(ledger, graph, crash=random.choice(["before", "after"]))
        elif step == "recover":
            workers.claims.recover_expired(ledger)
        elif sent:
            _replay(ledger, {random.choice(list(sent)): sent})
    workers.drain(ledger, graph)
    assert graph == all_studies(ledger)
    with ledger.read() as connection:
        dead = events.ids(connection, EventFilter(State.DEAD))
    _replay(ledger, dict.fromkeys(dead, sent))
    workers.drain(ledger, graph)
    assert graph == all_studies(ledger)
    assert all(found.extraction for found in graph.values())


def _replay(ledger: Ledger, which: dict[int, dict[int, ParsedMessage]]) -> None:
    with ledger.write() as connection:
        replay(connection, [(event_id, event(sent[event_id])) for event_id, sent in which.items()])


def test_a_replay_that_reads_the_message_differently_moves_its_facts(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    receive(ledger, message(study(report("q", "seen"), uid="1.2")))
    said = message(study(report("r", "clear"), uid="1.2"))
    (receipt,) = receive(ledger, said)
    workers.drain(ledger, graph)
    corrected = replace(event(message(study(report("r", "clear"), uid="1.3"))), digest=event(said).digest)
    with ledger.write() as connection:
        replay(connection, [(receipt.event_id, corrected)])
    workers.drain(ledger, graph)
    assert {key: [version.text for version in found.reports] for key, found in graph.items()} == {
        uid_key("1.2"): ["seen"],
        uid_key("1.3"): ["clear"],
    }
    assert all(found.extraction for found in graph.values())
    assert graph == all_studies(ledger)


def test_a_replay_that_refuses_the_message_takes_its_study_away(ledger: Ledger) -> None:
    graph: workers.Graph = {}
    said = message(study(report("r", "clear"), uid="1.2"))
    (receipt,) = receive(ledger, said)
    workers.drain(ledger, graph)
    refused = replace(event(said), sightings=(), patients=(), reason="not_radiology", detail="a laboratory result")
    with ledger.write() as connection:
        replay(connection, [(receipt.event_id, refused)])
    workers.drain(ledger, graph)
    assert graph == {}


def test_receiving_from_many_connections_at_once_decides_on_all_facts(ledger: Ledger, ledger_url: str) -> None:
    films = [message(study(image(f"1.9.{number}"), uid="1.2", accession="A")) for number in range(6)]
    reports = [message(study(report(f"r{number}", "clear"), accession="A")) for number in range(6)]

    def receive_apart(parsed: ParsedMessage) -> None:
        other = open_ledger(ledger_url)
        receive(other, parsed)
        other.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(receive_apart, films + reports))
    assert set(all_studies(ledger)) == {uid_key("1.2")}


pytestmark = pytest.mark.timeout(300)
