"""Storage commitment (PS3.4 annex J, push model): which of a peer's instances are stored safely.

An instance is safe if the ledger has its event, which was answered with success or a warning, and the blob store has
its bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog
from pydicom import Dataset
from pynetdicom.dimse_primitives import N_ACTION
from pynetdicom.events import Event

from ingest import blobs
from ingest.errors import MessageRefusedError, Reason
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import Group, read_object
from ingest.formats.dicom.sop_classes import COMPANIONS
from ingest.formats.origin import Format
from ingest.gateway.dicom.commitment_reports import ALL_SAFE, SOME_FAILED, Peer, Reporter
from ingest.gateway.dicom.storage import PROCESSING_FAILURE, STATUSES, SUCCESS
from ingest.ledger.events.events import Stored, stored
from ingest.ledger.states import State
from ingest.receiving.submit import Receiver
from ingest.unexpected_errors import say

REQUEST = 1
"""Action type (PS3.4 J.3.2): request storage commitment."""

MISSING_ATTRIBUTE, NO_SUCH_ACTION = 0x0120, 0x0123
"""PS3.7 C.4.10: a request without transaction or instances; an unknown action."""

NO_SUCH_INSTANCE = 0x0112
"""Failure reason (PS3.3 C.14.1.1)."""

_TRANSACTION, _REFERENCES, _CLASS, _INSTANCE = 0x00081195, 0x00081199, 0x00081150, 0x00081155
_TAGS = frozenset({_TRANSACTION, _REFERENCES, _CLASS, _INSTANCE})
_KEPT = frozenset(reason.value for reason in Reason if reason not in STATUSES)
"""Reasons of events whose objects were answered with success: they are stored, and have nothing to read."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance whose safety a peer asks about."""

    sop_class: str
    instance: str


@dataclass(frozen=True, slots=True)
class Request:
    """The content of an N-ACTION."""

    transaction: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where instances are looked up: events of these sources."""

    receiver: Receiver
    sources: tuple[str, ...]


def answer(event: Event, holdings: Holdings, reporter: Reporter) -> tuple[int, None]:
    """Answer an N-ACTION: accept the request, and report later. Returns the status."""
    title = event.assoc.requestor.ae_title
    try:
        action = event.request
        if not isinstance(action, N_ACTION) or action.ActionTypeID != REQUEST:
            return NO_SUCH_ACTION, None
        request = _read(action.ActionInformation.getvalue() if action.ActionInformation else b"")
        if not request.transaction or not request.references:
            return MISSING_ATTRIBUTE, None
        asked = event.assoc.requestor.primitive
        peer = Peer(title, str(asked.called_ae_title).strip() if asked else title, event.assoc)
        reporter.take(peer, lambda: report_of(holdings, request))
        log.info("commitment.requested", calling=title, instances=len(request.references))
    except DamagedError:
        return MISSING_ATTRIBUTE, None
    except Exception as error:  # noqa: BLE001 - logged and answered; nothing is said to be safe
        say("commitment.unforeseen", error)
        return PROCESSING_FAILURE, None
    return SUCCESS, None


def report_of(holdings: Holdings, request: Request) -> tuple[int, Dataset]:
    """Event type and event information of a request. Raises OutageError if ledger or blobs do not answer."""
    failures = _failures(holdings, request.references)
    report = Dataset()
    report.TransactionUID = request.transaction
    report.ReferencedSOPSequence = [_item(one) for one in request.references if one not in failures]
    if not failures:
        return ALL_SAFE, report
    report.FailedSOPSequence = [_item(one, failures[one]) for one in request.references if one in failures]
    if not report.ReferencedSOPSequence:
        del report.ReferencedSOPSequence
    return SOME_FAILED, report


def _read(information: bytes) -> Request:
    if not information:
        return Request("", ())
    try:
        data = read_object(information, _TAGS).data
    except MessageRefusedError as error:
        raise DamagedError(error.detail) from None
    return Request(data.word(_TRANSACTION), tuple(_references(data)))


def _references(data: Group) -> Iterator[Reference]:
    for item in data.items(_REFERENCES):
        if instance := item.word(_INSTANCE):
            yield Reference(item.word(_CLASS), instance)


def _failures(holdings: Holdings, references: Sequence[Reference]) -> dict[Reference, int]:
    """The instances that are not safe, each with the reason."""
    receiver = holdings.receiver
    with receiver.ledger.read() as connection:
        known = stored(connection, Format.DICOM.value, holdings.sources, {one.instance for one in references})
    return {one: NO_SUCH_INSTANCE for one in references if not _is_safe(receiver, one, known.get(one.instance, ()))}


def _is_safe(receiver: Receiver, reference: Reference, events: Sequence[Stored]) -> bool:
    kept = {*_KEPT, Reason.UNSUPPORTED_FORMAT.value} if reference.sop_class in COMPANIONS else _KEPT
    answered = (event for event in events if event.state is not State.REFUSED or event.reason in kept)
    return any(event.blob_key and blobs.exists(receiver.blobs, event.blob_key) for event in answered)


def _item(reference: Reference, failure: int | None = None) -> Dataset:
    found = Dataset()
    found.ReferencedSOPClassUID, found.ReferencedSOPInstanceUID = reference.sop_class, reference.instance
    if failure is not None:
        found.FailureReason = failure
    return found
