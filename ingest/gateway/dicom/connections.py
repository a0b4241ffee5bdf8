"""Connections of the DICOM door: pynetdicom's, with bounds.

pynetdicom reads a PDU of whatever length its header says, waits for the rest for ever, and lets one peer that does not
finish its TLS handshake keep all others out. What is inherited here is the library's own. Everything of it that is used
and not documented is used in this module; `tests/ingest/gateway/dicom/test_pynetdicom_parts.py` names it.
pyproject.toml bounds the version: raise the bound when that test has passed with the newer one.
"""

import contextlib
import socket
import ssl
import time
import weakref
from collections import Counter
from collections.abc import Callable
from socketserver import BaseServer
from typing import Any, cast

import structlog
from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from ingest.formats.cleaning import DICOM_LIMIT
from ingest.gateway.dicom.answers import fragment_of
from ingest.gateway.dicom.waking import LOOK_S, Alarm, Arrivals, WakingQueue
from ingest.gateway.settings import Network, is_allowed

LARGEST_PDU = 256 * 1024
"""Bytes of one P-DATA that senders may choose (PS3.8 D.1). Most choose 16 or 128 KiB."""

SLOWEST = 2000
"""Bytes a second that a sender may fall down to within a PDU, beside its time for stalling."""

_SMALLEST_PDU = 4096
"""Bytes of the longest P-DATA that a peer takes, from which on an answer fits into one whatever its words."""

_SLACK = 64 * 1024
"""Bytes beside a message's data set: its command, the headers of its PDUs."""

log = structlog.get_logger()


def silence() -> None:
    """Keep data sets out of the library's logs: they are patients'."""
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False


def wake(association: Association, alarm: Alarm) -> None:
    """Have both threads of an association woken. Before they start."""
    arrivals = Arrivals()
    arrivals.set()
    association._reactor_checkpoint = arrivals
    association.dimse.msg_queue = arrivals.messages
    association.dul.to_user_queue = arrivals.requests
    association.dul.to_provider_queue = WakingQueue(alarm.ring)
    association.dul._run_loop_delay = 0.0


def answer_at_once(association: Association) -> None:
    """Have answers to C-STORE requests written by us, in one fragment. The library writes all others."""
    dimse, send = association.dimse, association.dimse.send_msg

    def answer(primitive: Any, context_id: int) -> None:
        is_answer = isinstance(primitive, C_STORE) and primitive.MessageIDBeingRespondedTo is not None
        if not is_answer or 0 < dimse.maximum_pdu_size < _SMALLEST_PDU:
            send(primitive, context_id)
            return
        data = P_DATA()
        data.presentation_data_value_list = [[context_id, fragment_of(primitive)]]  # type: ignore[list-item]
        association.dul.send_pdu(data)

    dimse.send_msg = answer  # type: ignore[method-assign]


def afterwards(association: Association, work: Callable[[], None]) -> None:
    """Have the association's thread do some work once the message that it handles is answered."""
    cast(Arrivals, association._reactor_checkpoint).afterwards.append(work)


def accepted_context(association: Association, sop_class: str) -> PresentationContext:
    """The presentation context that the peer accepted for a SOP class. Raises ValueError where it accepted none."""
    return association._get_valid_context(sop_class, "")


