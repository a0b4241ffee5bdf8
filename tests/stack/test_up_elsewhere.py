"""`vlmkg up` with parts that run elsewhere: none is started for them, and a missing one is named at once."""

from pathlib import Path

import pytest

from tests.fixtures.neo4j_server import Neo4jServer
from tests.fixtures.ports import free_port
from tests.fixtures.redis_server import RedisServer
from tests.stack.processes import belonging_to
from tests.stack.running import Up
from vlmkg.data_dir import DataDir

pytestmark = pytest.mark.long


@pytest.mark.timeout(300)
def test_only_the_missing_parts_are_started(
    tmp_path: Path, neo4j_server: Neo4jServer, empty_graph: object, broker: RedisServer
) -> None:
    data, elsewhere = DataDir(tmp_path / "var"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    addresses = {"CELERY_BROKER_URL": broker.url, "VLMKG_BLOB_URL": f"file://{elsewhere / 'blobs'}"}
    ledger = f"sqlite:///{elsewhere / 'other.sqlite'}"
    up = Up(data.root, VLMKG_LEDGER_URL=ledger, **addresses, **neo4j_server.environment)
    try:
        assert up.ready(), "\n".join(up.said)
        found = data.require_endpoints()
        assert (found.bolt, found.redis, found.browser) == (neo4j_server.uri, broker.url, None)
        assert sorted(path.stem for path in data.run.glob("*.pid")) == [
            "api",
            "gateway",
            "worker-extract",
            "worker-merge",
        ]
        assert (elsewhere / "other.sqlite").exists()
        assert not data.ledger_file.exists()
        for name in ("NEO4J_URI", "CELERY_BROKER_URL", "VLMKG_LEDGER_URL", "VLMKG_BLOB_URL"):
            assert any(f"external, set by {name}" in line for line in up.said)
    finally:
        up.end()
    assert belonging_to(tmp_path) == []
    assert broker.answers()
    assert neo4j_server.runs()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"CELERY_BROKER_URL": "redis://127.0.0.1:{port}/0"},
            "the Redis of CELERY_BROKER_URL can't be used: Redis does not respond",
        ),
        (
            {"NEO4J_URI": "bolt://127.0.0.1:{port}", "NEO4J_PASSWORD": "x"},
            "the Neo4j of NEO4J_URI does not respond, or refuses the login",
        ),
        ({"VLMKG_LEDGER_URL": "mysql://127.0.0.1/x"}, "the ledger does not support mysql"),
    ],
)
def test_a_wrong_setting_is_named_with_a_remedy(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    given = {name: value.format(port=free_port()) for name, value in settings.items()}
    up = Up(tmp_path / "var", **given)
    assert up.ended() == 2
    assert any(line.startswith(f"vlmkg: {message}") for line in up.said)
    assert up.said[-1].startswith("  ")
    assert belonging_to(tmp_path) == []
