"""C-STORE and C-ECHO by real associations."""

import asyncio
import contextlib
import gc
import logging
import socket
import time

import pydicom
import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)
from pynetdicom.association import Association

from ingest import blobs
from ingest.errors import OutageError
from ingest.formats.dicom.sop_classes import COMPANIONS, NOT_READ
from ingest.gateway.dicom.part10 import as_file
from ingest.gateway.dicom.storage import CLASS_NOT_SUPPORTED, ELEMENTS_DISCARDED
from ingest.gateway.door import Reception
from ingest.ledger.states import State
from ingest.receiving.space import Space
from ingest.receiving.submit import receive
from tests.ingest.formats.dicom_files import CR, CT, DX, bare, film, part10, report
from tests.ingest.gateway.dicom.peer import OpenDicom, open_dicom, prepared

OK, NO_ROOM, OTHER, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000


async def test_echo(dicom: OpenDicom):
    def echo() -> int:
        with dicom.association() as association:
            return int(association.send_c_echo().Status)

    assert await asyncio.to_thread(echo) == OK
    assert dicom.events() == []


async def test_associations_that_ended_are_forgotten(dicom: OpenDicom):
    """Each was kept for ever: 43 KB, 4 GB a day where a modality asks each second."""

    def associate() -> None:
        for _ in range(10):
            with dicom.association() as association:
                association.send_c_echo()

    await asyncio.to_thread(associate)
    async with asyncio.timeout(30):
        while any(isinstance(one, Association) and one.is_acceptor for one in gc.get_objects()):
            await asyncio.sleep(0.2)
            gc.collect()


async def test_a_peer_that_associates_without_end_waits(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_ASSOCIATION_RATE="5") as door:

        def associate(times: int) -> float:
            started = time.monotonic()
            for _ in range(times):
                with door.association() as association:
                    assert association.is_established
            return time.monotonic() - started

        assert await asyncio.to_thread(associate, 12) > 1


async def test_what_is_acknowledged_is_in_ledger_and_blobs(dicom: OpenDicom):
    assert await dicom.send(film(), report()) == [OK, OK]
    first, second = dicom.events()
    assert (first.source, first.external_id, first.state) == ("dicom", "1.2.3.1", State.RECEIVED)
    assert (second.external_id, second.state) == ("1.2.3.9", State.RECEIVED)
    assert blobs.get(dicom.reception.receiver.blobs, first.blob_key)[128:132] == b"DICM"


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]
)
async def test_the_data_set_is_stored_as_it_was_sent(dicom: OpenDicom, syntax):
    assert await dicom.send(film(), syntax=syntax) == [OK]
    (event,) = dicom.events()
    stored = blobs.get(dicom.reception.receiver.blobs, event.blob_key)
    written = part10(film(), syntax)
    data_set = written[144 + int.from_bytes(written[140:144], "little") :]
    assert stored == as_file(DX, "1.2.3.1", syntax, data_set)


async def test_compressed_pixels_are_stored_undecoded(dicom: OpenDicom):
    compressed = film()
    compressed.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x04\0\0\0\xff\x4f\xff\x51\xfe\xff\xdd\xe0\0\0\0\0"
    compressed["PixelData"].is_undefined_length = True
    compressed["PixelData"].VR = "OB"
    assert await dicom.send(compressed, syntax=JPEG2000Lossless) == [OK]
    assert dicom.events()[0].state == State.RECEIVED


async def test_a_resend_is_acknowledged_and_does_nothing(dicom: OpenDicom):
    assert await dicom.send(film(), film()) == [OK, OK]
    assert await dicom.send(film(), title="OTHER") == [OK]
    (event,) = dicom.events()
    assert event.deliveries == 3


async def test_the_same_instance_with_other_pixels_is_a_conflicting_version(dicom: OpenDicom):
    renamed = film(PatientName="Another^Name")
    assert await dicom.send(film(), renamed, film(pixels=b"\0\2" * 16)) == [OK, OK, OK]
    assert [event.warnings for event in dicom.events()] == [(), (), ("conflicting_version",)]


async def test_a_report_without_words_is_kept_and_acknowledged(dicom: OpenDicom):
    assert await dicom.send(report(ContentSequence=[])) == [OK]
    assert [(event.state, event.reason) for event in dicom.events()] == [(State.REFUSED, "no_report_text")]


