"""Asks the graph. Rows come back as plain Python values."""

from dataclasses import dataclass
from typing import Any

from neo4j import READ_ACCESS, AsyncDriver, NotificationMinimumSeverity, Query
from neo4j.exceptions import ClientError, ServiceUnavailable, SessionExpired

from graph.connection import outages
from graph.reads.draft import ReadQuery
from graph.reads.errors import QueryTimedOutError

Row = dict[str, Any]

_TIMED_OUT = "Neo.ClientError.Transaction.TransactionTimedOut"


@dataclass(frozen=True, slots=True)
class GraphReader:
    """Where to ask, and how long an answer may take. `timeout_seconds` bounds the work of the server on one query."""

    driver: AsyncDriver
    database: str
    timeout_seconds: float


async def fetch(reader: GraphReader, query: ReadQuery) -> list[Row]:
    """The rows of a query.

    Raises QueryTimedOutError where the server gave it up, GraphUnavailableError where none answers. A connection that
    a restarted server has dropped is replaced once, which is safe for a read.
    """
    try:
        with outages():
            try:
                return await _run(reader, query)
            except (SessionExpired, ServiceUnavailable):
                return await _run(reader, query)
    except ClientError as error:
        if error.code is not None and error.code.startswith(_TIMED_OUT):
            raise QueryTimedOutError(reader.timeout_seconds) from error
        raise


async def _run(reader: GraphReader, query: ReadQuery) -> list[Row]:
    async with reader.driver.session(
        database=reader.database,
        default_access_mode=READ_ACCESS,
        # An empty graph has no Finding yet: that is no warning.
        notifications_min_severity=NotificationMinimumSeverity.OFF,
    ) as session:
        # The text is no literal, and yet it is of this package's own words alone: see draft.py.
        result = await session.run(Query(query.text, timeout=reader.timeout_seconds), query.parameters)
        record = await result.single(strict=True)
        rows: list[Row] = record["rows"]
        return rows
