"""Asking the graph: what happens when it does not answer, or not in time."""

import pytest
from pydantic import SecretStr

from graph.connection import open_async_driver
from graph.errors import GraphUnavailableError
from graph.reads.errors import QueryTimedOutError
from graph.reads.fetching import GraphReader, fetch
from graph.reads.query_builder import NO_SINGLE_PATIENT, QueryBuilder, ReadQuery
from graph.settings import Neo4jSettings
from tests.fixtures.neo4j_server import Neo4jServer, Outage
from tests.fixtures.ports import free_port

ONE = QueryBuilder().finish("UNWIND [1] AS one", patient=NO_SINGLE_PATIENT, one="one")
ENDLESS = ReadQuery(
    "UNWIND range(1, 100000000000) AS x WITH x WHERE x < 0 RETURN collect(x) AS rows", {}, names_patients=False
)


async def test_rows(neo4j_server: Neo4jServer) -> None:
    async with open_async_driver(neo4j_server.settings) as driver:
        assert await fetch(GraphReader(driver, "neo4j", 5.0), ONE) == [{"one": 1}]


async def test_the_server_gives_up_a_query_that_takes_too_long(neo4j_server: Neo4jServer) -> None:
    async with open_async_driver(neo4j_server.settings) as driver:
        with pytest.raises(QueryTimedOutError, match=r"0\.5 s"):
            await fetch(GraphReader(driver, "neo4j", 0.5), ENDLESS)


async def test_a_server_that_is_not_there() -> None:
    settings = Neo4jSettings(uri=f"bolt://127.0.0.1:{free_port()}", password=SecretStr("x"))
    async with open_async_driver(settings) as driver:
        with pytest.raises(GraphUnavailableError):
            await fetch(GraphReader(driver, "neo4j", 5.0), ONE)


async def test_a_server_that_was_away_is_met_again(outage: Outage) -> None:
    """The pool still holds the connection from before."""
    async with open_async_driver(outage.settings) as driver:
        reader = GraphReader(driver, "neo4j", 5.0)
        await fetch(reader, ONE)
        outage.road.break_off()
        outage.road.mend()
        assert await fetch(reader, ONE) == [{"one": 1}]


async def test_reads_cannot_write(neo4j_server: Neo4jServer) -> None:
    """Whatever a query said, the session is one for reading."""
    writing = ReadQuery("CREATE (n:Nothing) WITH collect(n.x) AS rows RETURN rows", {}, names_patients=False)
    async with open_async_driver(neo4j_server.settings) as driver:
        with pytest.raises(Exception, match="read access mode"):
            await fetch(GraphReader(driver, "neo4j", 5.0), writing)
