"""Unexpected errors: logged by type and place, without their messages, which may quote a report."""

import traceback
from pathlib import Path

import structlog

_ROOT = Path(__file__).parents[1]
_PACKAGES = frozenset({"vlmkg", "graph", "ingest"})

log = structlog.get_logger()


def say(event: str, error: BaseException, **known: str | int) -> None:
    """Log an error under the name `event`, with further values that hold no data of the sender."""
    log.error(event, error=place_of(error), **known)


def place_of(error: BaseException) -> str:
    """`ValueError at vlmkg/reading/rules/engine.py:12`: the last line of this project in its traceback, without its
    message.

    The message may quote a report.
    """
    places = ["somewhere"]
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _PACKAGES:
            places.append(f"{path.relative_to(_ROOT)}:{frame.lineno}")
    return f"{type(error).__name__} at {places[-1]}"
