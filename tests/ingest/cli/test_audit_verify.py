"""`vlmkg audit verify`, as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from ingest.cli.audit import audit
from ingest.ledger.access import audit as trail
from ingest.ledger.storage.tables import audit as table
from ingest.settings import receiver_of
from stack.backup.layout import BackupFolder
from stack.backup.making import make_backup
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A ledger whose trail has three entries."""
    folder = DataDir(tmp_path / "var")
    look(folder, 3)
    return folder


def look(data: DataDir, times: int) -> None:
    receiver = receiver_of(data)
    for _ in range(times):
        trail.record(receiver.ledger, actor="ward", action="query patient", patients=["p"], outcome="ok")
    receiver.ledger.close()


def change(data: DataDir, entry: int) -> None:
    receiver = receiver_of(data)
    with receiver.ledger.write() as connection:
        connection.execute(update(table).where(table.c.id == entry).values(actor="nobody"))
    receiver.ledger.close()


def verify(data: DataDir, *words: str) -> Result:
    return CliRunner().invoke(audit, ["verify", *words, "--data", str(data.root)])


def test_a_trail_that_holds(data: DataDir) -> None:
    result = verify(data)
    assert (result.exit_code, "the audit trail holds: 3 entries" in result.output) == (0, True)
    said = json.loads(verify(data, "--json").output)
    assert (said["entries"], said["older"], said["broken"], said["head"]["entry"]) == (3, 0, None, 3)


def test_the_first_broken_entry_is_named(data: DataDir) -> None:
    change(data, 2)
    result = verify(data)
    assert (result.exit_code, "does not hold at entry 2: it was changed" in result.output) == (1, True)
    assert json.loads(verify(data, "--json").output)["broken"]["entry"] == 2


def test_backups_keep_the_head(data: DataDir, tmp_path: Path) -> None:
    """A trail that was written anew as a whole holds by itself, and not beside what a backup kept."""
    folder = BackupFolder(tmp_path / "backups")
    made = make_backup(data, folder, 7, secrets=False, done=lambda *_: None)
    manifest = folder.snapshots / made.name / "manifest.json"
    kept = json.loads(manifest.read_text())["ledger"]
    assert (kept["audit_entry"], len(kept["audit_hash"])) == (3, 64)
    look(data, 2)
    assert "compared with 1 heads of backups" in verify(data, str(manifest)).output
    anew = DataDir(tmp_path / "anew")
    look(anew, 5)
    assert verify(anew).exit_code == 0
    result = verify(anew, str(manifest))
    assert (result.exit_code, "at entry 3: a kept head has another hash" in result.output) == (1, True)


def test_another_file_is_refused(data: DataDir, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    for text in ("no JSON", "[]", '{"ledger": 1}', "{}"):
        file.write_text(text)
        assert isinstance(verify(data, str(file)).exception, UsageError)


def test_a_manifest_of_an_older_version_has_no_head(data: DataDir, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"format": 1, "ledger": {"kind": "sqlite"}}')
    assert "compared with 0 heads" in verify(data, str(file)).output
