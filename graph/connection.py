"""Drivers. One for each process, opened after fork, closed by whoever opened it."""

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
"""How long a managed transaction is tried again on transient errors; then the caller's own pause takes over."""


_OUT_OF_MEMORY = ("MemoryPoolOutOfMemoryError", "TransactionOutOfMemoryError", "OutOfMemoryError")


def open_driver(settings: Neo4jSettings) -> Driver:
    """A driver for one process and its threads. Connects at first use, never here."""
    return GraphDatabase.driver(settings.uri, **_options(settings))


def open_async_driver(settings: Neo4jSettings) -> AsyncDriver:
    """A driver for one event loop. Connects at first use, never here."""
    return AsyncGraphDatabase.driver(settings.uri, **_options(settings))


@contextmanager
def outages() -> Iterator[None]:
    """Turn the driver's errors for a server that does not answer, or not to us, into GraphUnavailableError.

    What needs more memory than the server has is no outage: GraphMemoryError.
    """
    try:
        yield
    except AuthError as error:
        remedy = "check NEO4J_USERNAME and NEO4J_PASSWORD"
        raise GraphUnavailableError("Neo4j refuses the login", remedy, is_login=True) from error
    except (ServiceUnavailable, SessionExpired, ConnectionPoolError, TransientError) as error:
        if isinstance(error, TransientError) and str(error.code).endswith(_OUT_OF_MEMORY):
            # The driver takes it for transient, but the same transaction needs as much memory the next time.
            raise GraphMemoryError from error
        raise GraphUnavailableError(
            f"Neo4j does not answer ({type(error).__name__})", "see whether the server runs, and its log"
        ) from error


def _options(settings: Neo4jSettings) -> dict[str, Any]:
    return {
        "auth": (settings.username, settings.password.get_secret_value()),
        "connection_timeout": CONNECTION_TIMEOUT_SECONDS,
        "max_transaction_retry_time": RETRY_SECONDS,
        # The server warns of every label and property that no node has yet, with the query's text, into our logs.
        "notifications_min_severity": NotificationMinimumSeverity.OFF,
    }
