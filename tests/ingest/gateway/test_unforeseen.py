"""An error that nobody foresaw, over each door: the message is answered and kept, and replayed once it is mended."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.formats.origin import Format
from ingest.formats.parse import parse
from ingest.gateway.dicom import storage
from ingest.gateway.door import Reception
from ingest.gateway.folder import watcher
from ingest.gateway.folder.settings import FolderSettings
from ingest.gateway.http import creation, stow, transactions
from ingest.gateway.mllp import replies
from ingest.ledger.errors import LedgerError
from ingest.ledger.events import events
from ingest.ledger.events.events import Event
from ingest.ledger.events.record import record
from ingest.ledger.states import State
from ingest.receiving import submit
from ingest.receiving.replay import replay
from tests.ingest.formats.dicom_files import film, part10
from tests.ingest.formats.fhir.test_parser import diagnostic_report
from tests.ingest.gateway.dicom.peer import open_dicom
from tests.ingest.gateway.http.conftest import open_http
from tests.ingest.gateway.http.test_fhir_door import post, transaction
from tests.ingest.gateway.http.test_stow import store
from tests.ingest.gateway.mllp_peer import code_of, error_of, open_door
from tests.ingest.gateway.test_mllp import oru

WORDS = "DOE^JANE 1960-04-02"
"""What the error quotes of a message."""

ERRORS = [KeyError(WORDS), ValueError(WORDS), RecursionError(WORDS), AssertionError(WORDS), LedgerError("Data", None)]


async def by_mllp(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    async with open_door(reception, monkeypatch) as door:
        answer = await (await door.connect()).ask(oru(1))
        return code_of(answer), error_of(answer)


async def by_dicom(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    async with open_dicom(reception, monkeypatch) as door:
        return tuple(await door.send(film()))


async def by_fhir(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    async with open_http(reception, monkeypatch) as door:
        answer = await post(door, "/fhir/DiagnosticReport", diagnostic_report())
        return answer.status_code, answer.json()["issue"][0]["code"]


async def by_transaction(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    async with open_http(reception, monkeypatch) as door:
        answer = await post(door, "/fhir", transaction(diagnostic_report()))
        return answer.status_code, answer.json()["issue"][0]["code"]


async def by_stow(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    async with open_http(reception, monkeypatch) as door:
        answer = await store(door, part10(film()))
        failed = answer.json().get("00081198", {"Value": []})["Value"]
        return answer.status_code, *(item["00081197"]["Value"][0] for item in failed)


async def by_folder(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    folder = reception.receiver.blobs.folder
    assert folder is not None
    for name in (watcher.DONE, watcher.REFUSED):
        (folder / name).mkdir(exist_ok=True)
    (folder / "a.hl7").write_bytes(oru(1))
    watcher.take(watcher._Watch(reception, FolderSettings(), folder), folder / "a.hl7")
    return tuple(file.parent.name for file in folder.glob("*/a.hl7"))


Send = Callable[[Reception, pytest.MonkeyPatch], Awaitable[tuple[Any, ...]]]

DOORS: dict[Send, tuple[Any, ...]] = {
    by_mllp: (("AE", "1"), "207"),
    by_dicom: (0x0110,),
    by_fhir: (500, "exception"),
    by_transaction: (500, "exception"),
    by_stow: (500, 0x0110),
    by_folder: ("refused",),
}
"""What is answered."""

BOUNDARIES: dict[Send, tuple[Any, str]] = {
    by_mllp: (replies, "receive_soon"),
    by_dicom: (storage, "words_of"),
    by_fhir: (creation, "object_of"),
    by_transaction: (transactions, "_is_taken"),
    by_stow: (stow, "words_of"),
    by_folder: (watcher, "expand_file"),
}
"""A function of each door's own that the message passes before it is received."""


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def received(reception: Reception) -> list[Event]:
    with reception.receiver.ledger.read() as connection:
        return events.list_events(connection, limit=10)


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing that is printed quotes the error."""
    with capture_logs() as logs:
        yield
    assert logs
    assert WORDS not in str(logs) + "".join(capfd.readouterr())


@pytest.mark.parametrize("send", DOORS)
async def test_a_parser_s_fault(send: Send, reception: Reception, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(submit, "parse", failing(KeyError(WORDS)))
    assert await send(reception, monkeypatch) == DOORS[send]
    (event,) = received(reception)
    assert (event.state, event.reason) == (State.REFUSED, "internal_error")
    assert replay(reception.receiver, [event.id]).refused == {"internal_error": 1}
    monkeypatch.setattr(submit, "parse", parse)
    assert replay(reception.receiver, [event.id]).received == (event.id,)
    assert [event.state for event in received(reception)] == [State.RECEIVED]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_the_error_is(error: Exception, reception: Reception, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(submit, "parse", failing(error))
    for receive in (submit.receive, lambda receiver, message: submit.receive_many(receiver, [message])[0]):
        receipt = receive(reception.receiver, submit.ReceivedMessage(oru(1), Format.HL7))
        assert (receipt.state, receipt.reason) == (State.REFUSED, "internal_error")
    (event,) = received(reception)
    assert (event.detail or "").startswith(f"an unexpected error, {type(error).__name__} at ")
    assert WORDS not in (event.detail or "")


@pytest.mark.parametrize("send", DOORS)
async def test_facts_that_can_not_be_recorded(send: Send, reception: Reception, monkeypatch: pytest.MonkeyPatch):
    def record_facts(connection: Any, incoming: Any) -> Any:
        if any(event.sightings for event in incoming):
            raise LedgerError("DataError", None)
        return record(connection, incoming)

    monkeypatch.setattr(submit, "record", record_facts)
    assert await send(reception, monkeypatch) == DOORS[send]
    (event,) = received(reception)
    assert (event.state, event.reason) == (State.REFUSED, "internal_error")


@pytest.mark.parametrize("send", DOORS)
async def test_a_fault_of_the_door_itself(send: Send, reception: Reception, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(*BOUNDARIES[send], failing(ValueError(WORDS)))
    assert await send(reception, monkeypatch) == DOORS[send]
    assert [event.reason for event in received(reception)] == ["internal_error"]


async def test_what_is_sent_again_once_it_is_mended_is_received(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as broken:
        broken.setattr(submit, "parse", failing(KeyError(WORDS)))
        for _ in range(2):
            assert await by_mllp(reception, monkeypatch) == DOORS[by_mllp]
    assert len(received(reception)) == 1
    async with open_door(reception, monkeypatch) as door:
        assert code_of(await (await door.connect()).ask(oru(1))) == ("AA", "1")
    assert [event.state for event in received(reception)] == [State.RECEIVED, State.REFUSED]


async def test_the_fault_of_one_is_not_the_others(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    def fail_for_two(format: Any, raw: bytes, *rest: Any) -> Any:  # noqa: A002
        if b"|2|" in raw:
            raise KeyError(WORDS)
        return parse(format, raw, *rest)

    monkeypatch.setattr(submit, "parse", fail_for_two)
    async with open_door(reception, monkeypatch) as door:
        peer = await door.connect()
        await peer.send(b"".join(b"\x0b" + oru(number) + b"\x1c\r" for number in (1, 2, 3)))
        assert [code_of(await peer.answer())[0] for _ in range(3)] == ["AA", "AE", "AA"]


def test_a_large_file_that_can_not_be_taken_apart_stays(reception: Reception, monkeypatch: pytest.MonkeyPatch):
    folder = reception.receiver.blobs.folder
    assert folder is not None
    file: Path = folder / "a.hl7"
    file.write_bytes(bytes(21 * 1024 * 1024))
    monkeypatch.setattr(watcher, "expand_file", failing(ValueError(WORDS)))
    watcher.take(watcher._Watch(reception, FolderSettings(), folder), file)
    assert file.exists()
    assert received(reception) == []
