"""Opening what may be away at the start, without giving up what was loaded already."""

from collections.abc import Callable
from typing import TypeVar

from ingest.errors import OutageError
from ingest.workers.backoff import Backoff

T = TypeVar("T")


def when_it_answers(open_it: Callable[[], T]) -> T:
    """What `open_it` gives, tried until there is no OutageError any more. Other errors are raised at once."""
    backoff = Backoff()
    while True:
        try:
            opened = open_it()
        except OutageError as error:
            backoff.pause(error)
        else:
            backoff.succeeded()
            return opened
