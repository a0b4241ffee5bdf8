"""Storage commitment by real associations: what is safe is told, on the same association or on another."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.config import IGNORE, settings
from pynetdicom import AE, build_role, evt

from ingest import blobs
from ingest.gateway.dicom import commitment_reports
from ingest.gateway.dicom.commitment import MISSING_ATTRIBUTE, NO_SUCH_ACTION, NO_SUCH_INSTANCE
from ingest.gateway.dicom.commitment_reports import PUSH_MODEL, WELL_KNOWN
from ingest.gateway.door import Reception
from tests.fixtures.ports import free_port
from tests.ingest.formats.dicom_files import BASIC_TEXT_SR, CT, DX, film, report
from tests.ingest.gateway.dicom.peer import LIMIT_S, OpenDicom, open_dicom
from vlmkg.errors import UsageError

KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"


@dataclass
class Heard:
    """Reports that a peer got: event type, and what the information says."""

    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    status: int = 0x0000

    def handle(self, event: evt.Event) -> tuple[int, None]:
        self.reports.append((event.event_type, event.event_information))
        self.callers.append(event.assoc.requestor.ae_title)
        self.came.set()
        return self.status, None

    def only(self) -> tuple[int, str, list[str], list[tuple[str, int]]]:
        """Event type, transaction, instances that are safe, and those that are not, of the one report."""
        assert self.came.wait(LIMIT_S)
        ((kind, said),) = self.reports
        safe = [str(one.ReferencedSOPInstanceUID) for one in said.get("ReferencedSOPSequence", [])]
        failed = [(str(one.ReferencedSOPInstanceUID), one.FailureReason) for one in said.get("FailedSOPSequence", [])]
        return kind, str(said.TransactionUID), safe, failed


def asked(*references: tuple[str, str], transaction: str | None = "1.2.99") -> Dataset:
    """The action information of a request for these instances, each with its class."""
    found, items = Dataset(), []
    for sop_class, instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        items.append(item)
    if transaction:
        found.TransactionUID = transaction
    found.ReferencedSOPSequence = items
    return found


async def request(door: OpenDicom, heard: Heard, wanted: Dataset, *, stay: bool = True, **named: Any) -> int:
    """Ask, and wait for the report if the association stays. Returns the status of the request."""
    return await asyncio.to_thread(_request, door, heard, wanted, stay, named)


def _request(door: OpenDicom, heard: Heard, wanted: Dataset, stay: bool, named: dict[str, Any]) -> int:
    entity = AE(ae_title=named.pop("title", "SENDER"))
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = LIMIT_S
    entity.add_requested_context(PUSH_MODEL)
    handlers = [(evt.EVT_N_EVENT_REPORT, heard.handle)]
    association = entity.associate(*door.address, ae_title="CALLED", evt_handlers=handlers)
    assert association.is_established
    connection = association.dul.socket.socket
    try:
        arguments = {"action_type": 1, "class_uid": PUSH_MODEL, "instance_uid": WELL_KNOWN} | named
        status, _ = association.send_n_action(wanted, **arguments)
        if stay and status.Status == 0:
            heard.came.wait(LIMIT_S)
    finally:
        association.release()
        association.join(LIMIT_S)
        connection.close()
    return int(status.Status)


@contextmanager
def listening(heard: Heard, port: int) -> Iterator[None]:
    """A peer that waits for reports at a port of its own, as archives do."""
    entity = AE(ae_title="SENDER")
    entity.add_supported_context(PUSH_MODEL, scu_role=False, scp_role=True)
    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, heard.handle)]
    )
    try:
        yield
    finally:
        server.shutdown()


async def test_what_is_stored_is_committed_on_the_same_association(dicom: OpenDicom):
    await dicom.send(film(), report())
    heard = Heard()
    assert await request(dicom, heard, asked((DX, "1.2.3.1"), (BASIC_TEXT_SR, "1.2.3.9"))) == 0
    assert heard.only() == (1, "1.2.99", ["1.2.3.1", "1.2.3.9"], [])


async def test_what_is_not_here_is_named_with_its_reason(dicom: OpenDicom):
    await dicom.send(film())
    heard = Heard()
    await request(dicom, heard, asked((DX, "1.2.3.1"), (DX, "1.2.3.77"), (CT, "1.2.4")))
    failed = [("1.2.3.77", NO_SUCH_INSTANCE), ("1.2.4", NO_SUCH_INSTANCE)]
    assert heard.only() == (2, "1.2.99", ["1.2.3.1"], failed)


async def test_nothing_is_committed_that_was_not_acknowledged(dicom: OpenDicom):
    statuses = await dicom.send(
        report(ContentSequence=[]),
        report(SOPClassUID=KEY_OBJECTS, SOPInstanceUID="1.2.3.10"),
        report(SOPClassUID=PDF, SOPInstanceUID="1.2.3.11"),
    )
    assert statuses == [0x0000, 0xB006, 0x0122]
    heard = Heard()
    await request(dicom, heard, asked((BASIC_TEXT_SR, "1.2.3.9"), (KEY_OBJECTS, "1.2.3.10"), (PDF, "1.2.3.11")))
    assert heard.only() == (2, "1.2.99", ["1.2.3.9", "1.2.3.10"], [("1.2.3.11", NO_SUCH_INSTANCE)])


async def test_an_instance_whose_bytes_are_gone_is_not_committed(dicom: OpenDicom):
    await dicom.send(film())
    blobs.delete(dicom.reception.receiver.blobs, dicom.events()[0].blob_key)
    heard = Heard()
    await request(dicom, heard, asked((DX, "1.2.3.1")))
    assert heard.only() == (2, "1.2.99", [], [("1.2.3.1", NO_SUCH_INSTANCE)])


async def test_many_instances(dicom: OpenDicom):
    await dicom.send(*(film(SOPInstanceUID=f"1.2.3.{number}") for number in range(1, 20)))
    heard = Heard()
    await request(dicom, heard, asked(*((DX, f"1.2.3.{number}") for number in range(1, 3000))))
    kind, _, safe, failed = heard.only()
    assert (kind, len(safe), len(failed)) == (2, 19, 2980)


@pytest.mark.parametrize("stay", [True, False])
async def test_a_peer_with_an_address_is_told_there(reception: Reception, monkeypatch, stay):
    heard, ignored, port = Heard(), Heard(), free_port()
    with listening(heard, port):
        async with open_dicom(
            reception, monkeypatch, VLMKG_DICOM_COMMITMENT_PEERS=f"OTHER=192.0.2.1:104, SENDER=127.0.0.1:{port}"
        ) as door:
            await door.send(film())
            assert await request(door, heard if stay else ignored, asked((DX, "1.2.3.1")), stay=stay) == 0
            assert await asyncio.to_thread(heard.only) == (1, "1.2.99", ["1.2.3.1"], [])
    # It calls itself as it was called.
    assert heard.callers == ["CALLED"]
    assert ignored.reports == []


# pynetdicom leaves the socket of a connection that was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
async def test_a_peer_that_is_away_is_tried_again(reception: Reception, monkeypatch):
    monkeypatch.setattr(commitment_reports, "PAUSES", (0.2, 0.2, 0.2, 5.0))
    heard, port = Heard(), free_port()
    peers = f"SENDER=127.0.0.1:{port}"
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_COMMITMENT_PEERS=peers) as door:
        await door.send(film())
        await request(door, Heard(), asked((DX, "1.2.3.1")), stay=False)
        await asyncio.sleep(0.3)
        with listening(heard, port):
            assert (await asyncio.to_thread(heard.only))[2] == ["1.2.3.1"]


@pytest.mark.parametrize(
    ("wanted", "named", "status"),
    [
        (asked((DX, "1.2.3.1"), transaction=None), {}, MISSING_ATTRIBUTE),
        (asked(), {}, MISSING_ATTRIBUTE),
        (asked((DX, "1.2.3.1")), {"action_type": 2}, NO_SUCH_ACTION),
    ],
)
async def test_requests_that_can_t_be_done_are_answered(dicom: OpenDicom, wanted, named, status):
    heard = Heard()
    assert await request(dicom, heard, wanted, **named) == status
    assert heard.reports == []


async def test_a_peer_that_negotiates_the_roles_is_served_too(dicom: OpenDicom):
    def ask() -> int:
        entity = AE(ae_title="SENDER")
        entity.add_requested_context(PUSH_MODEL)
        role = build_role(PUSH_MODEL, scu_role=True, scp_role=False)
        association = entity.associate(*dicom.address, ext_neg=[role])
        connection = association.dul.socket.socket
        try:
            return int(association.send_n_action(asked((DX, "1.2.3.1")), 1, PUSH_MODEL, WELL_KNOWN)[0].Status)
        finally:
            association.release()
            association.join(LIMIT_S)
            connection.close()

    assert await asyncio.to_thread(ask) == 0


@pytest.mark.parametrize("bad", ["SENDER", "SENDER=host", "SENDER=host:0", "=host:104", "A23456789012345678=host:104"])
async def test_addresses_that_are_none_are_told(reception: Reception, monkeypatch, bad):
    with pytest.raises(UsageError, match="VLMKG_DICOM_COMMITMENT_PEERS"):
        async with open_dicom(reception, monkeypatch, VLMKG_DICOM_COMMITMENT_PEERS=bad):
            pass


async def test_uids_of_any_form_are_looked_up_and_not_found(dicom: OpenDicom):
    settings.writing_validation_mode = IGNORE
    try:
        heard = Heard()
        await request(dicom, heard, asked((DX, "' or 1=1"), (DX, "1" * 70)))
    finally:
        settings.writing_validation_mode = None
    assert heard.only()[0] == 2
