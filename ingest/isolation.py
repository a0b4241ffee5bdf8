"""Process many items in one step, without letting a faulty item stop the others.

Receiving, extracting, merging and the engine's batches all work this way: a failing group is halved until the items
that fail alone are found. An outage is not the fault of an item: it is the result of every item of the group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ingest.unexpected_errors import place_of
from vlmkg.errors import VlmkgError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Fault(Generic[T]):
    """One item that failed alone, with the error's type and line of code, without any of the item's content."""

    item: T
    where: str


def is_outage(error: BaseException) -> bool:
    """Whether a service was unavailable, so that the same work can succeed later."""
    return isinstance(error, VlmkgError) and error.retryable


def each_result(
    items: Sequence[T],
    work: Callable[[Sequence[T]], Sequence[R]],
    group_failed: Callable[[int, Exception], object] | None = None,
) -> list[R | BaseException]:
    """The result of each item in order, or the error that the item raises when processed alone.

    `work` processes all of its items or none, and returns their results in order. `group_failed` is called with the
    size and the error of each group that is halved. An outage or the end of the process is the result of all items of
    its group.
    """
    try:
        return list(work(items))
    except Exception as error:  # noqa: BLE001 - whatever one item provokes must not stop the others
        if len(items) == 1 or is_outage(error):
            return [error] * len(items)
        if group_failed is not None:
            group_failed(len(items), error)
        middle = len(items) // 2
        return each_result(items[:middle], work, group_failed) + each_result(items[middle:], work, group_failed)
    except BaseException as error:  # noqa: BLE001 - each caller gets it raised
        return [error] * len(items)


def isolate(items: Sequence[T], work: Callable[[Sequence[T]], None]) -> list[Fault[T]]:
    """Do `work` on all items, and return those that fail alone. `work` processes all of its items or none.

    Raises outages, and exceptions that end the process.
    """

    def done(group: Sequence[T]) -> list[None]:
        work(group)
        return [None] * len(group)

    faults = []
    for item, result in zip(items, each_result(items, done), strict=True):
        if result is None:
            continue
        if is_outage(result) or not isinstance(result, Exception):
            raise result
        faults.append(Fault(item, place_of(result)))
    return faults
