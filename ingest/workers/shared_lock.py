"""A shared/exclusive lock for the threads of one process.

An event that must be processed alone may crash the process. With other threads at work the crash would not show which
event caused it, and a crash of another thread would be counted as an attempt of this event.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SharedLock:
    """A shared/exclusive lock. Exclusive waiters take precedence over later shared ones."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._waiting_exclusive = 0
        self._is_exclusive = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with other sharing threads."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_exclusive and not self._waiting_exclusive)
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock alone: wait until no thread shares it, and let no other in."""
        with self._changed:
            self._waiting_exclusive += 1
            self._changed.wait_for(lambda: not self._is_exclusive and not self._sharing)
            self._waiting_exclusive -= 1
            self._is_exclusive = True
        try:
            yield
        finally:
            with self._changed:
                self._is_exclusive = False
                self._changed.notify_all()
