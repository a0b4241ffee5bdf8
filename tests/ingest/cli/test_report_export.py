"""`vlmkg events export-reports`, as it is typed, up to the rows that training reads."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli.events import events
from ingest.ledger.access import audit
from ingest.settings import ledger_of
from tests.ingest.ledger.builders import message, receive, report, study
from training.data.jsonl import read_files
from training.data_cli import data as train_data
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

TITLE = "FINDINGS: Clear lungs. "


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDir]:
    """Three patients: a corrected report and a preliminary one; a final one; an exam of the knee."""
    data = DataDir(tmp_path / "var")
    ledger = ledger_of(data)
    receive(ledger, message(study(report("r1", f"{TITLE}No effusion.", "F"), uid="1.1"), sent=1))
    receive(ledger, message(study(report("r1", f"{TITLE}Small left effusion.", "C"), uid="1.1"), sent=2))
    receive(ledger, message(study(report("r2", f"{TITLE}No edema.", "P"), uid="1.2"), sent=3))
    receive(ledger, message(study(report("r3", f"{TITLE}Étendue edema.", "F"), uid="1.3", patient="p2"), sent=4))
    receive(
        ledger, message(study(report("r4", "FINDINGS: The tibia is not fractured."), uid="1.4", patient="p3"), sent=5)
    )
    yield data
    ledger.close()


def run(data: DataDir, out: Path, *words: str) -> dict[str, object]:
    words = ("export-reports", "--out", str(out), "--data", str(data.root), *words)
    result = CliRunner().invoke(events, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout == ""
    told: dict[str, object] = json.loads(result.stderr)
    return told


def test_current_final_reports_of_the_chest_are_written(data: DataDir, tmp_path: Path) -> None:
    out = tmp_path / "reports.jsonl"
    assert run(data, out) == {"reports": 2, "patients": 2, "left_out": {"not final": 1, "other exams": 1}}
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {(row["report"], row["status"], row["labels"]) for row in rows} == {
        (f"{TITLE}Small left effusion.", "C", ""),
        (f"{TITLE}Étendue edema.", "F", ""),
    }
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="already exists"):
        run(data, out)


def test_all_exams_come_along_if_wanted(data: DataDir, tmp_path: Path) -> None:
    assert run(data, tmp_path / "all.jsonl", "--all-exams")["reports"] == 3


def test_it_is_audited_and_holds_no_identifier_of_the_sender(data: DataDir, tmp_path: Path) -> None:
    out = tmp_path / "reports.jsonl"
    run(data, out)
    patients = {json.loads(line)["patient"] for line in out.read_text(encoding="utf-8").splitlines()}
    assert patients.isdisjoint({"p1", "p2"})
    with ledger_of(data).read() as connection:
        (entry,) = audit.entries(connection, limit=10)
    assert entry.action == "export reports"
    assert set(entry.patients) == patients


def test_the_import_labels_and_splits_its_rows(data: DataDir, tmp_path: Path) -> None:
    exported, rows = tmp_path / "reports.jsonl", tmp_path / "studies.jsonl"
    run(data, exported)
    with pytest.raises(UsageError, match="line 1, has no labels"):
        read_files([exported])
    words = ["import", "--format", "jsonl", "--out", str(rows), str(exported)]
    assert CliRunner().invoke(train_data, words, catch_exceptions=False).exit_code == 0
    read, _ = read_files([rows])
    assert {row.report for row in read} == {f"{TITLE}Small left effusion.", f"{TITLE}Étendue edema."}
    assert all(row.labels.startswith("silver rules ") and row.split and row.graph.mentions for row in read)
