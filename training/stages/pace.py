"""The pace of training: items a second, and the share of the time that is spent on waiting for data."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Counts since the last evaluation, on one process."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began, self._waited, self._items = time.monotonic(), 0.0, 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time spent inside is waiting."""
        at = time.monotonic()
        yield
        self._waited += time.monotonic() - at

    def count(self, items: int) -> None:
        """Add items: tokens, or films."""
        self._items += items

    def figures(self) -> dict[str, float]:
        """`items_per_second` of this process and `waiting`, the share of the time (0 to 1)."""
        passed = max(time.monotonic() - self._began, 1e-9)
        return {"items_per_second": round(self._items / passed, 1), "waiting": round(self._waited / passed, 4)}
