"""Reports of storage commitment (N-EVENT-REPORT, PS3.4 J.3.3):

on a new association to the peer's configured address, or on the requesting association while it is open.
"""

import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO

import structlog
from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode

from ingest.errors import OutageError
from ingest.gateway.dicom.connections import accepted_context, afterwards
from ingest.gateway.dicom.part10 import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from ingest.unexpected_errors import say

PUSH_MODEL = "1.2.840.10008.1.20.1"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
"""The class and the well-known instance of the push model."""

ALL_SAFE, SOME_FAILED = 1, 2
"""Event types."""

PAUSES = (1.0, 10.0, 60.0, 300.0)
"""Seconds before each retry of a report. A peer that is unavailable for longer asks again."""

_THREADS = 4
_STATUS_SUCCESS = 0x0000

log = structlog.get_logger()

Report = tuple[int, Dataset]
"""Event type and event information."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A requesting peer: its AE title, the AE title that it called, and its association."""

    title: str
    called: str
    association: Association


@dataclass(frozen=True, slots=True)
class Reporter:
    """Sends reports to peers from its own threads. `addresses`: the peers' addresses by AE title."""

    addresses: Mapping[str, tuple[str, int]]
    timeout_s: float
    tls: ssl.SSLContext | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "commitment"))

    def take(self, peer: Peer, report_of: Callable[[], Report]) -> None:
        """Send the result of `report_of` after the request is answered: an earlier report could cross the answer."""
        if peer.title in self.addresses:
            afterwards(peer.association, lambda: self._again(peer, report_of, 0))
        else:
            afterwards(peer.association, lambda: self._report_here(peer, report_of))

    def close(self) -> None:
        """Stop. Peers must ask again for missing reports."""
        self.stopped.set()
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _report(self, peer: Peer, report_of: Callable[[], Report], tries: int) -> None:
        try:
            kind, information = report_of()
            if self._send(peer, kind, information):
                log.info("commitment.reported", peer=peer.title, complete=kind == ALL_SAFE)
                return
        except (OutageError, OSError, RuntimeError, ValueError) as error:
            # The library raises it for an ended association, and for a context that the peer did not accept.
            log.warning("commitment.not_reported_yet", peer=peer.title, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            say("commitment.unforeseen", error)
            return
        self._later(peer, report_of, tries)

    def _report_here(self, peer: Peer, report_of: Callable[[], Report]) -> None:
        """Report on the requesting association, in its own thread, without waiting for the answer:

        the peer may close it.
        """
        try:
            _send_only(peer.association, *report_of())
            log.info("commitment.reported_here", peer=peer.title)
        except (OutageError, OSError, RuntimeError, ValueError) as error:
            log.warning("commitment.not_reported", peer=peer.title, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the association goes on
            say("commitment.unforeseen", error)

    def _later(self, peer: Peer, report_of: Callable[[], Report], tries: int) -> None:
        """Try again after a pause."""
        if tries == len(PAUSES):
            log.error("commitment.not_reported", peer=peer.title)
            return
        # Not in a thread of the pool, because unavailable peers must not delay the others.
        timer = threading.Timer(PAUSES[tries], self._again, [peer, report_of, tries + 1])
        timer.daemon = True
        timer.start()

    def _again(self, peer: Peer, report_of: Callable[[], Report], tries: int) -> None:
        if not self.stopped.is_set():
            self.threads.submit(self._report, peer, report_of, tries)

    def _send(self, peer: Peer, kind: int, information: Dataset) -> bool:
        """Whether the peer accepted the report."""
        association = self._associate(peer, self.addresses[peer.title])
        if not association.is_established:
            return False
        try:
            status, _ = association.send_n_event_report(information, kind, PUSH_MODEL, WELL_KNOWN)
            return bool(status.get("Status") == _STATUS_SUCCESS)
        finally:
            if association.is_established:
                association.release()

    def _associate(self, peer: Peer, address: tuple[str, int]) -> Association:
        """An association with a peer in which this side is the provider."""
        entity = AE(ae_title=peer.called)
        entity.implementation_class_uid, entity.implementation_version_name = (
            IMPLEMENTATION_CLASS,
            IMPLEMENTATION_VERSION,
        )
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = self.timeout_s
        entity.add_requested_context(PUSH_MODEL, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
        role = build_role(PUSH_MODEL, scu_role=False, scp_role=True)
        tls = (self.tls, address[0]) if self.tls else None
        return entity.associate(*address, ae_title=peer.title, ext_neg=[role], tls_args=tls)


def _send_only(association: Association, kind: int, information: Dataset) -> None:
    """Send a report without waiting for its answer. Raises ValueError if the peer did not ask for this class."""
    context = accepted_context(association, PUSH_MODEL)
    syntax = context.transfer_syntax[0]
    encoded = encode(information, syntax.is_implicit_VR, syntax.is_little_endian)
    if encoded is None or context.context_id is None:
        raise ValueError("the report can't be encoded")
    request = N_EVENT_REPORT()
    request.MessageID, request.EventTypeID = 1, kind
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = UID(PUSH_MODEL), UID(WELL_KNOWN)
    request.EventInformation = BytesIO(encoded)
    association.dimse.send_msg(request, context.context_id)