@pytest.mark.parametrize("name", ["../../etc/x", "1.2.3.1"])
async def test_what_is_not_understood_is_kept_refused_and_not_acknowledged(tmp_path, dicom: OpenDicom, name):
    encoded = bare(film(), implicit=False).replace(b"1.2.3.1\0", name.encode().ljust(8 + len(name) // 9 * 4, b"\0"))
    encoded = encoded[:-1] if name == "1.2.3.1" else encoded.replace(b"UI\x08\0../", b"UI\x0c\0../")
    assert await dicom.send_bytes(encoded, DX, name) == NOT_UNDERSTOOD
    (event,) = dicom.events()
    assert (event.state, event.reason) == (State.REFUSED, "unreadable")
    assert blobs.get(dicom.reception.receiver.blobs, event.blob_key).endswith(encoded)
    assert not list(tmp_path.rglob("x"))


async def test_another_object_than_the_command_names_is_a_mismatch(dicom: OpenDicom):
    encoded = bare(film(), implicit=False)
    assert await dicom.send_bytes(encoded, CR, "1.2.3.1") == OTHER
    assert await dicom.send_bytes(encoded, DX, "1.2.3.2") == OTHER
    assert [(event.state, event.reason) for event in dicom.events()] == [(State.REFUSED, "identity_mismatch")] * 2


def padded(value: str) -> UID:
    """A UID with a blank behind it, as some senders write it."""
    return UID(f"{value} ", pydicom.config.IGNORE)


LACKING = {"AffectedSOPClassUID": None, "AffectedSOPInstanceUID": None, "_priority": None}


@pytest.mark.parametrize(
    "command",
    [
        *({name: None} for name in LACKING),
        LACKING,
        {"AffectedSOPClassUID": UID(""), "AffectedSOPInstanceUID": UID("")},
        {"AffectedSOPClassUID": padded(DX), "AffectedSOPInstanceUID": padded("1.2.3.1")},
    ],
)
async def test_a_command_that_lacks_what_its_data_set_says_is_answered(dicom: OpenDicom, command):
    encoded = bare(film(), implicit=False)
    assert await dicom.send_bytes(encoded, DX, "1.2.3.1", **command) == OK
    assert [(event.external_id, event.state) for event in dicom.events()] == [("1.2.3.1", State.RECEIVED)]


async def test_an_instance_that_nobody_names_is_answered_and_not_taken(dicom: OpenDicom):
    nameless = bare(film(SOPInstanceUID=None), implicit=False)
    assert await dicom.send_bytes(nameless, DX, "1.2", **LACKING) == OTHER
    assert await dicom.send_bytes(b"no dicom", DX, "1.2", **LACKING) in {OTHER, NOT_UNDERSTOOD}
    assert {event.state for event in dicom.events()} == {State.REFUSED}


@pytest.mark.parametrize("sop_class", COMPANIONS)
async def test_what_comes_along_with_a_study_is_kept_and_holds_nothing_up(dicom: OpenDicom, sop_class):
    statuses = await dicom.send(report(SOPClassUID=sop_class, SOPInstanceUID="1.2.3.4"), report())
    assert statuses == [ELEMENTS_DISCARDED, OK]
    kept, _ = dicom.events()
    assert (kept.state, kept.reason, kept.external_id) == (State.REFUSED, "unsupported_format", "1.2.3.4")
    assert COMPANIONS[sop_class] in kept.detail
    assert blobs.get(dicom.reception.receiver.blobs, kept.blob_key)


@pytest.mark.parametrize("sop_class", NOT_READ)
async def test_reports_in_forms_that_are_not_read_are_refused_and_the_sender_is_told(dicom: OpenDicom, sop_class):
    assert await dicom.send(report(SOPClassUID=sop_class)) == [CLASS_NOT_SUPPORTED]
    assert [event.reason for event in dicom.events()] == ["unsupported_format"]


async def test_other_classes_are_not_negotiated(dicom: OpenDicom):
    def send() -> list[str]:
        with dicom.association() as association:
            return [context.abstract_syntax for context in association.accepted_contexts]

    accepted = await asyncio.to_thread(send)
    assert DX in accepted
    assert CT not in accepted


async def test_a_full_disk_is_out_of_resources(reception: Reception, monkeypatch, tmp_path):
    full = Reception(reception.receiver, reception.threads, Space([tmp_path], 1 << 60))
    async with open_dicom(full, monkeypatch) as door:
        assert await door.send(film()) == [NO_ROOM]
        assert door.events() == []


async def test_a_ledger_that_is_away_is_out_of_resources(dicom: OpenDicom, monkeypatch):
    def broken(*_: object) -> None:
        raise OutageError("the ledger does not respond")

    monkeypatch.setattr("ingest.gateway.door.receive", broken)
    assert await dicom.send(film()) == [NO_ROOM]
    monkeypatch.setattr("ingest.gateway.door.receive", receive)
    assert await dicom.send(film()) == [OK]


async def test_only_named_callers_may_send_each_for_its_authority(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_CALLERS="PACS=HOSPITAL, CR1") as door:
        assert await door.send(film(IssuerOfPatientID=None), title="PACS") == [OK]
        assert await door.send(film(), title="CR1") == [OK]
        assert [event.source for event in door.events()] == ["HOSPITAL", "dicom"]
        with door.association("STRANGER") as association:
            assert association.is_rejected


async def test_addresses_that_may_not_connect_are_turned_away(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_GATEWAY_ALLOW="10.0.0.0/8") as door:
        with socket.create_connection(door.address, timeout=5) as peer:
            assert peer.recv(1) == b""


async def test_of_one_association_too_many_one_that_rests_is_ended(reception: Reception, monkeypatch):
    """One that rests gives way to it."""
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_ASSOCIATIONS="1") as door:
        with door.association() as first:
            assert first.is_established
            with door.association() as second:
                assert second.is_established
                async with asyncio.timeout(10):
                    while first.is_established:
                        await asyncio.sleep(0.02)


async def test_an_address_has_its_share_of_the_connections(reception: Reception, monkeypatch):
    """However many one address opens, and whatever they begin, another is served."""
    async with open_dicom(
        reception, monkeypatch, VLMKG_DICOM_CONNECTIONS="4", VLMKG_DICOM_PEER_CONNECTIONS="2", VLMKG_DICOM_STALL="30"
    ) as door:
        begun = [socket.create_connection(door.address, timeout=10, source_address=("127.0.0.2", 0)) for _ in range(2)]
        for one in begun:
            one.sendall(b"\x01\x00\x00")
        await asyncio.sleep(0.3)
        for _ in range(3):
            with socket.create_connection(door.address, timeout=10, source_address=("127.0.0.2", 0)) as more:
                assert await asyncio.to_thread(more.recv, 100) == b""
        assert await asyncio.to_thread(_established, door)
        for one in begun:
            one.close()


async def test_an_association_request_has_its_time_in_all(reception: Reception, monkeypatch):
    """A byte now and then does not prolong it."""
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_STALL="1") as door:
        with socket.create_connection(door.address, timeout=10) as slow:
            slow.sendall(b"\x01\x00\x00\x00\x00\xff")
            started = time.monotonic()
            with contextlib.suppress(OSError):
                while time.monotonic() - started < 8:
                    slow.sendall(b"\x00")
                    await asyncio.sleep(0.3)
            assert 0.5 < time.monotonic() - started < 6


