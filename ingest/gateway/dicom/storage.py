"""Stores one object (C-STORE) and answers. 0000 is answered only after the object is stored safely."""

import time
from typing import cast

import structlog
from pydicom import Dataset
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from ingest.errors import MessageRefusedError, OutageError, Reason
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import words_of
from ingest.formats.dicom.parser import SOP_CLASS, SOP_INSTANCE
from ingest.formats.dicom.sop_classes import COMPANIONS
from ingest.formats.origin import Format, Origin
from ingest.gateway.dicom.connections import BoundedSocket
from ingest.gateway.dicom.part10 import as_file
from ingest.gateway.dicom.turns import Turns
from ingest.gateway.door import Reception, receive_now
from ingest.gateway.rate import Rate
from ingest.ledger.events.record import Receipt
from ingest.receiving.space import NoSpaceError
from ingest.receiving.submit import ReceivedMessage, keep, refuse
from ingest.unexpected_errors import say

SUCCESS, OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xA900, 0xC000
"""PS3.4 table B.2-1."""

PROCESSING_FAILURE = 0x0110
"""PS3.7 C.5.9: an error of this side."""

CLASS_NOT_SUPPORTED = 0x0122
"""PS3.7 C.5.6: an object of a class that is not read."""

ELEMENTS_DISCARDED = 0xB006
"""PS3.4 table B.2-1, a warning: the object is stored, and not used."""

STATUSES = {
    Reason.UNREADABLE: CANNOT_UNDERSTAND,
    Reason.BAD_ENCODING: CANNOT_UNDERSTAND,
    Reason.TOO_LARGE: CANNOT_UNDERSTAND,
    Reason.UNSUPPORTED_TEXT: CANNOT_UNDERSTAND,
    Reason.UNSAFE_XML: CANNOT_UNDERSTAND,
    Reason.UNSUPPORTED_FORMAT: CLASS_NOT_SUPPORTED,
    Reason.IDENTITY_MISMATCH: MISMATCH,
    Reason.INTERNAL_ERROR: PROCESSING_FAILURE,
}
"""The status for stored, refused objects by reason. All other reasons give success.

Then the object is stored, and operators see the refusal.
"""

log = structlog.get_logger()


def store(event: Event, reception: Reception, authorities: dict[str, str | None], rate: Rate, turns: Turns) -> Dataset:
    """Answer a C-STORE request after the object is stored."""
    socket = cast(BoundedSocket, event.assoc.dul.socket)
    try:
        address = event.assoc.requestor.address or ""
        time.sleep(rate.due(address, 1))
        title, request = event.assoc.requestor.ae_title, cast(C_STORE, event.request)
        requested = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
        dataset = request.DataSet.getbuffer() if request.DataSet else b""
        raw = as_file(*requested, str(event.context.transfer_syntax), dataset)
        with turns.turn(address):
            status, comment = _receive(reception, raw, authorities.get(title), requested)
        if status != SUCCESS:
            log.warning("dicom.not_stored", calling=title, status=f"{status:04X}", reason=comment)
        return _answer(status, comment)
    except Exception as error:  # noqa: BLE001 - logged and answered; nothing is said to be stored
        say("dicom.unforeseen", error)
        return _answer(PROCESSING_FAILURE, Reason.INTERNAL_ERROR.value)
    finally:
        socket.storing = False


def _receive(reception: Reception, raw: bytes, authority: str | None, requested: tuple[str, str]) -> tuple[int, str]:
    """The status, and its explanation for the sender's log."""
    message = ReceivedMessage(raw, Format.DICOM, Origin(source=authority))
    try:
        receipt = _take(reception, message, requested)
    except OutageError as error:
        return OUT_OF_RESOURCES, "no space on the disk" if isinstance(error, NoSpaceError) else "can't be stored now"
    reason = receipt.reason if receipt.reason in STATUSES else ""
    if reason == Reason.UNSUPPORTED_FORMAT and requested[0] in COMPANIONS:
        return ELEMENTS_DISCARDED, f"{COMPANIONS[requested[0]]}: kept, not read"
    return STATUSES[Reason(reason)] if reason else SUCCESS, reason or ""


def _take(reception: Reception, message: ReceivedMessage, requested: tuple[str, str]) -> Receipt:
    if reception.space.is_short():
        raise NoSpaceError
    try:
        if not _is_other(message.raw, requested):
            return receive_now(reception, message)
        detail = "the data set has other UIDs than the command"
        error = MessageRefusedError(Reason.IDENTITY_MISMATCH, detail, source=message.origin.source or "dicom")
        return refuse(reception.receiver, message, error)
    except Exception as error:  # noqa: BLE001 - the object is kept and says so
        return keep(reception.receiver, message, error)


def _is_other(raw: bytes, requested: tuple[str, str]) -> bool:
    """Whether the data set has another class or instance than the command. False if the data set can't be read."""
    try:
        return words_of(raw, (SOP_CLASS, SOP_INSTANCE)) != requested
    except (DamagedError, MessageRefusedError):
        return False


def _answer(status: int, comment: str) -> Dataset:
    found = Dataset()
    found.Status = status
    if comment:
        found.ErrorComment = comment[:64]
    return found
