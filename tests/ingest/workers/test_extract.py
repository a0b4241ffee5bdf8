import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ingest.errors import OutageError
from ingest.ledger import study_facts
from ingest.ledger.events import claims, events
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.study_facts import LedgerStudy
from ingest.projection.stored_readings import load_readings
from ingest.receiving.submit import Receiver, receive, receive_many
from ingest.workers.batcher import Batcher, BatchLimits
from ingest.workers.extract import GROUP, extract_beside_others, extract_some
from ingest.workers.shared_lock import SharedLock
from ingest.workers.study_reader import Reader, reader_of
from tests.ingest.workers.engines import POISON, Watched, fail_on_poison, rules
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7

LEASE = timedelta(seconds=30)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return reader_of(rules())


def all_studies(ledger: Ledger) -> list[LedgerStudy]:
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
        found = study_facts.load_many(connection, keys)
        return [found[key] for key in keys]


def states(ledger: Ledger) -> dict[State, int]:
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


def extract_all(ledger: Ledger, reader: Reader, rounds: int = 100) -> None:
    for _ in range(rounds):
        if not extract_some(ledger, reader, "me", LEASE):
            return


def test_reads_the_current_report_of_each_study(receiver: Receiver, reader: Reader) -> None:
    receive_many(receiver, [hl7("a", EFFUSION), hl7("b", CLEAR)])

    extract_all(receiver.ledger, reader)

    assert states(receiver.ledger) == {State.EXTRACTED: 2}
    for study in all_studies(receiver.ledger):
        assert study.extraction is not None
        assert study.extraction.reads == tuple(report.report_key for report in study.reports)
        assert study.extraction.engine == "rules"


def test_a_group_is_read_in_one_call_and_no_larger_than_a_group(receiver: Receiver) -> None:
    sizes: list[int] = []
    receive_many(receiver, [hl7(f"r{number}") for number in range(GROUP + 5)])

    extract_all(receiver.ledger, reader_of(Watched(lambda texts: sizes.append(len(texts)))))

    assert sizes == [GROUP, 5]


def test_the_same_inputs_are_read_once(receiver: Receiver) -> None:
    read: list[str] = []
    reader = reader_of(Watched(read.extend))
    receive(receiver, hl7("a", EFFUSION, status="P"))
    extract_all(receiver.ledger, reader)
    receive(receiver, hl7("a", EFFUSION, status="F", minute=5))
    extract_all(receiver.ledger, reader)

    assert read == [EFFUSION]
    assert states(receiver.ledger) == {State.EXTRACTED: 2}


def test_a_late_preliminary_report_changes_nothing(receiver: Receiver) -> None:
    read: list[str] = []
    reader = reader_of(Watched(read.extend))
    receive(receiver, hl7("a", NODULE, status="F", minute=5))
    extract_all(receiver.ledger, reader)
    before = all_studies(receiver.ledger)[0].extraction
    receive(receiver, hl7("a", EFFUSION, status="P", minute=0))
    extract_all(receiver.ledger, reader)

    assert read == [NODULE]
    assert all_studies(receiver.ledger)[0].extraction == before


def test_another_digest_of_the_engine_reads_again_and_is_selected(receiver: Receiver) -> None:
    receive(receiver, hl7("a"))
    extract_all(receiver.ledger, reader_of(Watched(len, digest="1")))
    first = all_studies(receiver.ledger)[0].extraction
    receive(receiver, hl7("a", minute=1))
    extract_all(receiver.ledger, reader_of(Watched(len, digest="2")))
    second = all_studies(receiver.ledger)[0].extraction

    assert first is not None
    assert second is not None
    assert first.extraction_id != second.extraction_id
    assert first.engine_digest != second.engine_digest


def test_going_back_to_an_engine_selects_its_first_result_without_reading(receiver: Receiver) -> None:
    receive(receiver, hl7("a"))
    extract_all(receiver.ledger, reader_of(Watched(len, digest="1")))
    first = all_studies(receiver.ledger)[0].extraction
    for minute, digest in ((1, "2"), (2, "1")):
        read: list[str] = []
        receive(receiver, hl7("a", minute=minute))
        extract_all(receiver.ledger, reader_of(Watched(read.extend, digest=digest)))

    assert read == []
    assert all_studies(receiver.ledger)[0].extraction == first


def test_a_withdrawn_report_is_not_read(receiver: Receiver, reader: Reader) -> None:
    receive_many(receiver, [hl7("a", EFFUSION), hl7("a", EFFUSION, status="X", minute=9)])

    extract_all(receiver.ledger, reader)

    assert states(receiver.ledger) == {State.EXTRACTED: 2}
    assert all_studies(receiver.ledger)[0].extraction is None


