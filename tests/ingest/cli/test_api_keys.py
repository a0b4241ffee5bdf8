"""`vlmkg api-keys`, as it is typed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingest.cli.api_keys import api_keys
from ingest.ledger.access import audit
from ingest.ledger.access.api_keys import KeyHolder, Role, authenticate, ensure_admin_key
from ingest.ledger.storage.database import Ledger, open_ledger
from vlmkg.data_dir import DataDir, Endpoints
from vlmkg.errors import RefusedError, UsageError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, data: DataDir, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The ledger of the data folder, or the one that the settings name."""
    url = data.ledger_url
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").new_database()
        monkeypatch.setenv("VLMKG_LEDGER_URL", url)
    ledger = open_ledger(url)
    ensure_admin_key(ledger, data.api_key_file)
    yield ledger
    ledger.close()


def run(data: DataDir, *words: str, fails: bool = False) -> Result:
    result = CliRunner().invoke(api_keys, [*words, "--data", str(data.root)])
    assert (result.exception is not None) == fails, result.output
    return result


def listed(data: DataDir) -> dict[str, Any]:
    return {key["name"]: key for key in json.loads(run(data, "list", "--json").stdout)}


def test_a_key_is_shown_once_and_works(data: DataDir, kept: Ledger) -> None:
    made = run(data, "create", "Dr. Meyer", "--role", "researcher")
    key = made.stdout.strip()
    assert authenticate(kept, key) == KeyHolder("Dr. Meyer", Role.RESEARCHER)
    assert key not in made.stderr
    shown = run(data, "list").stdout
    assert key not in shown
    assert "Dr. Meyer" in shown
    assert key not in run(data, "list", "--json").stdout
    with kept.read() as connection:
        (entry,) = audit.entries(connection, limit=9)
    assert entry.actor.startswith("cli:")
    assert entry.action == f'create API key {listed(data)["Dr. Meyer"]["id"]} researcher "Dr. Meyer"'
    assert key not in str(entry)


def test_what_is_listed(data: DataDir, kept: Ledger) -> None:
    run(data, "create", "ends", "--role", "viewer", "--expires", "90")
    made = json.loads(run(data, "create", "stays", "--role", "operator", "--json").stdout)
    assert authenticate(kept, made["key"]) == KeyHolder("stays", Role.OPERATOR)
    run(data, "revoke", "ends")
    keys = listed(data)
    assert list(keys) == ["admin", "ends", "stays"]
    assert {name: key["state"] for name, key in keys.items()} == {"admin": "works", "ends": "revoked", "stays": "works"}
    assert keys["ends"]["expires_at"] > keys["ends"]["created_at"]
    assert keys["stays"]["last_used_at"]
    assert keys["admin"]["last_used_at"] is None


def test_a_revoked_key_works_no_more(data: DataDir, kept: Ledger) -> None:
    key = run(data, "create", "ward", "--role", "viewer").stdout.strip()
    assert "is revoked" in run(data, "revoke", "ward").stdout
    assert authenticate(kept, key) is None
    error = run(data, "revoke", "ward", fails=True).exception
    assert isinstance(error, RefusedError)
    with kept.read() as connection:
        assert audit.entries(connection, limit=1)[0].action.startswith("revoke API key ")


def test_the_stacks_own_key_is_renewed(data: DataDir, kept: Ledger) -> None:
    old = data.api_key_file.read_text()
    data.write_endpoints(Endpoints(graphql="http://127.0.0.1:8000/graphql", api_key=old))
    assert str(data.api_key_file) in run(data, "revoke", "admin").stdout
    new = data.api_key_file.read_text()
    assert authenticate(kept, old) is None
    assert authenticate(kept, new) == KeyHolder("admin", Role.ADMIN)
    running = data.endpoints()
    assert running is not None
    assert (running.api_key, running.graphql) == (new, "http://127.0.0.1:8000/graphql")


def test_the_last_admin_of_a_ledger_whose_stack_is_elsewhere(data: DataDir, kept: Ledger) -> None:
    key = data.api_key_file.read_text()
    data.api_key_file.unlink()
    error = run(data, "revoke", "admin", fails=True).exception
    assert isinstance(error, RefusedError)
    assert "--force" in error.remedy
    assert authenticate(kept, key) is not None
    run(data, "revoke", "admin", "--force")
    assert authenticate(kept, key) is None
    assert not data.api_key_file.exists()


def test_calls_that_can_not_be_meant(data: DataDir) -> None:
    assert isinstance(run(data, "list", fails=True).exception, UsageError)
    assert not data.root.exists()
    open_ledger(data.ledger_url).close()
    for words in (
        ["create", "x"],
        ["create", "x", "--role", "king"],
        ["create", "x", "--role", "viewer", "--expires", "0"],
    ):
        assert run(data, *words, fails=True).exit_code == 2
    assert isinstance(run(data, "create", "cli:root", "--role", "viewer", fails=True).exception, UsageError)
