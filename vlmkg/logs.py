"""What libraries print: one line to standard error, and nothing of a message in it."""

import logging
import sys
import threading
import traceback

PLACES = 5
"""Innermost calls that are told of an exception."""


class WithoutWords(logging.Formatter):
    """Lines of the libraries. Of an exception the kind and the places are told: its words may be a message's.

    The line's own words are left out with it, since libraries put those of the exception into them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        if not record.exc_info or record.exc_info[0] is None:
            return super().format(record)
        kind, _, trace = record.exc_info
        frames = traceback.extract_tb(trace)[-PLACES:]
        places = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        return f"{self.formatTime(record)} {record.levelname} {record.name} unexpected {kind.__name__} at {places}"


def configure_libraries() -> None:
    """Set up what libraries log: warnings and worse. What ends a thread, or is raised where nobody can catch it, is
    told in the same way: Python would print the words of the exception."""
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
