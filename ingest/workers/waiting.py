"""Waits for a service that does not respond at start, without losing what is loaded already."""

from collections.abc import Callable
from typing import TypeVar

from ingest.errors import OutageError
from ingest.workers.backoff import Backoff

T = TypeVar("T")


def when_it_answers(open_it: Callable[[], T]) -> T:
    """The result of `open_it`, which is repeated after each OutageError. Other errors are raised at once."""
    backoff = Backoff()
    while True:
        try:
            opened = open_it()
        except OutageError as error:
            backoff.pause(error)
        else:
            backoff.succeeded()
            return opened
