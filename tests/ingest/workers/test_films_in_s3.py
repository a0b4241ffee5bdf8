"""Films in a real S3 store that is killed: the sender is asked to retry, the worker waits, nothing dies or is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from ingest.formats.origin import Format, Origin
from ingest.gateway.door import Reception
from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.states import State
from ingest.receiving.space import Space
from ingest.receiving.submit import ReceivedMessage, Receiver, receive
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.s3_server import S3Server
from tests.ingest.formats.dicom_files import film, part10
from tests.ingest.gateway.dicom.peer import open_dicom
from tests.ingest.workers.running import Worker, states, wait_for
from vlmkg.data_dir import DataDir

pytestmark = pytest.mark.s3

OK, NO_ROOM = 0x0000, 0xA700
FILMS = 32
"""Eight groups of one thread: most are still to be read when the first is done."""


def large(**fields: Any) -> Dataset:
    """A film of 128 KiB: smaller messages may be rows of the ledger."""
    return film(pixels=b"\0\1" * 65_536, Rows=256, Columns=256, **fields)


def film_of(number: int) -> ReceivedMessage:
    """A film of a study of its own."""
    uid = f"1.2.3.{number}"
    one = large(SOPInstanceUID=f"{uid}.1", StudyInstanceUID=uid, AccessionNumber=f"A{number}", PatientID=f"P{number}")
    return ReceivedMessage(part10(one), Format.DICOM, Origin(name=f"film {number}"))


@pytest.fixture
def receiver(s3: S3Server, receiver: Receiver) -> Receiver:
    """The folder's receiver, whose blobs are in S3."""
    assert receiver.blobs.folder is None
    return receiver


@pytest.fixture
def worker(tmp_path: Path, data: DataDir, broker: RedisServer, s3: S3Server) -> Iterator[Worker]:
    variables = {
        "CELERY_BROKER_URL": broker.url,
        "VLMKG_DATA": str(data.root),
        "VLMKG_PAIRING_WAIT": "0",
        "VLMKG_WORKER_LEASE": "2",
        **s3.environment,
    }
    options = ("--queue", "extract", "--engine", str(tmp_path), "--concurrency", "1")
    started = Worker(tmp_path, variables, *options, program=("-m", "tests.ingest.workers.filming"))
    yield started
    started.end()


async def test_c_store_is_out_of_resources_while_the_store_is_off(
    s3: S3Server, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(4) as threads:
        async with open_dicom(Reception(receiver, threads, Space([tmp_path], 0)), monkeypatch) as door:
            assert await door.send(large()) == [OK]
            s3.kill()
            assert await door.send(large(SOPInstanceUID="1.2.3.2")) == [NO_ROOM]
            s3.start()
            assert await door.send(large(SOPInstanceUID="1.2.3.2")) == [OK]
            assert [event.external_id for event in door.events()] == ["1.2.3.1", "1.2.3.2"]


def test_a_worker_waits_for_the_store_and_no_event_dies(s3: S3Server, receiver: Receiver, worker: Worker) -> None:
    for number in range(FILMS):
        receive(receiver, film_of(number))
    wait_for(lambda: State.EXTRACTED in states(receiver.ledger), 120)
    s3.kill()
    assert states(receiver.ledger)[State.EXTRACTED] < FILMS
    wait_for(lambda: "outage" in worker.log.read_text(), 60)
    assert State.DEAD not in states(receiver.ledger)
    s3.start()
    wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: FILMS}, 120)
    with receiver.ledger.read() as connection:
        assert all(event.attempts == 0 for event in events.list_events(connection, EventFilter(), limit=FILMS))
        found = study_facts.load_many(connection, study_facts.all_study_keys(connection)).values()
    assert sum("image" in study.extraction.modalities for study in found if study.extraction) == FILMS
    assert not [study for study in found if study.extraction and study.extraction.warnings]
