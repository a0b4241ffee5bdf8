"""Neo4j drivers: one per process, opened after fork and closed by its opener."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase, Driver, GraphDatabase, NotificationMinimumSeverity
from neo4j.exceptions import AuthError, ConnectionPoolError, ServiceUnavailable, SessionExpired, TransientError

from graph.errors import GraphMemoryError, GraphUnavailableError
from graph.settings import Neo4jSettings

__all__ = ["AsyncDriver", "Driver", "open_async_driver", "open_driver", "outages"]

CONNECTION_TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 10.0
"""Seconds for which a managed transaction is retried on transient errors. After that the caller pauses."""


_OUT_OF_MEMORY = ("MemoryPoolOutOfMemoryError", "TransactionOutOfMemoryError", "OutOfMemoryError")
"""The ends of the server's codes: all transactions together, this one, or the server itself has no more."""


def open_driver(settings: Neo4jSettings) -> Driver:
    """A driver for one process and its threads. Connects at first use, never here."""
    return GraphDatabase.driver(settings.uri, **_options(settings))


def open_async_driver(settings: Neo4jSettings) -> AsyncDriver:
    """A driver for one event loop. Connects at first use, never here."""
    return AsyncGraphDatabase.driver(settings.uri, **_options(settings))


@contextmanager
def outages() -> Iterator[None]:
    """Raise GraphUnavailableError for the driver's errors about a server that does not respond or refuses the login.

    A transaction that needs more memory than the server has raises GraphMemoryError. It is an outage too, but fewer
    studies at once may succeed.
    """
    try:
        yield
    except AuthError as error:
        remedy = "check NEO4J_USERNAME and NEO4J_PASSWORD"
        raise GraphUnavailableError("Neo4j refused the login", remedy, is_login=True) from error
    except (ServiceUnavailable, SessionExpired, ConnectionPoolError, TransientError) as error:
        if isinstance(error, TransientError) and str(error.code).endswith(_OUT_OF_MEMORY):
            raise GraphMemoryError from error
        raise GraphUnavailableError(
            f"Neo4j does not respond ({type(error).__name__})", "check that the server is running, and read its log"
        ) from error


def _options(settings: Neo4jSettings) -> dict[str, Any]:
    return {
        "auth": (settings.username, settings.password.get_secret_value()),
        "connection_timeout": CONNECTION_TIMEOUT_SECONDS,
        "max_transaction_retry_time": RETRY_SECONDS,
        # Otherwise the server's warnings about unused labels put the text of queries into our logs.
        "notifications_min_severity": NotificationMinimumSeverity.OFF,
    }
