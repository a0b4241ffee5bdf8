"""docs/python.md does what it says: every example on it is run."""

import doctest
from pathlib import Path

import pytest

from tests.vlmkg.python_page import examples
from vlmkg.reading_rows import COLUMNS


def test_every_example_of_the_page_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    monkeypatch.setenv("VLMKG_DATA", str(tmp_path))
    test = doctest.DocTestParser().get_doctest(examples(), {}, "docs/python.md", "docs/python.md", 0)
    found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test)
    assert found.attempted > 20
    assert found.failed == 0


def test_the_table_s_columns_are_told() -> None:
    assert all(COLUMNS.values())
