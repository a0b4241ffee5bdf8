"""What the driver's errors become: an outage is waited for, anything else is not."""

import pytest
from neo4j import Driver

from graph.connection import open_driver, outages
from graph.errors import GraphMemoryError, GraphUnavailableError
from graph.status import count_graph
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.ports import free_port


def test_a_server_that_does_not_answer_is_an_outage(neo4j_server: Neo4jServer) -> None:
    nowhere = neo4j_server.settings.model_copy(update={"uri": f"bolt://127.0.0.1:{free_port()}"})
    with open_driver(nowhere) as driver, pytest.raises(GraphUnavailableError) as caught:
        count_graph(driver)
    assert caught.value.retryable


def test_a_wrong_password_is_an_outage_that_says_so(neo4j_server: Neo4jServer) -> None:
    wrong = neo4j_server.settings.model_copy(update={"username": "nobody"})
    with open_driver(wrong) as driver, pytest.raises(GraphUnavailableError, match="refused the login") as caught:
        count_graph(driver)
    assert "NEO4J_PASSWORD" in caught.value.remedy


def test_what_needs_too_much_memory_is_no_outage(empty_graph: Driver) -> None:
    """An outage is waited for without end; this would fail again each time."""
    with empty_graph.session() as session, pytest.raises(GraphMemoryError) as caught, outages():
        session.run("UNWIND range(1, 100000000) AS i WITH collect(i) AS numbers RETURN size(numbers)").consume()
    assert not caught.value.retryable
