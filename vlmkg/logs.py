"""A process's log: one line per event on standard error, in one form for our own code and for libraries.

Our own lines hold ids and counts, never a payload. Of a library's exception only type and places are logged.
"""

import logging
import sys
import threading
import traceback
from typing import Any

import structlog
from pydantic import ValidationError
from structlog.typing import EventDict, Processor, WrappedLogger

from vlmkg.errors import UsageError
from vlmkg.settings import LogFormat, LogSettings

PLACES = 5
"""Number of innermost calls that are logged for an exception."""


def _printable(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Control characters as escapes: a sender's name must not move the cursor or begin a line of its own."""
    return {
        name: value if not isinstance(value, str) or value.isprintable() else "".join(map(_escaped, value))
        for name, value in event.items()
    }


def _escaped(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode()


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _printable,
)


def configure_logging() -> None:
    """Set up the log of this process: our own lines from `info`, those of libraries from `warning`.

    Raises UsageError if VLMKG_LOG_FORMAT is not a known format.
    """
    try:
        form = LogSettings().log_format
    except ValidationError:
        known = ", ".join(form.value for form in LogFormat)
        raise UsageError("VLMKG_LOG_FORMAT is not a known format", f"use one of: {known}") from None
    structlog.configure(
        processors=[*_SHARED, _renderer(form)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(library_formatter(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # Exceptions that end a thread or that cannot be caught: Python would print their words.
    threading.excepthook = _of_thread
    sys.unraisablehook = _unraisable


def library_formatter(form: LogFormat) -> logging.Formatter:
    """Formats lines of libraries like our own, without the text of exceptions."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_without_words, structlog.stdlib.add_logger_name, *_SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
    )


def _renderer(form: LogFormat) -> Processor:
    if form is LogFormat.JSON:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"))


def _without_words(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A library's line. Of an exception only type and places are logged, because its text may quote a message. The
    line's own text is left out, too, because libraries include that of the exception."""
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


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
        logging.getLogger("threading").error("a thread ended", exc_info=found)  # type: ignore[arg-type]


def _unraisable(arguments: "sys.UnraisableHookArgs") -> None:
    found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    logging.getLogger("python").error("an error that could not be caught", exc_info=found)  # type: ignore[arg-type]
