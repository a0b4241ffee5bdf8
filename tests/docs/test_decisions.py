"""The table of decisions is complete, and each record says what enforces it."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
PARAGRAPHS = ("Context", "Decision", "Consequences", "Check")

_ROW = re.compile(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| (.+?) \| (.+?) \| (\S+) \|$", re.MULTILINE)
_TITLE = re.compile(r"^# (\d{4}) (.+)$")
_STATUS = re.compile(r"^(?:accepted|(?:accepted, in part )?superseded by (\d{4}))$")
_NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|yml|md|sql))(?:::(\w+))?`")
_TEST = re.compile(r"`(test_\w+)`")
_NOTHING = re.compile(r"\bNothing (?:enforces|checks|tests)\b")
_LONGEST_TITLE = 130


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    number: str
    file: str
    title: str
    area: str
    status: str
    day: str


def _rows() -> list[Row]:
    return [Row(*found) for found in _ROW.findall((DECISIONS / "README.md").read_text(encoding="utf-8"))]


def _title(record: Path) -> tuple[str, str]:
    found = _TITLE.match(record.read_text(encoding="utf-8").partition("\n")[0])
    assert found is not None, f"{record.name}: the first line is not `# NNNN The decision in one line`"
    return found[1], found[2]


def _row_text(record: Path) -> str:
    number, title = _title(record)
    return f"| [{number}]({record.name}) | {title} | AREA | accepted | YYYY-MM-DD |"


def _paragraph(record: Path, name: str) -> str:
    """The text from a paragraph's name to the next paragraph that has a name; empty where there is none."""
    text = record.read_text(encoding="utf-8")
    found = re.search(rf"^\*\*{name}\.\*\*(.*?)(?=^\*\*[A-Z]|\Z)", text, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def test_every_record_has_one_row_with_its_title() -> None:
    rows = _rows()
    listed = [row.file for row in rows]
    missing = [_row_text(record) for record in RECORDS if record.name not in listed]
    assert not missing, "add to docs/decisions/README.md:\n" + "\n".join(missing)
    assert listed == [record.name for record in RECORDS], "a row is there twice, out of order, or without a record"
    assert [(row.number, row.title) for row in rows] == [_title(record) for record in RECORDS]


def test_numbers_are_unique_and_are_those_of_the_file_names() -> None:
    numbers = [_title(record)[0] for record in RECORDS]
    assert len(set(numbers)) == len(numbers)
    assert numbers == [record.name[:4] for record in RECORDS]


def test_every_row_has_an_area_a_status_and_a_date() -> None:
    rows = _rows()
    numbers = {row.number for row in rows}
    for row in rows:
        assert row.area == row.area.strip() != "", row
        status = _STATUS.match(row.status)
        assert status is not None, row
        assert status[1] is None or status[1] in numbers - {row.number}, f"{row.number}: {status[1]} does not exist"
        assert date.fromisoformat(row.day), row


def test_the_table_has_no_line_that_cannot_be_read() -> None:
    text = (DECISIONS / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(_rows())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_every_record_has_its_paragraphs_and_a_short_title(record: Path) -> None:
    assert [name for name in PARAGRAPHS if not _paragraph(record, name)] == []
    title = _title(record)[1]
    assert len(title) <= _LONGEST_TITLE
    assert not title.endswith((".", ":"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_every_check_names_what_exists_or_says_that_nothing_enforces_it(record: Path) -> None:
    check = _paragraph(record, "Check")
    named = _NAMED.findall(check)
    assert named or _NOTHING.search(check), check
    assert [name for name, _ in named if not (ROOT / name).exists()] == []
    sources = {name: (ROOT / name).read_text(encoding="utf-8") for name, _ in named if name.endswith(".py")}
    for name, function in named:
        assert f"def {function}(" in sources[name] if function else True, f"{name} has no {function}"
    for function in _TEST.findall(check):
        assert any(f"def {function}(" in source for source in sources.values()), f"no named file has {function}"
    for contract in re.findall(r'contract "([^"]+)"', check):
        assert f'name = "{contract}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8"), contract
