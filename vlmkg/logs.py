"""What processes print: one line an event to standard error, in one form for our own code and for libraries.

Our own lines hold ids and counts, never a payload. Of a library's exception the kind and the places are told.
"""

import logging
import sys
import traceback
from typing import Any

import structlog
from pydantic import ValidationError
from structlog.typing import EventDict, Processor, WrappedLogger

from vlmkg.errors import UsageError
from vlmkg.settings import LogFormat, LogSettings

PLACES = 5
"""Innermost calls that are told of an exception."""

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logging() -> None:
    """Set up what this process prints: our own lines from `info`, the libraries' from `warning`.

    Raises UsageError for a VLMKG_LOG_FORMAT that there is not.
    """
    try:
        form = LogSettings().log_format
    except ValidationError:
        known = ", ".join(form.value for form in LogFormat)
        raise UsageError("VLMKG_LOG_FORMAT names no form of lines", f"use one of: {known}") from None
    structlog.configure(
        processors=[*_SHARED, _renderer(form)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(library_formatter(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def library_formatter(form: LogFormat) -> logging.Formatter:
    """Lines of the libraries, in the form of our own and without the words of exceptions."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_without_words, structlog.stdlib.add_logger_name, *_SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
    )


def _renderer(form: LogFormat) -> Processor:
    if form is LogFormat.JSON:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"))


def _without_words(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A library's line. With an exception its own words go too: libraries put those of the exception into them, and
    they may be a message's."""
    record: logging.LogRecord = event["_record"]
    told: dict[str, Any] = dict(event)
    told.pop("exc_info", None)
    told.pop("stack_info", None)
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, trace = record.exc_info
        frames = traceback.extract_tb(trace)[-PLACES:]
        told["event"] = f"unexpected {kind.__name__}"
        told["places"] = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    return told
