"""What a backup holds, what it costs, and that nobody takes a part of one for the whole."""

import json
import resource
import shutil
import stat
import threading
import time
from pathlib import Path

import pytest

from ingest import blobs
from ingest.receiving.replay import purge
from ingest.secret_files import read_or_make
from ingest.settings import receiver_of
from stack.backup import blob_copies
from stack.backup.errors import BackupError, BusyBackupError, UnfitTargetError
from stack.backup.layout import BackupFolder, locked
from tests.fixtures.s3_server import S3Server
from tests.ingest.ledger import workers
from tests.stack.backup.installation import Installation, all_events, fails
from vlmkg.checkpoint.manifest import verify, write_manifest
from vlmkg.checkpoint.promotion import current_folder, is_promoted, make_current, mark_promoted
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import Modality
from vlmkg.errors import UsageError


def checkpoint(folder: Path, name: str) -> Path:
    """A promoted checkpoint's files, as far as promotion looks."""
    (folder / "language_model").mkdir(parents=True)
    (folder / "language_model" / "config.json").write_text(json.dumps({"name": name}))
    verified = write_manifest(
        folder,
        name=name,
        model=None,
        language_model={},
        modalities=(Modality.TEXT,),
        image_domain=None,
        data={},
        metrics={},
        licence="none",
    )
    mark_promoted(verified)
    return folder


def secrets_of(data: DataDir) -> dict[str, str]:
    return {str(path.relative_to(data.secrets)): path.read_text() for path in data.secrets.rglob("*") if path.is_file()}


