"""Work on many things at once so that the fault of one does not stop the others."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from vlmkg.errors import VlmkgError

T = TypeVar("T")

_ROOT = Path(__file__).parents[2]
_PACKAGES = frozenset({"vlmkg", "graph", "ingest"})


@dataclass(frozen=True, slots=True)
class Fault(Generic[T]):
    """One thing that failed when it was worked on alone, and where: an error type and a line of code, no payload."""

    item: T
    where: str


def isolate(items: Sequence[T], work: Callable[[Sequence[T]], None]) -> list[Fault[T]]:
    """Do `work` on all items together; where that fails, on each half, down to the single items that fail alone.

    `work` does all of its items or none. Errors that say `retryable` (an outage) pass through: they are nobody's fault.
    """
    try:
        work(items)
    except VlmkgError as error:
        if error.retryable:
            raise
        return _halves(items, work, error)
    except Exception as error:  # noqa: BLE001 - whatever one report provokes in an engine must not stop the others
        return _halves(items, work, error)
    return []


def _halves(items: Sequence[T], work: Callable[[Sequence[T]], None], error: Exception) -> list[Fault[T]]:
    if len(items) == 1:
        return [Fault(items[0], place_of(error))]
    middle = len(items) // 2
    return isolate(items[:middle], work) + isolate(items[middle:], work)


def place_of(error: BaseException) -> str:
    """`ValueError at vlmkg/rules/engine.py:12`: the last line of ours that it passed, without its own words.

    Those may quote a report.
    """
    places = ["somewhere"]
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _PACKAGES:
            places.append(f"{path.relative_to(_ROOT)}:{frame.lineno}")
    return f"{type(error).__name__} at {places[-1]}"
