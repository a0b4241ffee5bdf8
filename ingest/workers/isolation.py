"""Work on many things at once so that the fault of one does not stop the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ingest.unexpected_errors import place_of
from vlmkg.errors import VlmkgError

T = TypeVar("T")


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
