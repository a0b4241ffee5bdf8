"""`vlmkg reviews export`, as it is typed."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli.reviews import reviews
from ingest.ledger.access import audit
from ingest.ledger.reviews import missed
from ingest.ledger.reviews.missed import NewMark
from ingest.ledger.reviews.verdicts import FindingPosition
from ingest.settings import ledger_of
from tests.ingest.ledger.builders import message, report, study
from tests.ingest.ledger.reviews.test_reviews import add, worked
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.schema import Presence
from vlmkg.verdicts import Verdict

TEXT = "Findings: Étendue effusion."


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDir]:
    """A report with an effusion that was confirmed and then rejected."""
    data = DataDir(tmp_path / "var")
    ledger = ledger_of(data)
    found = worked(ledger, message(study(report("r1", TEXT), uid="1.2")))
    start = TEXT.index("effusion")
    for verdict in (Verdict.CORRECT, Verdict.WRONG):
        add(ledger, found, FindingPosition(found.reports[0].report_key, False, start, start + len("effusion")), verdict)
    yield data
    ledger.close()


def run(data: DataDir, *words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(reviews, ["export", *words, "--data", str(data.root)], catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_line_has_all_that_a_trainer_needs(data: DataDir) -> None:
    (line,) = run(data)
    finding = line["finding"]
    assert line["text"][finding["start"] : finding["end"]] == finding["text"] == "effusion"
    assert (line["verdict"], finding["presence"], line["presence"]) == ("wrong", "present", "absent")
    assert (line["engine"], line["checkpoint"], line["engine_digest"]) == ("rules", None, "e")
    assert (finding["concept"]["code"], finding["places"]) == ("RID34539", ["RID1326", "RID56"])
    assert (line["reviewer"], line["note"], line["standing"]) == ("a", "a word", True)


def test_what_was_replaced_comes_along_if_wanted(data: DataDir) -> None:
    assert [(line["verdict"], line["standing"]) for line in run(data, "--all")] == [("correct", False), ("wrong", True)]


def test_the_file_is_new_and_the_owners_alone(data: DataDir, tmp_path: Path) -> None:
    out = tmp_path / "reviews.jsonl"
    assert run(data, "--out", str(out)) == []
    assert json.loads(out.read_text(encoding="utf-8"))["text"] == TEXT
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="already exists"):
        run(data, "--out", str(out))


def test_it_is_audited(data: DataDir) -> None:
    (line,) = run(data)
    with ledger_of(data).read() as connection:
        (entry,) = audit.entries(connection, limit=10)
    assert (entry.action, entry.patients, entry.outcome) == ("export reviews", (line["patient"],), "ok")
    assert entry.actor.startswith("cli:")


def test_missed_findings_come_with_their_text(data: DataDir) -> None:
    ledger = ledger_of(data)
    (key,) = {line["report"] for line in run(data)}
    new = NewMark("a", "p", key, 18, 26, "effusion", Presence.UNCERTAIN, "RID34539", "pleural effusion")
    with ledger.write() as connection:
        missed.add(connection, new)
    ledger.close()
    (line,) = run(data, "--missed")
    finding = line["finding"]
    assert line["text"][finding["start"] : finding["end"]] == "effusion"
    assert (finding["presence"], finding["relation"]) == ("uncertain", None)
    assert finding["concept"] == {"code": "RID34539", "name": "pleural effusion"}
