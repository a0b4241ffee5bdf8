"""A worker's log: lines of `key=value` on standard error, with ids and counts, never a payload."""

import logging
import sys

import structlog

from vlmkg.logs import configure_libraries


def configure_logging() -> None:
    """Set up logging for a worker and its children. Celery logs errors, not received messages."""
    configure_libraries()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event")),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
