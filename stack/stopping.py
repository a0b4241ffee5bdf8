"""The signals that stop a stack, and the sections of code that delay them.

A stop signal raises KeyboardInterrupt in the main thread. Inside the call that starts a process this would lose a
running process, so the signal is delayed there.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """The effect of the stop signals: the first raises KeyboardInterrupt, later ones call `hurry`."""

    def __init__(self) -> None:
        self._asked = False
        self._ending = False
        self._held = False
        self._hurry: Callable[[], None] = _nothing

    @contextmanager
    def handled(self, hurry: Callable[[], None]) -> Iterator[None]:
        """Handle the stop signals during the block. `hurry` speeds up a stop that has begun."""
        self._hurry = hurry
        before = [signal.signal(number, self._on_signal) for number in STOP_SIGNALS]
        try:
            yield
        finally:
            for number, handler in zip(STOP_SIGNALS, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delay a signal until the end of the block, and raise KeyboardInterrupt there. Only for the main thread."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked and not self._ending:
            self._raise()

    def end(self) -> None:
        """Note that the stop has begun: from now on a signal only speeds it up."""
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
