"""Work on many things in one step, so that the fault of one does not stop the others.

Receiving, extracting, merging and the engine's batches all work this way: a group that fails is halved until the items
that fail alone are found. An outage is nobody's fault: it is the result of every item of the group. A graph without
memory for a group is one as well, but halves of the group may find it enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from graph.errors import GraphMemoryError
from ingest.unexpected_errors import place_of
from vlmkg.errors import VlmkgError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Fault(Generic[T]):
    """One item that failed alone, and where: an error type and a line of code, nothing of the item's content."""

    item: T
    where: str


def is_outage(error: BaseException) -> bool:
    """Whether something that the work needs was not there: it can succeed later, whatever the item."""
    return isinstance(error, VlmkgError) and error.retryable


def each_result(
    items: Sequence[T],
    work: Callable[[Sequence[T]], Sequence[R]],
    group_failed: Callable[[int, Exception], object] | None = None,
) -> list[R | BaseException]:
    """The result of each item in order, or the error that the item raises when it is worked on alone.

    `work` does all of its items or none, and returns their results in order. `group_failed` is called with the size and
    the error of each group that is halved. Where an outage or the end of the process is raised, it is the result of all
    items of that group; but a group that the graph has no memory for is halved first.
    """
    try:
        return list(work(items))
    except Exception as error:  # noqa: BLE001 - whatever one item provokes must not stop the others
        if len(items) == 1 or (is_outage(error) and not isinstance(error, GraphMemoryError)):
            return [error] * len(items)
        if group_failed is not None:
            group_failed(len(items), error)
        middle = len(items) // 2
        return each_result(items[:middle], work, group_failed) + each_result(items[middle:], work, group_failed)
    except BaseException as error:  # noqa: BLE001 - each caller gets it raised
        return [error] * len(items)


def isolate(items: Sequence[T], work: Callable[[Sequence[T]], None]) -> list[Fault[T]]:
    """Do `work` on all items, and return those that fail alone. `work` does all of its items or none.

    Raises outages, and what ends the process.
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
