"""Asks the graph. Rows come back as plain Python values."""

from asyncio import Semaphore
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from neo4j import READ_ACCESS, AsyncDriver, NotificationMinimumSeverity, Query
from neo4j.exceptions import ClientError, ServiceUnavailable, SessionExpired

from graph.connection import outages
from graph.reads.draft import ReadQuery
from graph.reads.errors import QueryTimedOutError

Row = dict[str, Any]

COUNTS_AT_ONCE = 2
"""Queries of one process that look at a whole graph at the same time. Others wait for their turn, so that however many
callers ask, the server's memory for one query (graph.local_server.MEMORY) is used so often at most."""

_TIMED_OUT = "Neo.ClientError.Transaction.TransactionTimedOut"


@dataclass(frozen=True, slots=True)
class GraphReader:
    """Where to ask, and how long an answer may take. `timeout_seconds` bounds the work of the server on one query.

    `counting` is held by queries that look at a whole graph.
    """

    driver: AsyncDriver
    database: str
    timeout_seconds: float
    counting: Semaphore = field(default_factory=lambda: Semaphore(COUNTS_AT_ONCE))


async def fetch(reader: GraphReader, query: ReadQuery) -> list[Row]:
    """The rows of a query.

    Raises QueryTimedOutError where the server gave it up, GraphUnavailableError where none answers, GraphMemoryError
    where it has no memory for the query. A connection that a restarted server has dropped is replaced once, which is
    safe for a read.
    """
    try:
        async with reader.counting if query.counts else nullcontext():
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
