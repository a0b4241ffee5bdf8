"""What restoring and verifying refuse, and what they say."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.ledger.events import claims
from ingest.ledger.states import Stage
from ingest.ledger.storage import database, migrate
from ingest.settings import receiver_of
from stack.backup.errors import BackupError, UnfitTargetError
from stack.folder import owned
from tests.fixtures.postgres_server import PostgresServer
from tests.stack.backup.installation import Installation, all_events, fails
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


def flip(file: Path) -> None:
    """Change one bit in the middle."""
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)


def rewrite(file: Path, text: str) -> None:
    file.write_text(text)


DAMAGE: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "ledger": (lambda one, _: flip(one / "ledger.sqlite"), "ledger.sqlite is damaged"),
    "no ledger": (lambda one, _: (one / "ledger.sqlite").unlink(), "ledger.sqlite can't be read"),
    "key": (lambda one, _: flip(one / "secrets" / "pseudonym.key"), "is not the pseudonym key of this ledger"),
    "blob": (lambda _, blob: flip(blob), "is damaged: remove it and run the backup again"),
    "no blob": (lambda _, blob: blob.unlink(), "can't be read (No such file or directory): run the backup again"),
    "list of blobs": (lambda one, _: rewrite(one / "blobs.txt", ""), "its message is neither in the ledger nor"),
    "escaping list": (lambda one, _: rewrite(one / "blobs.txt", "../../x 1\n"), "blobs.txt is missing or damaged"),
    "manifest": (lambda one, _: (one / "manifest.json").unlink(), "manifest.json is missing or can't be read"),
    "stranger": (lambda one, _: rewrite(one / "more", ""), "more is not in the manifest"),
}


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_verify_names_what_is_damaged(installation: Installation, kind: str) -> None:
    installation.send()
    installation.send(large=True)
    good = installation.backed_up()["snapshot"]
    bad = installation.backed_up()["snapshot"]
    damage, said = DAMAGE[kind]
    damage(installation.to / "snapshots" / bad, installation.blobs()[0])
    done = installation.verify("--json")
    assert done.exit_code == 1
    assert f"{bad}: " in done.stderr
    assert said in done.stderr
    found = {one["snapshot"]: one["problems"] for one in json.loads(done.stdout)["snapshots"]}
    assert bool(found[good]) == ("blob" in kind.split()), "a blob is of both"


def test_a_damaged_row_of_the_ledger_is_found_though_the_file_is_as_written(installation: Installation) -> None:
    """A message that was damaged before the backup was made has a file's digest that is right."""
    event_id = installation.send()
    with installation.receiver.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE raw_messages SET raw = x'00'")
    installation.backed_up()
    assert f"event {event_id}: its message was changed" in installation.verify().stderr


@pytest.mark.parametrize("name", ["ledger.sqlite", "secrets/pseudonym.key", "blobs.txt"])
def test_a_damaged_snapshot_is_not_restored_and_the_older_one_is(
    installation: Installation, tmp_path: Path, name: str
) -> None:
    installation.send()
    good = installation.backed_up()["snapshot"]
    bad = installation.backed_up()["snapshot"]
    flip(installation.to / "snapshots" / bad / name) if name != "blobs.txt" else None
    if name == "blobs.txt":
        (installation.to / "snapshots" / bad / name).write_text("0" * 64 + " 1\n")
    again = tmp_path / "again"
    assert "damaged" in fails(lambda: installation.restore(again), BackupError)
    assert not again.exists() or not list(again.iterdir())
    assert installation.restore(again, "--snapshot", good).exit_code == 0


def test_a_folder_with_something_in_it_is_refused(installation: Installation, tmp_path: Path) -> None:
    installation.backed_up()
    again = tmp_path / "again"
    again.mkdir()
    (again / "precious").touch()
    assert "is not empty" in fails(lambda: installation.restore(again), UnfitTargetError)
    assert [path.name for path in again.iterdir()] == ["precious"]
    assert "is not empty" in fails(lambda: installation.restore(installation.data.root), UnfitTargetError)


def test_a_half_restored_folder_is_nobody_s_data_folder(installation: Installation, tmp_path: Path) -> None:
    installation.backed_up()
    again = DataDir(tmp_path / "again")
    assert installation.restore(again.root).exit_code == 0
    again.restoring.mkdir()
    said = f"{again.root} is only partly restored from a backup"
    assert fails(lambda: receiver_of(again), UsageError) == said

    def up() -> None:
        with owned(again, print):
            pass

    assert fails(up, UsageError) == said


def test_what_is_no_folder_of_backups_is_refused(installation: Installation, tmp_path: Path) -> None:
    assert "holds no backups" in fails(installation.verify, UnfitTargetError)
    installation.backed_up()
    said = fails(lambda: installation.restore(tmp_path / "again", "--snapshot", "of yesterday"), UnfitTargetError)
    assert "has no snapshot of yesterday" in said


