"""`vlmkg graph` as a person or a program calls it, on the real server, with a real ledger beside it."""

import json
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from neo4j import Driver
from sqlalchemy import insert

from graph.cli import graph
from graph.errors import GraphUnavailableError
from graph.writes import Projection, merge_studies
from ingest.ledger.storage.tables import report_texts
from ingest.settings import ledger_of
from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.ports import free_port
from tests.fixtures.road import Road
from tests.graph.subgraphs import study
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import UsageError


@pytest.fixture
def data(tmp_path: Path, neo4j_server: Neo4jServer, empty_graph: Driver) -> DataDir:
    """The data folder of a stack whose Neo4j is the server of the tests, with one study in it."""
    folder = DataDir(tmp_path)
    folder.write_endpoints(
        Endpoints(bolt=neo4j_server.uri, neo4j_username=neo4j_server.username, neo4j_password=neo4j_server.password)
    )
    merge_studies(empty_graph, lambda: Projection([study(1)]))
    return folder


def call(data: DataDir, *arguments: str) -> Result:
    return CliRunner().invoke(graph, [*arguments, "--data", str(data.root)])


def test_migrate_waits_for_a_server_that_does_not_answer_yet(data: DataDir, neo4j_server: Neo4jServer) -> None:
    port = free_port()
    endpoints = data.endpoints()
    assert endpoints is not None
    data.write_endpoints(endpoints.model_copy(update={"bolt": f"bolt://127.0.0.1:{port}"}))
    with pytest.raises(GraphUnavailableError):
        CliRunner().invoke(graph, ["migrate", "--wait", "2", "--data", str(data.root)], catch_exceptions=False)
    opened: list[Road] = []
    opener = threading.Timer(3.0, lambda: opened.append(Road(neo4j_server.local.bolt_port, port)))
    opener.start()
    try:
        result = call(data, "migrate", "--wait", "60")
        assert result.exit_code == 0, result.output
        assert "waiting for Neo4j" in result.output
        assert "the vocabulary was already loaded" in result.output
    finally:
        opener.join()
        opened[0].break_off()


def test_migrate_does_not_wait_where_the_login_is_refused(data: DataDir) -> None:
    endpoints = data.endpoints()
    assert endpoints is not None
    data.write_endpoints(endpoints.model_copy(update={"neo4j_password": "wrong"}))
    with pytest.raises(GraphUnavailableError, match="refused the login"):
        CliRunner().invoke(graph, ["migrate", "--wait", "600", "--data", str(data.root)], catch_exceptions=False)


def test_migrate_says_what_it_did(data: DataDir) -> None:
    assert json.loads(call(data, "migrate", "--json").output) == {"applied": [], "vocabulary_loaded": False}
    assert call(data, "migrate").output == "the vocabulary was already loaded\n"


def test_status_counts_by_label_and_type(data: DataDir) -> None:
    counted = json.loads(call(data, "status", "--json").output)
    assert counted["labels"]["Mention"] == len(study(1).mentions)
    assert counted["labels"]["Image"] == counted["relationships"]["SUPERSEDES"] == 0
    assert not {"Lock", "Migration", "Vocabulary"} & counted["labels"].keys()
    table = call(data, "status").output
    assert "HAS_FINDING" in table
    assert "Extraction" in table


def test_verify_of_a_sound_graph(data: DataDir) -> None:
    result = call(data, "verify", "--digest", "--json")
    answer = json.loads(result.output)
    assert result.exit_code == 0
    assert set(answer) == {"violations", "digest"}
    assert set(answer["violations"].values()) == {0}
    assert len(answer["digest"]) == 64
    text = call(data, "verify", "--digest").output
    assert f"digest {answer['digest']}" in text
    assert "no ledger was found" in text


def test_verify_of_a_broken_graph_exits_with_1(data: DataDir, empty_graph: Driver) -> None:
    empty_graph.execute_query("CREATE (:Patient {patientId: 'x'})")
    result = call(data, "verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["violations"]["patients_without_study"] == 1
    assert "digest" not in json.loads(result.output)
    table = call(data, "verify")
    assert table.exit_code == 1
    assert "patients_without_study" in table.output


def test_verify_compares_with_the_ledgers_texts(data: DataDir, empty_graph: Driver) -> None:
    subgraph = study(1)
    text = [" "] * 5000
    for mention in subgraph.mentions:
        text[mention.start : mention.end] = mention.text
    row = {"report_key": subgraph.reports[0].report_key, "text_digest": "00", "text": "".join(text)}
    with closing(ledger_of(data)) as ledger, ledger.write() as connection:
        connection.execute(insert(report_texts), [row])
    assert call(data, "verify").exit_code == 0
    assert "no ledger" not in call(data, "verify").output
    moved = replace(subgraph.mentions[0], start=1, end=subgraph.mentions[0].end + 1)
    merge_studies(empty_graph, lambda: Projection([replace(subgraph, mentions=(moved, *subgraph.mentions[1:]))]))
    result = call(data, "verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["violations"]["mentions_unlike_their_text"] == 1


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(graph, ["status", "--data", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "vlmkg up" in result.exception.remedy


def test_the_environment_goes_before_the_stack(
    tmp_path: Path, neo4j_server: Neo4jServer, empty_graph: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in neo4j_server.environment.items():
        monkeypatch.setenv(name, value)
    assert call(DataDir(tmp_path), "status").exit_code == 0
    monkeypatch.delenv("NEO4J_PASSWORD")
    result = call(DataDir(tmp_path), "status")
    assert isinstance(result.exception, UsageError)
    assert "NEO4J_PASSWORD" in str(result.exception)


def test_a_stack_without_a_neo4j_of_its_own(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    folder.write_endpoints(Endpoints(api="http://127.0.0.1:8000"))
    result = call(folder, "status")
    assert isinstance(result.exception, UsageError)
    assert "NEO4J_URI" in result.exception.remedy