def test_what_was_acknowledged_comes_back_whole(installation: Installation, tmp_path: Path) -> None:
    for large in (False, True, True):
        installation.send(large=large)
    before = all_events(installation.data)
    for name in ("api.key", "research/lung.key", "neo4j.password"):
        read_or_make(installation.data.secrets / name, lambda name=name: name)
    said = installation.backed_up()
    assert (said["events"], said["blobs"], said["blobs_copied"]) == (3, 2, 2)
    secrets = secrets_of(installation.data)
    assert secrets.pop("neo4j.password"), "the server's own, made anew with it"
    installation.receiver.ledger.close()
    shutil.rmtree(installation.data.root)

    assert installation.verify().exit_code == 0
    done = installation.restore(installation.data.root)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"next: vlmkg up --data {installation.data.root}" in done.stdout
    assert all_events(installation.data) == before
    assert secrets_of(installation.data) == secrets
    assert not installation.data.restoring.exists()
    for folder in (installation.to, installation.data.root):
        assert [path for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_second_backup_copies_what_is_new_and_the_oldest_goes(installation: Installation) -> None:
    installation.send(large=True)
    first = installation.backed_up("--keep", "2")
    installation.send(large=True)
    second = installation.backed_up("--keep", "2")
    assert (first["blobs_copied"], second["blobs_copied"], second["blobs"]) == (1, 1, 2)
    third = installation.backed_up("--keep", "2")
    assert (third["blobs_copied"], third["removed"]) == (0, 1)
    assert installation.snapshots() == [second["snapshot"], third["snapshot"]]
    assert installation.verify().exit_code == 0


def test_the_one_just_made_stays_though_the_clock_was_set_back(installation: Installation) -> None:
    first = installation.backed_up()["snapshot"]
    later = installation.to / "snapshots" / f"9{first[1:]}"
    (installation.to / "snapshots" / first).rename(later)
    made = installation.backed_up("--keep", "1")
    assert (installation.snapshots(), made["removed"]) == ([made["snapshot"]], 1)


def test_what_was_purged_leaves_the_backups_with_the_last_snapshot_that_names_it(installation: Installation) -> None:
    event_id = installation.send(large=True)
    installation.backed_up("--keep", "2")
    workers.kill(installation.receiver.ledger, event_id)
    purge(installation.receiver, [event_id])
    installation.backed_up("--keep", "2")
    assert len(installation.blobs()) == 1
    installation.backed_up("--keep", "2")
    assert installation.blobs() == []


def test_a_purge_waits_for_the_backup(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would delete blobs that the copied ledger names and that are not copied yet."""
    monkeypatch.setattr(blob_copies, "AT_ONCE", 1)
    ids = [installation.send(large=True) for _ in range(3)]
    for event_id in ids:
        workers.kill(installation.receiver.ledger, event_id)
    purging = threading.Thread(target=purge, args=(installation.receiver, ids))
    waits: list[bool] = []
    copy_blobs = blob_copies.copy_blobs

    def look(settled: int, total: int) -> None:
        if settled == 1:
            purging.start()
            purging.join(1.0)
        waits.append(purging.is_alive())

    monkeypatch.setattr(
        "stack.backup.making.copy_blobs", lambda source, target, wanted, _done: copy_blobs(source, target, wanted, look)
    )
    said = installation.backed_up()
    purging.join()
    assert waits == [True, True, True]
    assert said["blobs"] == 3
    assert installation.verify().exit_code == 0
    assert list((installation.data.root / "blobs").glob("??/*")) == []


def test_messages_that_come_meanwhile_do_no_harm(installation: Installation) -> None:
    acknowledged = [installation.send(large=number % 2 == 0) for number in range(30)]
    running = installation.start_backup()
    meanwhile = 0
    while running.poll() is None:
        installation.send(large=meanwhile % 5 == 0)
        meanwhile += 1
    said = json.loads(running.communicate()[0])
    assert running.returncode == 0
    assert meanwhile > 10
    assert said["events"] >= len(acknowledged)
    assert installation.verify().exit_code == 0


def test_a_killed_backup_leaves_the_one_before_and_nothing_else(installation: Installation) -> None:
    installation.send(large=True)
    first = installation.backed_up()["snapshot"]
    for _ in range(100):
        installation.send(large=True)
    running = installation.start_backup()
    while not len(installation.blobs()) > 5:
        assert running.poll() is None
        time.sleep(0.001)
    running.kill()
    running.communicate()
    assert len(installation.blobs()) < 101, "it was not killed in the middle"
    assert BackupFolder(installation.to).names() == [first]
    assert installation.verify().exit_code == 0

    second = installation.backed_up()
    assert 0 < second["blobs_copied"] < 100
    assert installation.snapshots() == [first, second["snapshot"]]
    assert list((installation.to / "blobs").glob(".part-*")) == []
    assert installation.verify().exit_code == 0


@pytest.mark.parametrize("limit", [100_000, 2_000_000], ids=["the ledger", "a blob"])
def test_a_full_disk_leaves_the_one_before(installation: Installation, limit: int) -> None:
    """A limit of the size of files is refused by the system in the same place as a full disk."""
    first = installation.backed_up()["snapshot"]
    installation.send(size=3_000_000)  # refused, and kept
    running = installation.start_backup(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _, said = running.communicate()
    assert running.returncode != 0
    assert (
        "the ledger can't be copied" if limit == 100_000 else "a message can't be written to the blob store"
    ) in said
    assert installation.snapshots() == [first]
    assert installation.verify().exit_code == 0
    assert installation.backed_up()["events"] == 1


def test_a_lost_blob_is_named_and_the_rest_is_kept(installation: Installation, tmp_path: Path) -> None:
    installation.send(large=True)
    installation.send(large=True)
    lost, damaged = sorted((installation.data.root / "blobs").glob("??/*"))
    lost.unlink()
    damaged.write_bytes(b"other bytes")
    done = installation.backup("--json")
    assert done.exit_code == 1
    assert sorted(json.loads(done.stdout)["problems"]) == [
        f"the blob {path.name} is missing or damaged in the blob store" for path in (lost, damaged)
    ]
    assert installation.verify().exit_code == 1
    restored = installation.restore(tmp_path / "again")
    assert restored.exit_code == 1
    assert lost.name in restored.stderr
    assert (tmp_path / "again" / "ledger.sqlite").exists()


@pytest.mark.s3
def test_another_store_than_a_folder_is_backed_up_into_one_and_restored(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: S3Server
) -> None:
    store = s3.environment["VLMKG_BLOB_URL"]
    monkeypatch.setenv("VLMKG_BLOB_URL", f"{store}/one")
    elsewhere = Installation(tmp_path / "other")
    elsewhere.send(large=True)
    assert elsewhere.backed_up()["blobs_copied"] == 1
    monkeypatch.setenv("VLMKG_BLOB_URL", f"{store}/two")
    assert elsewhere.restore(tmp_path / "again").exit_code == 0
    (key,) = [path.name for path in elsewhere.blobs()]
    assert len(blobs.get(blobs.open_blobs(f"{store}/two"), key)) > 60_000
    assert not (tmp_path / "again" / "blobs").exists()
    elsewhere.receiver.ledger.close()


def test_promoted_checkpoints_come_back_wherever_they_were(installation: Installation, tmp_path: Path) -> None:
    one, other = checkpoint(tmp_path / "runs" / "a" / "stage2", "one"), checkpoint(tmp_path / "runs" / "b", "other")
    for folder in (one, tmp_path / "tidied away", other):
        make_current(folder, installation.data)
    said = installation.backed_up()
    assert [name.rpartition("-")[0] for name in said["checkpoints"]] == ["one", "other"]
    assert installation.backed_up()["checkpoints"] == said["checkpoints"]
    shutil.rmtree(tmp_path / "runs")
    again = DataDir(tmp_path / "again")
    assert installation.restore(again.root).exit_code == 0
    found = current_folder(again)
    assert found == again.root / "checkpoints" / said["checkpoints"][-1]
    assert is_promoted(verify(found))


def test_a_damaged_checkpoint_is_named(installation: Installation, tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "runs", "one")
    make_current(folder, installation.data)
    (folder / "language_model" / "config.json").write_text("{}")
    done = installation.backup("--json")
    assert done.exit_code == 1
    assert "digest_mismatch" in done.stderr


def test_secrets_can_be_kept_apart(installation: Installation, tmp_path: Path) -> None:
    installation.send()
    said = installation.backup("--without-secrets").stdout
    assert "the backup does not contain the pseudonym key" in said
    key = (installation.data.secrets / "pseudonym.key").read_bytes()
    assert not [path for path in installation.to.rglob("*") if path.is_file() and key in path.read_bytes()]
    restored = installation.restore(tmp_path / "again")
    assert "first: copy the pseudonym key" in restored.stdout
    assert "pseudonym key is missing" in fails(lambda: receiver_of(DataDir(tmp_path / "again")), UsageError)


def test_two_at_once_are_refused(installation: Installation) -> None:
    installation.backed_up()
    with locked(BackupFolder(installation.to), exclusive=False):
        fails(installation.backup, BusyBackupError)
        assert installation.verify().exit_code == 0
    with locked(BackupFolder(installation.to), exclusive=True):
        fails(installation.verify, BusyBackupError)


def test_a_folder_that_is_not_for_backups_is_refused(installation: Installation, tmp_path: Path) -> None:
    installation.to.mkdir()
    (installation.to / "thesis.odt").touch()
    assert "is not empty and holds no backups" in fails(installation.backup, UnfitTargetError)
    installation.to = installation.data.root / "backups"
    assert "inside the data folder" in fails(installation.backup, UnfitTargetError)


def test_another_ledger_does_not_push_out_what_is_there(installation: Installation, tmp_path: Path) -> None:
    installation.send()
    installation.backed_up()
    other = Installation(tmp_path / "other")
    other.to = installation.to
    assert "holds backups of another ledger" in fails(other.backup, UnfitTargetError)
    assert len(installation.snapshots()) == 1
    other.receiver.ledger.close()


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path, installation: Installation) -> None:
    installation.data = DataDir(tmp_path / "nothing")
    assert "there is no ledger" in fails(installation.backup, UsageError)
    assert not (tmp_path / "nothing").exists()


def test_a_newer_backup_is_refused(installation: Installation, tmp_path: Path) -> None:
    name = installation.backed_up()["snapshot"]
    file = installation.to / "snapshots" / name / "manifest.json"
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps(manifest | {"format": 3, "something": "new"}))
    assert "has format 3" in fails(lambda: installation.restore(tmp_path / "again"), BackupError)
    file.write_text(json.dumps(manifest | {"ledger": manifest["ledger"] | {"migration": "9999__new.sql"}}))
    assert "it has the migration 9999__new.sql" in fails(lambda: installation.restore(tmp_path / "again"), BackupError)
    assert not (tmp_path / "again").exists()
