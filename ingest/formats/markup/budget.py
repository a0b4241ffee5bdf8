"""How much markup one message may have in all its documents: many small ones take as long to read as a large one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import MARKUP_LIMIT

MESSAGE_MARKUP_LIMIT = 2 * MARKUP_LIMIT
"""Signs of markup in all documents of one message: at up to 5 microseconds each 2.6 s."""

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def of_one_message() -> Iterator[None]:
    """Count what is spent within this block as of one message."""
    token = _left.set([MESSAGE_MARKUP_LIMIT])
    try:
        yield
    finally:
        _left.reset(token)


def spend(signs: int) -> None:
    """Count signs of markup before they are read. Refuses (`too_large`) those beyond the message's limit."""
    left = _left.get()
    if left is None:
        return
    left[0] -= signs
    if left[0] < 0:
        detail = f"the documents of the message have more than {MESSAGE_MARKUP_LIMIT} characters of markup"
        raise MessageRefusedError(Reason.TOO_LARGE, detail)
