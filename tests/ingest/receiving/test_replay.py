"""Replaying from the stored message, and purging."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from ingest import blobs
from ingest.formats.origin import Format, Origin
from ingest.ledger.events import claims, events, raw_messages
from ingest.ledger.events.raw_messages import SMALL
from ingest.ledger.states import Stage, State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.storage.tables import events as events_table
from ingest.ledger.storage.tables import patients, report_texts, sightings
from ingest.ledger.storage.tables import raw_messages as raw_table
from ingest.receiving.raw import raw_of
from ingest.receiving.replay import purge, replay
from ingest.receiving.submit import ReceivedMessage, Receiver, receive, receive_many
from tests.ingest.ledger import workers
from tests.ingest.receivers import plain, receiver_in


@pytest.fixture
def receiver(ledger: Ledger, tmp_path: Path) -> Receiver:
    return receiver_in(tmp_path, ledger)


def look(receiver: Receiver, event_id: int) -> events.Event | None:
    with receiver.ledger.read() as connection:
        return events.get(connection, event_id)


def counts(receiver: Receiver) -> list[int]:
    """Rows of sightings, texts and patients."""
    with receiver.ledger.read() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (sightings, report_texts, patients)
        ]


def kill(receiver: Receiver, event_id: int) -> None:
    workers.kill(receiver.ledger, event_id)


def test_a_dead_event_starts_anew(receiver: Receiver) -> None:
    event_id = receive(receiver, plain("clear")).event_id
    kill(receiver, event_id)
    replayed = replay(receiver, [event_id])
    assert (replayed.received, replayed.complete) == ((event_id,), True)
    found = look(receiver, event_id)
    assert found
    assert (found.state, found.reason, found.detail, found.attempts) == (State.RECEIVED, None, None, 0)
    assert counts(receiver) == [1, 1, 1]


def test_a_refused_event_is_parsed_again(receiver: Receiver) -> None:
    """As after a release whose parser can read it: here its format had been recorded wrongly."""
    event_id = receive(receiver, plain(b"\xff\xfe\xff", "bad")).event_id
    replayed = replay(receiver, [event_id])
    assert (replayed.received, replayed.refused, replayed.complete) == ((), {"bad_encoding": 1}, False)
    with receiver.ledger.write() as connection:
        connection.execute(update(events_table).values(digest=blobs.key_of(b"clear")))
        connection.execute(update(raw_table).values(raw=b"clear"))
    assert replay(receiver, [event_id]).received == (event_id,)
    assert counts(receiver) == [1, 1, 1]


def test_a_replay_of_a_merged_event_leads_to_the_same_graph(receiver: Receiver) -> None:
    graph: workers.Graph = {}
    event_id = receive(receiver, plain("clear")).event_id
    workers.drain(receiver.ledger, graph)
    before = dict(graph)
    replay(receiver, [event_id])
    workers.drain(receiver.ledger, graph)
    assert graph == before
    found = look(receiver, event_id)
    assert found
    assert found.state is State.MERGED


def test_a_replay_takes_the_event_from_whoever_works_on_it(receiver: Receiver) -> None:
    event_id = receive(receiver, plain("clear")).event_id
    taken = claims.claim(receiver.ledger, Stage.EXTRACT, "me", limit=1, lease=workers.LEASE)
    replay(receiver, [event_id])
    assert claims.complete_extract(receiver.ledger, [(taken[0], [])]) == []


def test_an_event_whose_message_is_lost_stays_as_it_is(receiver: Receiver) -> None:
    first, second = (receipt.event_id for receipt in receive_many(receiver, [plain("a", "a"), plain("b", "b")]))
    found = look(receiver, first)
    with receiver.ledger.write() as connection:
        raw_messages.remove(connection, [first])
    replayed = replay(receiver, [first, second])
    assert (replayed.received, replayed.without_message, replayed.complete) == ((second,), (first,), False)
    assert look(receiver, first) == found


def test_a_purge_removes_dead_events_with_all_that_they_alone_brought(receiver: Receiver, tmp_path: Path) -> None:
    dead, alive = (receipt.event_id for receipt in receive_many(receiver, [plain("a", "a"), plain("b", "b")]))
    kill(receiver, dead)
    gone = look(receiver, dead)
    assert gone
    purged = purge(receiver, [dead, alive])
    assert (purged.events, purged.blobs_left) == ((dead,), ())
    assert len(purged.patients) == 1
    assert look(receiver, dead) is None
    assert look(receiver, alive)
    assert counts(receiver) == [1, 1, 1]
    with receiver.ledger.read() as connection:
        assert list(raw_messages.read(connection, [dead, alive])) == [alive]


def test_a_purge_removes_the_files_of_large_messages(receiver: Receiver, tmp_path: Path) -> None:
    large = ["a" * (SMALL + 1), "b" * (SMALL + 1)]
    dead, alive = (each.event_id for each in receive_many(receiver, [plain(text, text[0]) for text in large]))
    kill(receiver, dead)
    assert purge(receiver, [dead, alive]).blobs_left == ()
    kept = [path.name for path in (tmp_path / "blobs").rglob("*") if len(path.name) == 64]
    assert kept == [blobs.key_of(large[1].encode())]


def test_an_event_of_before_the_ledger_kept_messages_has_its_blob(receiver: Receiver) -> None:
    """What was received by an older version is where it was."""
    event_id = receive(receiver, plain("clear")).event_id
    with receiver.ledger.write() as connection:
        raw_messages.remove(connection, [event_id])
    blobs.put_many(receiver.blobs, [b"clear"])
    assert replay(receiver, [event_id]).received == (event_id,)


def test_a_purge_gives_the_report_back_to_its_older_version(receiver: Receiver) -> None:
    graph: workers.Graph = {}
    receive(receiver, plain("aa"))
    workers.drain(receiver.ledger, graph)
    later = Origin(name="r1", modified_at=datetime(2024, 5, 1, tzinfo=UTC))
    second = receive(receiver, ReceivedMessage(b"bb", Format.TEXT, later)).event_id
    kill(receiver, second)
    workers.drain(receiver.ledger, graph)
    assert next(iter(graph.values())).extraction is None
    purge(receiver, [second])
    workers.drain(receiver.ledger, graph)
    (found,) = graph.values()
    assert [version.text for version in found.reports if version.current] == ["aa"]
    assert found.extraction


def test_a_purged_message_that_comes_again_is_received_again(receiver: Receiver) -> None:
    dead = receive(receiver, plain("clear")).event_id
    kill(receiver, dead)
    purge(receiver, [dead])
    again = receive(receiver, plain("clear"))
    assert not again.duplicate
    found = look(receiver, again.event_id)
    assert found
    assert raw_of(receiver.ledger, receiver.blobs, found) == b"clear"


def test_a_blob_that_another_event_has_stays(receiver: Receiver) -> None:
    dead, other = (receipt.event_id for receipt in receive_many(receiver, [plain("x", "a"), plain("x", "b")]))
    kill(receiver, dead)
    purge(receiver, [dead])
    found = look(receiver, other)
    assert found
    assert raw_of(receiver.ledger, receiver.blobs, found) == b"x"
