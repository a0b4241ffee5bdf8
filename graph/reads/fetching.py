"""Runs queries. Rows are plain Python values."""

from asyncio import Semaphore
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from neo4j import READ_ACCESS, AsyncDriver, NotificationMinimumSeverity, Query
from neo4j.exceptions import ClientError, ServiceUnavailable, SessionExpired

from graph.connection import outages
from graph.reads.errors import QueryTimedOutError
from graph.reads.query_builder import ReadQuery

Row = dict[str, Any]

COUNTS_AT_ONCE = 2
"""The number of queries of one process that may read the whole graph at the same time.

Others wait, which limits the use of the server's memory per query (graph.local_server.MEMORY).
"""

_TIMED_OUT = "Neo.ClientError.Transaction.TransactionTimedOut"


@dataclass(frozen=True, slots=True)
class GraphReader:
    """The connection and the time limit. `timeout_seconds` limits the server's work on one query.

    `counting` is held by queries that read a whole graph.
    """

    driver: AsyncDriver
    database: str
    timeout_seconds: float
    counting: Semaphore = field(default_factory=lambda: Semaphore(COUNTS_AT_ONCE))


async def fetch(reader: GraphReader, query: ReadQuery) -> list[Row]:
    """The rows of a query.

    Raises QueryTimedOutError at the time limit, GraphUnavailableError if the server does not answer, GraphMemoryError
    if it lacks memory for the query. A connection that a restarted server dropped is replaced once, which is safe for a
    read.
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
        # An empty graph has no Finding yet: ignore that warning.
        notifications_min_severity=NotificationMinimumSeverity.OFF,
    ) as session:
        # The text is not a literal, but consists only of this package's constants: see query_builder.py.
        result = await session.run(Query(query.text, timeout=reader.timeout_seconds), query.parameters)
        record = await result.single(strict=True)
        rows: list[Row] = record["rows"]
        return rows
