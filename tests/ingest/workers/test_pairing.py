"""Report and films of a study meet in any order; who reads films waits for them, and nobody else does."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from ingest.formats.origin import Format, Origin
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger, now
from ingest.ledger.storage.tables import events, pairing_waits
from ingest.ledger.studies import pairing
from ingest.ledger.study_facts import LedgerStudy
from ingest.projection.subgraph import project
from ingest.receiving.submit import ReceivedMessage, Receiver, receive
from ingest.workers.extract import extract_some
from ingest.workers.study_reader import Films, Reader, reader_of
from tests.ingest.formats.dicom_files import film, part10, report
from tests.ingest.workers.engines import rules
from tests.ingest.workers.test_films import Seeing

LEASE = timedelta(seconds=30)
WAIT = timedelta(minutes=30)
FILM = ReceivedMessage(part10(film()), Format.DICOM)
REPORT = ReceivedMessage(part10(report()), Format.DICOM)
TEXT = ReceivedMessage(b"FINDINGS: Clear.", Format.TEXT, Origin("t1"))


@pytest.fixture
def seeing(receiver: Receiver) -> Reader:
    """A reader of films too."""
    return reader_of(Seeing(), Films(receiver.blobs), WAIT)


def take(receiver: Receiver, reader: Reader, *messages: ReceivedMessage) -> LedgerStudy:
    """Receive the messages, work until nothing is left, and return the one study."""
    for message in messages:
        receive(receiver, message)
    while extract_some(receiver.ledger, reader, "me", LEASE):
        pass
    with receiver.ledger.read() as connection:
        (found,) = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    return found


def read_of(study: LedgerStudy) -> tuple[str, ...]:
    return study.extraction.modalities if study.extraction else ()


def run_out(ledger: Ledger) -> list[str]:
    """Let the time of all waits run out, and the dispatcher see it."""
    with ledger.write() as connection:
        connection.execute(update(pairing_waits).values(until=now(connection) - timedelta(seconds=1)))
    return pairing.end_due(ledger)


@pytest.mark.parametrize(
    ("first", "second", "waiting"),
    [(REPORT, FILM, "waiting_for_image"), (FILM, REPORT, "waiting_for_report")],
)
def test_the_first_waits_for_its_partner_and_both_are_read_together(receiver, seeing, first, second, waiting):
    alone = take(receiver, seeing, first)
    assert (alone.pairing, read_of(alone)) == (waiting, ())
    assert project(alone).study.pairing == waiting
    both = take(receiver, seeing, second)
    assert (both.pairing, read_of(both)) == ("paired", ("text", "image"))
    assert run_out(receiver.ledger) == []


@pytest.mark.parametrize(
    ("first", "second", "alone_as", "read"),
    [(REPORT, FILM, "report_only", ("text",)), (FILM, REPORT, "image_only", ("image",))],
)
def test_when_the_time_is_over_it_is_read_alone_and_a_late_partner_reads_it_anew(
    receiver, seeing, first, second, alone_as, read
):
    study = take(receiver, seeing, first)
    assert run_out(receiver.ledger) == [study.study_key]
    alone = take(receiver, seeing)
    assert (alone.pairing, read_of(alone)) == (alone_as, read)
    assert run_out(receiver.ledger) == []
    both = take(receiver, seeing, second)
    assert (both.pairing, read_of(both)) == ("paired", ("text", "image"))
    assert not both.has_wait


def test_images_alone_are_in_the_graph_while_they_wait(receiver, seeing):
    shown = project(take(receiver, seeing, FILM))
    assert [image.sop_instance_uid for image in shown.images] == ["1.2.3.1"]
    assert shown.extraction is None


@pytest.mark.parametrize(("message", "state"), [(REPORT, "report_only"), (FILM, "image_only")])
def test_an_engine_that_reads_no_films_never_waits(receiver, message, state):
    study = take(receiver, reader_of(rules(), None, WAIT), message)
    assert (study.pairing, study.has_wait) == (state, False)
    assert bool(study.extraction) == (message is REPORT)


def test_the_films_of_a_report_that_was_read_change_nothing_for_such_an_engine(receiver):
    reader = reader_of(rules(), None, WAIT)
    before = take(receiver, reader, REPORT)
    after = take(receiver, reader, FILM)
    assert (after.pairing, after.extraction.extraction_id) == ("paired", before.extraction.extraction_id)


def test_imported_texts_never_wait(receiver, seeing):
    study = take(receiver, seeing, TEXT)
    assert (study.pairing, read_of(study)) == ("report_only", ("text",))


def test_what_came_long_ago_does_not_wait(receiver, seeing):
    receive(receiver, REPORT)
    with receiver.ledger.write() as connection:
        connection.execute(update(events).values(received_at=now(connection) - timedelta(days=2)))
    study = take(receiver, seeing)
    assert (study.pairing, read_of(study)) == ("report_only", ("text",))


def test_one_image_uid_of_two_patients_is_an_image_of_each(receiver):
    receive(receiver, FILM)
    receive(receiver, ReceivedMessage(part10(film(PatientID="P2")), Format.DICOM))
    with receiver.ledger.read() as connection:
        found = study_facts.load_many(connection, study_facts.all_study_keys(connection))
    assert len(found) == 2
    assert len({study.patient.patient_id for study in found.values()}) == 2
    assert [len(study.images) for study in found.values()] == [1, 1]
