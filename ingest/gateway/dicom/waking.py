"""Wakes the two threads of an association when there is work.

pynetdicom's threads poll every millisecond. Each object waits for that three times (to be read, handled and answered),
and every open association uses CPU time for polling.
"""

import contextlib
import queue
import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

LOOK_S = 0.02
"""Seconds between two checks for time-outs and the end."""


class WakingQueue(queue.Queue[Any]):
    """A queue with a callback per item."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._tell()


class Arrivals(threading.Event):
    """The association's checkpoint, which also waits for messages and requests of its peer."""

    def __init__(self) -> None:
        super().__init__()
        self.some = threading.Event()
        self.messages = WakingQueue(self.some.set)
        self.requests = WakingQueue(self.some.set)
        self.afterwards: deque[Callable[[], None]] = deque()

    def wait(self, timeout: float | None = None) -> bool:
        """Return when the association may continue and there is work, or after LOOK_S."""
        while self.afterwards:
            self.afterwards.popleft()()
        passed = super().wait(timeout)
        if self.messages.empty() and self.requests.empty():
            self.some.wait(LOOK_S)
        self.some.clear()
        return passed


class Alarm:
    """Wakes a thread that waits for a connection."""

    def __init__(self) -> None:
        self._heard, self._rung = socket.socketpair()
        self._heard.setblocking(False)
        self._rung.setblocking(False)

    def ring(self) -> None:
        """Wake the thread that waits, or the next one."""
        # A full or closed alarm needs no further ring.
        with contextlib.suppress(OSError):
            self._rung.send(b"\0")

    def wait(self, connection: socket.socket, seconds: float) -> bool:
        """Whether there is something to read. Returns when there is, at a ring, or after the given number of seconds.

        Raises OSError or ValueError if the connection is closed.
        """
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        # Not select(2), which is limited to descriptors below 1,024: the gateway may have more connections.
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.register(self._heard, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
        if self._heard.fileno() in ready:
            self._heard.recv(4096)
        return connection.fileno() in ready

    def close(self) -> None:
        """Close both ends."""
        self._heard.close()
        self._rung.close()
