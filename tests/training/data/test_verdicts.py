"""Verdicts of people correct labels of rows, and leave out rows that nobody can correct."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.data.rows import Row
from training.data.tally import Tally
from training.data.verdicts import read_verdicts, with_verdicts
from vlmkg.errors import UsageError
from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Presence

TEXT = "Small effusion. No edema."
ROW = Row("key", "p", TEXT, read_report(TEXT), labels="silver rules 1")


def verdict(word: str, said: str, presence: str | None, **other: Any) -> str:
    start = TEXT.index(word)
    finding = {"start": start, "end": start + len(word), "presence": said}
    return json.dumps(
        {"standing": True, "report": "key", "verdict": "wrong", "presence": presence, "finding": finding, **other}
    )


def applied(tmp_path: Path, *lines: str) -> tuple[list[Row], Tally]:
    path, tally = tmp_path / "reviews.jsonl", Tally()
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return list(with_verdicts([ROW], read_verdicts(path), tally)), tally


def presences(row: Row) -> dict[str, Presence]:
    return {one.text: one.presence for one in row.graph.mentions}


def test_a_wrong_presence_is_corrected_and_no_other(tmp_path: Path) -> None:
    ((row,), _) = applied(tmp_path, verdict("effusion", "present", "absent"))
    assert presences(row) == {**presences(ROW), "effusion": Presence.ABSENT}
    assert row.labels == "silver rules 1, corrected"


def test_a_label_known_to_be_wrong_leaves_the_report_out(tmp_path: Path) -> None:
    rows, tally = applied(tmp_path, verdict("edema", "absent", None))
    assert rows == []
    assert tally.left_out == {"reports with a label that is known to be wrong": 1}


@pytest.mark.parametrize(
    "line",
    [
        verdict("edema", "present", None),  # what was judged is not what this label says
        verdict("effusion", "present", None, verdict="correct"),
        verdict("effusion", "present", "absent", standing=False),
        verdict("effusion", "present", "absent", report="other"),
        verdict("effusion", "present", "absent", report=None),  # of a film
    ],
)
def test_other_verdicts_change_nothing(tmp_path: Path, line: str) -> None:
    assert applied(tmp_path, line)[0] == [ROW]


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1"):
        applied(tmp_path, "{}")