async def test_one_connection_too_many_is_closed(reception: Reception, monkeypatch):
    """Those that have begun to ask count and stay; one that goes makes room."""
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_CONNECTIONS="2", VLMKG_DICOM_STALL="5") as door:
        begun = [socket.create_connection(door.address, timeout=10) for _ in range(2)]
        for one in begun:
            one.sendall(b"\x01\x00")
        await asyncio.sleep(0.3)
        with socket.create_connection(door.address, timeout=10) as third:
            assert await asyncio.to_thread(third.recv, 100) == b""
        for one in begun:
            one.close()
        async with asyncio.timeout(10):
            while await asyncio.to_thread(lambda: not _established(door)):
                await asyncio.sleep(0.05)


def _established(door: OpenDicom) -> bool:
    with door.association() as one:
        return bool(one.is_established)


async def test_a_fast_sender_is_slowed_down(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_RATE="10") as door:
        started = time.monotonic()
        assert await door.send(*(film(SOPInstanceUID=f"1.2.3.{number}") for number in range(16))) == [0] * 16
        # A second's worth goes at once.
        assert time.monotonic() - started > 0.4


async def test_a_peer_that_stops_within_a_message_is_let_go(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_STALL="0.3") as door:
        with socket.create_connection(door.address, timeout=10) as peer:
            peer.sendall(b"\x01\0\0\0\xff\xff\0\1")
            assert await asyncio.to_thread(peer.recv, 100) == b""


async def test_a_pdu_that_is_too_long_is_not_waited_for(dicom: OpenDicom):
    with socket.create_connection(dicom.address, timeout=10) as peer:
        started = time.monotonic()
        peer.sendall(b"\x04\0\x7f\xff\xff\xff" + b"x" * 1000)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.to_thread(peer.recv, 100) == b""
        assert time.monotonic() - started < 5


async def test_an_object_over_the_limit_is_aborted(dicom: OpenDicom, monkeypatch):
    monkeypatch.setattr("ingest.gateway.dicom.connections.DICOM_LIMIT", 100_000)

    def send() -> bool:
        with dicom.association() as association:
            answer = association.send_c_store(prepared(film(Rows=400, Columns=400, pixels=bytes(320_000))))
            return "Status" in answer

    assert await asyncio.to_thread(send) is False
    assert dicom.events() == []


async def test_an_idle_association_is_ended(reception: Reception, monkeypatch):
    async with open_dicom(reception, monkeypatch, VLMKG_DICOM_IDLE="0.3") as door:
        with door.association() as association:
            deadline = time.monotonic() + 10
            while association.is_established and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            assert not association.is_established


async def test_closing_answers_the_object_in_hand(reception: Reception, monkeypatch):
    def slow(receiver, message):
        time.sleep(0.5)
        return receive(receiver, message)

    monkeypatch.setattr("ingest.gateway.door.receive", slow)
    async with open_dicom(reception, monkeypatch) as door:
        sending = asyncio.create_task(door.send(film()))
        await asyncio.sleep(0.3)
        closing = asyncio.create_task(door.door.close())
        assert await sending == [OK]
        await closing
        assert len(door.events()) == 1


async def test_nothing_of_the_patient_is_logged(dicom: OpenDicom, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    marked = {"PatientName": "MarkerName", "PatientID": "MarkerId", "AccessionNumber": "MarkerAcc"}
    await dicom.send(film(**marked), report(StudyInstanceUID=None, **marked), report(ContentSequence=[], **marked))
    captured = capsys.readouterr()
    assert "Marker" not in caplog.text + captured.out + captured.err
