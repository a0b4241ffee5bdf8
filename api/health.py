"""Health checks of the API and the services it needs."""

import asyncio
from collections.abc import Awaitable

from graph.errors import GraphError
from graph.reads.fetching import GraphReader, fetch
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder
from ingest.errors import OutageError
from ingest.ledger.storage.database import Ledger
from ingest.redis_address import read_address, redis_outages

PATIENCE_S = 3.0
"""Time limit of a service's response."""


async def parts_answering(graph: GraphReader, ledger: Ledger, broker_url: str | None) -> dict[str, bool]:
    """Whether each service responds, by name. The queue is checked only if its address is known."""
    checks: dict[str, Awaitable[object]] = {
        "graph": fetch(graph, QueryBuilder().finish("UNWIND [1] AS one", patient=NO_SINGLE_PATIENT, one="one")),
        "ledger": asyncio.to_thread(ledger.ping),
    }
    if broker_url is not None:
        checks["queue"] = asyncio.to_thread(_ping, broker_url)
    answers = await asyncio.gather(*(_answers(check) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _answers(check: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(check, PATIENCE_S)
    except (GraphError, OutageError, OSError, TimeoutError):
        return False
    return True


def _ping(url: str) -> None:
    with redis_outages(), read_address(url).open(PATIENCE_S) as client:
        client.ping()
