"""Turns of the threads of one process: many work together, or one alone.

An event that must run alone may crash the process. Nobody else may be at work then, or the crash would tell nothing;
and nobody else's crash may hit it while it waits, or the attempt would be counted against it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that many threads share or one has alone. Who wants it alone goes before who comes later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._waiting_alone = 0
        self._alone = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Work beside others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Work when nobody else does, and keep everybody out meanwhile."""
        with self._changed:
            self._waiting_alone += 1
            self._changed.wait_for(lambda: not self._alone and not self._together)
            self._waiting_alone -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