def test_a_backup_on_a_medium_that_takes_no_writing_is_read(installation: Installation, tmp_path: Path) -> None:
    installation.send(large=True)
    installation.backed_up()
    (installation.to / "lock").unlink()
    before = sorted(installation.to.rglob("*"))
    assert installation.verify().exit_code == 0
    assert installation.restore(tmp_path / "again").exit_code == 0
    assert sorted(installation.to.rglob("*")) == before


@pytest.mark.parametrize("is_set", [True, False])
def test_a_key_that_is_set_need_not_be_copied(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    """As in containers, where it is a secret and in no data folder."""
    installation.send()
    installation.backed_up("--without-secrets")
    if is_set:
        monkeypatch.setenv("VLMKG_PSEUDONYM_KEY", (installation.data.secrets / "pseudonym.key").read_text())
    restored = installation.restore(tmp_path / "again")
    assert restored.exit_code == 0
    assert ("copy the pseudonym key" in restored.output) is not is_set


def test_a_ledger_of_another_kind_is_refused(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.backed_up()
    monkeypatch.setenv("VLMKG_LEDGER_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "the backup has a sqlite ledger" in fails(lambda: installation.restore(tmp_path / "x"), UnfitTargetError)
    taken = tmp_path / "taken.sqlite"
    taken.touch()
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"sqlite:///{taken}")
    assert "already exists" in fails(lambda: installation.restore(tmp_path / "x"), UnfitTargetError)
    free = tmp_path / "elsewhere" / "free.sqlite"
    monkeypatch.setenv("VLMKG_LEDGER_URL", f"sqlite:///{free}")
    assert installation.restore(tmp_path / "x").exit_code == 0
    assert sorted(path.name for path in free.parent.iterdir()) == ["free.sqlite"]


def test_an_older_ledger_is_left_as_it_is_and_brought_up_to_date_when_it_is_used(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup before an upgrade may be made by the new version."""
    newer = migrate.Migration("9999__later.sql", "CREATE TABLE later (id INTEGER);\n", "checksum")
    shipped = migrate.shipped()
    monkeypatch.setattr(migrate, "shipped", lambda: [*shipped, newer])
    installation.send()
    installation.backed_up()
    assert installation.verify().exit_code == 0
    again = DataDir(tmp_path / "again")
    assert installation.restore(again.root).exit_code == 0
    for data, has_it in ((installation.data, False), (again, False)):
        ledger = database.open_as_it_is(data.ledger_url)
        with ledger.read() as connection:
            assert bool(connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'later'").all()) is has_it
        ledger.close()
    opened = receiver_of(again)
    with opened.ledger.read() as connection:
        assert connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'later'").all()
    opened.ledger.close()


def test_what_a_worker_had_at_the_snapshot_is_to_be_had_again_at_once(
    installation: Installation, tmp_path: Path
) -> None:
    event_id = installation.send()
    (held,) = claims.claim(installation.receiver.ledger, Stage.EXTRACT, "gone", limit=1, lease=timedelta(hours=1))
    installation.backed_up()
    assert installation.restore(tmp_path / "again").exit_code == 0
    again = receiver_of(DataDir(tmp_path / "again"))
    assert claims.complete_extract(again.ledger, [(held, ())]) == []
    (claim,) = claims.claim(again.ledger, Stage.EXTRACT, "new", limit=9, lease=timedelta(hours=1))
    assert (claim.event_id, claim.attempts) == (event_id, 0)
    assert claim.fence > held.fence
    again.ledger.close()


def test_a_postgresql_ledger_comes_back_too(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.new_database()
    monkeypatch.setenv("VLMKG_LEDGER_URL", url)
    installation = Installation(tmp_path)
    for large in (False, True):
        installation.send(large=large)
    before = all_events(installation.data)
    said = installation.backed_up()
    assert (said["events"], said["blobs_copied"]) == (2, 1)
    assert installation.verify().exit_code == 0
    again = tmp_path / "again"
    assert "already has a ledger" in fails(lambda: installation.restore(again), UsageError)
    assert list(again.iterdir()) == []
    with installation.receiver.ledger.write() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    installation.receiver.ledger.close()
    assert installation.restore(again).exit_code == 0
    assert all_events(DataDir(again)) == before
    dump = next(installation.to.rglob("ledger.dump"))
    flip(dump)
    assert "ledger.dump is damaged" in installation.verify().stderr
    dump.write_bytes(b"")
    assert "is not a dump that pg_restore can read" in installation.verify().stderr


def test_a_postgresql_ledger_is_not_copied_without_its_program(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLMKG_LEDGER_URL", postgres_server.new_database())
    installation = Installation(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fails(installation.backup, UsageError).startswith("pg_dump is not installed")
    assert installation.snapshots() == []
    installation.receiver.ledger.close()
