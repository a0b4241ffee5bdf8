"""Connections of the DICOM door: pynetdicom's, with limits.

pynetdicom reads a PDU of any length, waits forever for the rest, and lets a peer that does not finish its TLS handshake
block all others. Classes here inherit from the library's. Only this module uses its undocumented parts;
`tests/ingest/gateway/dicom/test_pynetdicom_parts.py` names them. pyproject.toml bounds the version: raise the bound
when that test has passed with the newer one.
"""

import contextlib
import socket
import ssl
import time
import weakref
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
from ingest.gateway.rate import Rate
from ingest.gateway.settings import Network, is_allowed
from ingest.idle_connections import room

LARGEST_PDU = 256 * 1024
"""The maximum bytes of one P-DATA (PS3.8 D.1). Most senders use 16 or 128 KiB."""

SLOWEST = 2000
"""The minimum bytes per second within a PDU, after the stall time."""

_SMALLEST_PDU = 4096
"""Bytes of the longest P-DATA that a peer takes, from which on an answer fits into one whatever its words."""

_SLACK = 64 * 1024
"""Bytes of a message in addition to its data set: its command, and the headers of its PDUs."""

log = structlog.get_logger()


def silence() -> None:
    """Keep data sets out of the library's logs, because they are patient data."""
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False


def wake(association: Association, alarm: Alarm) -> None:
    """Let both threads of an association be woken. Call it before they start."""
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
    """Let the association's thread do some work after it has answered the current message."""
    cast(Arrivals, association._reactor_checkpoint).afterwards.append(work)


def accepted_context(association: Association, sop_class: str) -> PresentationContext:
    """The presentation context that the peer accepted for a SOP class. Raises ValueError if it accepted none."""
    return association._get_valid_context(sop_class, "")


class BoundedSocket(AssociationSocket):
    """Reads PDUs in large steps, and refuses those over the limits.

    `taken`: bytes since the last message. `storing`: an object was received and is not answered yet. `asked`: an
    association was requested; before that the connection has `stall_s` in total.
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
        """Whether there is something to read. Waits a short time for that, or for something to send."""
        if self.socket is None or not self._is_connected:
            time.sleep(LOOK_S)
            return False
        try:
            return self.alarm.wait(self.socket, LOOK_S if self.event_queue.empty() else 0)
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly this number of bytes, or fewer at the connection's end. Raises OSError over the limits."""
        self.taken += nr_bytes
        self.last_at = time.monotonic()
        if nr_bytes > LARGEST_PDU + _SLACK or self.taken > DICOM_LIMIT + DICOM_LIMIT // 8 + _SLACK:
            self._shutdown_socket()
            raise ConnectionAbortedError("the message exceeds the size limit")
        found = bytearray(nr_bytes)
        try:
            got = self._fill(memoryview(found))
        except OSError:
            # Before an association was requested, only this code closes it.
            self._shutdown_socket()
            raise
        if got < nr_bytes:
            self._shutdown_socket()
        return found if got == nr_bytes else found[:got]

    def _shutdown_socket(self) -> None:
        """The library's method leaves a socket open if its peer has disconnected."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
        self.alarm.close()

    @property
    def rests(self) -> bool:
        """Whether the connection is idle."""
        return not self.storing and not self.taken

    def give_way(self) -> None:
        """End the connection. Its own thread notices that."""
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
                    raise TimeoutError("the operation in progress did not finish in time")
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
        server = cast(BoundedServer, self.server)
        # In a thread of its own, so that nobody else waits.
        time.sleep(server.association_rate.due(str(self.client_address[0]), 1))
        association = super()._create_association()
        # The socket that the handler itself has announced, with its event.
        association.dul.event_queue.get_nowait()
        association.dul.socket = bounded = BoundedSocket(association, client_socket=self.request)
        bounded.stall_s = server.stall_s
        server.holders[self.request] = weakref.ref(bounded)
        wake(association, bounded.alarm)
        answer_at_once(association)
        return association


class SharedContexts(list[PresentationContext]):
    """The supported contexts. All associations have the same: nobody changes them, and a copy takes 10 ms."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "SharedContexts":
        return self


class BoundedServer(ThreadedAssociationServer):
    """Accepts connections from allowed addresses, without waiting for any of them."""

    request_queue_size = 128
    daemon_threads = True
    allowed: tuple[Network, ...] = ()
    tls: ssl.SSLContext | None = None
    stall_s = 30.0
    connections = 64
    peer_connections = 16
    associations = 32
    association_rate = Rate(0)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._open = weakref.WeakKeyDictionary[Any, str]()
        # A holder has its socket: a strong reference to it would keep both, and the association, for ever.
        self.holders = weakref.WeakKeyDictionary[Any, weakref.ref[BoundedSocket]]()
        super().__init__(*arguments, **named)
        self.contexts = SharedContexts(self.contexts)

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
        """Whether the address may connect and there is room. If there is none, an idle connection is closed."""
        address = str(client_address[0])
        if not is_allowed(address, self.allowed):
            return False
        # The library closes its sockets in several places without notice.
        found = [one for one in self._open if one.fileno() >= 0]
        if not self._make_room(found, address):
            log.warning("dicom.turned_away", address=address, connections=len(found))
            return False
        self._open[request] = address
        return True

    def _make_room(self, found: list[Any], address: str) -> bool:
        """Whether there is room, after closing an idle connection if necessary."""
        among = {one: self._open[one] for one in found}
        holder_of = {one: holder for one in found if one in self.holders and (holder := self.holders[one]())}
        idle = sorted((one for one in holder_of if holder_of[one].rests), key=lambda one: holder_of[one].last_at)
        full = len(found) >= self.connections
        many = sum(one.asked for one in holder_of.values()) >= self.associations
        chosen = room(among, idle, address, most_of_peer=self.peer_connections, full=full or many)
        if (gone := chosen.instead_of) is not None:
            log.info("dicom.gave_way", address=among[gone], connections=len(found))
            holder_of[gone].give_way()
            del self._open[gone]
        used_up = list(among.values()).count(address) >= self.peer_connections
        # With too many associations and none idle, the library rejects the request.
        return chosen.is_there or not (full or used_up)

    def shutdown(self) -> None:
        """Accept no more connections."""
        BaseServer.shutdown(self)
        self.server_close()
