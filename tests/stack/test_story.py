"""What the demo shows at its end."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from stack.demo.story import look_around
from vlmkg.data_dir import DataDir, Endpoints

ENDPOINTS = Endpoints(
    graphql="http://127.0.0.1:8000/graphql",
    browser="http://127.0.0.1:7474/browser/",
    neo4j_username="neo4j",
    neo4j_password="a-password",
    api_key="vlmkg_a-key",
)


@pytest.mark.parametrize("terminal", [True, False])
def test_its_keys_are_shown_on_a_terminal_and_in_no_log(tmp_path: Path, terminal: bool) -> None:
    shown = io.StringIO()
    look_around(Console(file=shown, force_terminal=terminal, width=300, highlight=False), DataDir(tmp_path), ENDPOINTS)
    said = shown.getvalue()
    assert "http://127.0.0.1:7474/browser/" in said
    assert ("vlmkg_a-key" in said) == ("a-password" in said) == terminal
    for name in ("api.key", "neo4j.password"):
        assert (str(tmp_path / "secrets" / name) in said) != terminal
