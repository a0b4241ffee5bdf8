"""What `vlmkg up` reads from the environment."""

from pathlib import Path

import pytest

from stack.run import running_stack
from stack.settings import StackSettings
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


@pytest.mark.parametrize(("text", "mebibytes"), [("512m", 512), ("2g", 2048), ("1G", 1024)])
def test_heap_sizes_are_written_as_java_writes_them(monkeypatch: pytest.MonkeyPatch, text: str, mebibytes: int) -> None:
    monkeypatch.setenv("VLMKG_NEO4J_HEAP", text)
    assert StackSettings().vlmkg_neo4j_heap == mebibytes


@pytest.mark.parametrize(
    ("name", "value"),
    [("VLMKG_NEO4J_HEAP", "512"), ("VLMKG_NEO4J_HEAP", "12m"), ("VLMKG_API_PORT", "0"), ("VLMKG_API_PORT", "http")],
)
def test_a_wrong_value_is_named_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name}: "), running_stack(DataDir(tmp_path / "var")):
        pass
    assert list(tmp_path.iterdir()) == []