class BoundedSocket(AssociationSocket):
    """Reads what a PDU's header announces if it is within bounds, in large steps.

    `taken`: bytes since the last message. `storing`: an object is here and not answered yet. `asked`: an association
    was asked for; until then it has `stall_s` in all, whatever comes meanwhile.
    """

    taken = 0
    storing = False
    asked = False
    stall_s = 30.0

    def __init__(self, association: Association, **named: Any) -> None:
        self.alarm = Alarm()
        self.opened_at = self.last_at = time.monotonic()
        super().__init__(association, **named)

    @property
    def ready(self) -> bool:
        """Whether there is something to read. Waits a moment for it, or for something to send."""
        if self.socket is None or not self._is_connected:
            time.sleep(LOOK_S)
            return False
        try:
            return self.alarm.wait(self.socket, LOOK_S if self.event_queue.empty() else 0)
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly so many bytes, fewer at the connection's end. Raises OSError beyond the bounds."""
        self.taken += nr_bytes
        self.last_at = time.monotonic()
        if nr_bytes > LARGEST_PDU + _SLACK or self.taken > DICOM_LIMIT + DICOM_LIMIT // 8 + _SLACK:
            self._shutdown_socket()
            raise ConnectionAbortedError("the message exceeds the size limit")
        found = bytearray(nr_bytes)
        try:
            got = self._fill(memoryview(found))
        except OSError:
            # Nobody else closes it where no association was asked for yet.
            self._shutdown_socket()
            raise
        if got < nr_bytes:
            self._shutdown_socket()
        return found if got == nr_bytes else found[:got]

    def _shutdown_socket(self) -> None:
        """The library's leaves a socket open whose peer is gone."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
        self.alarm.close()

    @property
    def rests(self) -> bool:
        """Whether nothing is in hand on it."""
        return not self.storing and not self.taken

    def give_way(self) -> None:
        """End the connection. Its own thread finds it ended."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def _fill(self, view: memoryview) -> int:
        """Read until the view is full or the connection ends. Returns the number of bytes. Raises TimeoutError."""
        got, connection = 0, self.socket
        if connection is None:
            return 0
        now = time.monotonic()
        until = now + self.stall_s + len(view) / SLOWEST if self.asked else self.opened_at + self.stall_s
        shortened = False
        try:
            while got < len(view):
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError("what was begun does not come to its end")
                # Each call that sets a time-out lets another thread take the interpreter: only where it must.
                if left < self.stall_s:
                    connection.settimeout(left)
                    shortened = True
                step = connection.recv_into(view[got:])
                if not step:
                    break
                got += step
        finally:
            if shortened:
                with contextlib.suppress(OSError):
                    connection.settimeout(self.stall_s)
        return got


class BoundedHandler(RequestHandler):
    """Gives an association a BoundedSocket."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        # The socket that it has announced itself: its event goes with it.
        association.dul.event_queue.get_nowait()
        association.dul.socket = bounded = BoundedSocket(association, client_socket=self.request)
        server = cast(BoundedServer, self.server)
        bounded.stall_s = server.stall_s
        server.holders[self.request] = bounded
        wake(association, bounded.alarm)
        answer_at_once(association)
        return association


class BoundedServer(ThreadedAssociationServer):
    """Takes connections from addresses that may connect, without waiting for any of them."""

    request_queue_size = 128
    daemon_threads = True
    allowed: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None
    stall_s = 30.0
    connections = 64
    peer_connections = 16
    associations = 32

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._open = weakref.WeakKeyDictionary[Any, str]()
        self.holders = weakref.WeakKeyDictionary[Any, BoundedSocket]()
        super().__init__(*arguments, **named)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. TLS is negotiated at the first read, in the association's own thread."""
        connection, address = cast(socket.socket, self.socket).accept()
        connection.settimeout(self.stall_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether the address may connect, and there is room for one more. One that rests gives way to it."""
        address = str(client_address[0])
        if not is_allowed(address, self.allowed):
            return False
        # The library closes its sockets in several places, and tells of none.
        found = [one for one in self._open if one.fileno() >= 0]
        if not self._make_room(found, address):
            log.warning("dicom.turned_away", address=address, connections=len(found))
            return False
        self._open[request] = address
        return True

    def _make_room(self, found: list[Any], address: str) -> bool:
        """Whether there is room, perhaps because another was closed: one of the address itself where its share is used
        up, else one of the address that has most, of these the one that has rested longest."""
        counts = Counter(self._open[one] for one in found)
        holders = [self.holders[one] for one in found if one in self.holders]
        full = len(found) >= self.connections or sum(one.asked for one in holders) >= self.associations
        used_up = counts[address] >= self.peer_connections
        if not full and not used_up:
            return True
        mine = {one: self._open[one] for one in found if one in self.holders and self.holders[one].rests}
        among = [one for one, of in mine.items() if of == address or not used_up]
        gone = max(among, key=lambda one: (counts[mine[one]], -self.holders[one].last_at), default=None)
        if gone is None:
            return len(found) < self.connections and not used_up
        log.info("dicom.gave_way", address=mine[gone], connections=len(found))
        self.holders[gone].give_way()
        del self._open[gone]
        return True

    def shutdown(self) -> None:
        """Take no more connections."""
        BaseServer.shutdown(self)
        self.server_close()
