"""The signals that stop a stack, and the moments in which they have to wait.

A stop signal raises KeyboardInterrupt in the main thread, wherever that is. Where it is inside the call that starts a
process, the process may run already and nobody knows it: such moments are held.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """What the stop signals do: the first raises KeyboardInterrupt, the later ones call `hurry`."""

    def __init__(self) -> None:
        self._asked = False
        self._ending = False
        self._held = False
        self._hurry: Callable[[], None] = _nothing

    @contextmanager
    def handled(self, hurry: Callable[[], None]) -> Iterator[None]:
        """Take the stop signals for the block. `hurry` makes an end that has begun a quick one."""
        self._hurry = hurry
        before = [signal.signal(number, self._on_signal) for number in STOP_SIGNALS]
        try:
            yield
        finally:
            for number, handler in zip(STOP_SIGNALS, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait until the end of the block, and raise KeyboardInterrupt there. In the main thread alone."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked and not self._ending:
            self._raise()

    def end(self) -> None:
        """The end has begun by itself: from now on a signal only hurries it."""
        self._ending = True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._ending:
            self._hurry()
        elif self._held:
            self._asked = True
        else:
            self._raise()

    def _raise(self) -> None:
        self._ending = True
        raise KeyboardInterrupt


def _nothing() -> None:
    pass