def test_what_is_no_chest_radiograph_is_marked(receiver: Receiver, reader: Reader) -> None:
    receive_many(receiver, [hl7("a", modality="CR"), hl7("b", modality="MR")])

    extract_all(receiver.ledger, reader)

    marked = {
        study.modality: study.extraction.out_of_domain for study in all_studies(receiver.ledger) if study.extraction
    }
    assert marked == {"CR": False, "MR": True}


@pytest.mark.parametrize(
    ("procedure", "concept"),
    [("XR CHEST 1 VIEW", "pleural effusion"), ("MRI KNEE LEFT", "effusion"), ("US PELVIS", "effusion")],
)
def test_the_ordered_exam_tells_which_effusion_is_meant(
    receiver: Receiver, reader: Reader, procedure: str, concept: str
) -> None:
    receive(receiver, hl7("a", "FINDINGS: Small effusion.", modality="OT", procedure=procedure))

    extract_all(receiver.ledger, reader)

    (study,) = all_studies(receiver.ledger)
    assert study.extraction is not None
    (reading,) = load_readings(study.extraction.result).values()
    assert reading.findings[0].concept.name == concept


def test_a_poisonous_report_dies_after_three_attempts_and_harms_nobody(receiver: Receiver) -> None:
    receive_many(receiver, [hl7(f"r{number}", POISON if number == 7 else EFFUSION) for number in range(20)])

    extract_all(receiver.ledger, reader_of(Watched(fail_on_poison)))

    assert states(receiver.ledger) == {State.EXTRACTED: 19, State.DEAD: 1}
    with receiver.ledger.read() as connection:
        (dead,) = events.list_events(connection, events.EventFilter(state=State.DEAD), limit=9)
    assert (dead.id, dead.attempts, dead.reason) == (8, 3, "extract_failed")
    assert dead.detail is not None
    assert dead.detail.startswith("ValueError at ")
    assert POISON not in dead.detail


def test_threads_that_share_an_engine_read_everything_and_a_poisonous_report_dies_alone(receiver: Receiver) -> None:
    receive_many(receiver, [hl7(f"r{number}", POISON if number == 7 else EFFUSION) for number in range(100)])
    engine = Batcher(Watched(fail_on_poison), BatchLimits(most=8, wait=timedelta(milliseconds=5)))
    reader, shared_lock = reader_of(engine), SharedLock()

    def work(_thread: int) -> None:
        while extract_beside_others(receiver.ledger, reader, "me", LEASE, shared_lock):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert states(receiver.ledger) == {State.EXTRACTED: 99, State.DEAD: 1}
    with receiver.ledger.read() as connection:
        attempts = {event.id: event.attempts for event in events.list_events(connection, limit=200)}
    assert {event_id: number for event_id, number in attempts.items() if number} == {8: 3}


def test_an_outage_costs_no_attempt_and_gives_everything_back(receiver: Receiver) -> None:
    receive_many(receiver, [hl7("a"), hl7("b")])

    def outage(texts: Sequence[str]) -> None:
        raise OutageError("the model's server does not answer")

    for _ in range(5):
        with pytest.raises(OutageError):
            extract_some(receiver.ledger, reader_of(Watched(outage)), "me", LEASE)

    assert states(receiver.ledger) == {State.RECEIVED: 2}
    with receiver.ledger.read() as connection:
        assert [event.attempts for event in events.list_events(connection, limit=9)] == [0, 0]


def test_the_first_committed_result_wins(receiver: Receiver) -> None:
    """While one worker reads a report, another reads the same text under its final status and is done first."""
    ledger = receiver.ledger
    receive(receiver, hl7("a", status="P"))
    first: list[LedgerStudy] = []

    def meanwhile(texts: Sequence[str]) -> None:
        receive(receiver, hl7("a", status="F", minute=5))
        extract_some(ledger, reader_of(Watched(len)), "other", LEASE)
        first.extend(all_studies(ledger))

    extract_some(ledger, reader_of(Watched(meanwhile)), "mine", LEASE)

    assert first[0].extraction is not None
    assert [study.extraction for study in all_studies(ledger)] == [first[0].extraction]
    assert states(ledger) == {State.EXTRACTED: 2}


def test_a_claim_outlives_its_lease_while_its_worker_lives(receiver: Receiver) -> None:
    receive(receiver, hl7("a"))
    recovered: list[int] = []

    def slow(texts: Sequence[str]) -> None:
        for _ in range(6):
            time.sleep(0.2)
            recovered.append(claims.recover_expired(receiver.ledger))

    extract_some(receiver.ledger, reader_of(Watched(slow)), "me", timedelta(seconds=0.6))

    assert recovered == [0] * 6
    assert states(receiver.ledger) == {State.EXTRACTED: 1}
