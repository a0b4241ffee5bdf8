"""Log lines of libraries: one line on standard error, without any text of a message."""

import logging
import sys
import threading
import traceback

PLACES = 5
"""Number of innermost calls that are logged for an exception."""


class WithoutWords(logging.Formatter):
    """Formats lines of libraries. Of an exception only type and places are logged, because its text may quote a
    message.

    The line's own text is left out, too, because libraries include that of the exception.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The formatted line."""
        if not record.exc_info or record.exc_info[0] is None:
            return super().format(record)
        kind, _, trace = record.exc_info
        frames = traceback.extract_tb(trace)[-PLACES:]
        places = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        return f"{self.formatTime(record)} {record.levelname} {record.name} unexpected {kind.__name__} at {places}"


def configure_libraries() -> None:
    """Set up the logs of libraries: warnings and errors. Exceptions that end a thread or cannot be caught are logged
    in the same way, because Python would print their words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutWords("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    threading.excepthook = _of_thread
    sys.unraisablehook = _unraisable


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
        logging.getLogger("threading").error("a thread ended", exc_info=found)  # type: ignore[arg-type]


def _unraisable(arguments: "sys.UnraisableHookArgs") -> None:
    found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    logging.getLogger("python").error("an error nobody could catch", exc_info=found)  # type: ignore[arg-type]
