"""The folder door: files come, are received, and go."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.gateway.door import Door, Reception
from ingest.gateway.folder import watcher
from ingest.ledger.events import events
from ingest.ledger.states import State
from tests.ingest.gateway.test_mllp import oru
from vlmkg.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in"


@pytest.fixture
async def door(reception: Reception, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setenv("VLMKG_WATCH_FOLDER", str(folder))
    monkeypatch.setenv("VLMKG_WATCH_INTERVAL", "0.02")
    monkeypatch.setenv("VLMKG_WATCH_SETTLE", "0.1")
    opened = await watcher.start(reception)
    yield opened
    await opened.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def summary(reception: Reception) -> dict[State, int]:
    with reception.receiver.ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


async def test_files_are_received_and_moved_by_outcome(door: Door, reception: Reception, folder: Path) -> None:
    (folder / "two.hl7").write_bytes(oru(1) + oru(2))
    (folder / "bad.hl7").write_bytes(b"nonsense")
    (folder / ".hidden.hl7").write_bytes(oru(3))
    (folder / "half.hl7.part").write_bytes(oru(4)[:100])
    await until(lambda: (folder / "done" / "two.hl7").exists() and (folder / "refused" / "bad.hl7").exists())
    assert summary(reception) == {State.RECEIVED: 2, State.REFUSED: 1}
    assert (folder / ".hidden.hl7").exists()
    assert (folder / "half.hl7.part").exists()


async def test_a_file_that_grows_is_not_touched(door: Door, reception: Reception, folder: Path) -> None:
    raw = oru(1)
    with (folder / "slow.hl7").open("wb", buffering=0) as file:
        for start in range(0, len(raw), 50):
            file.write(raw[start : start + 50])
            await asyncio.sleep(0.04)
            assert summary(reception) == {}
    await until((folder / "done" / "slow.hl7").exists)
    assert summary(reception) == {State.RECEIVED: 1}


async def test_a_name_that_comes_again_is_kept_beside_the_first(door: Door, reception: Reception, folder: Path) -> None:
    (folder / "a.hl7").write_bytes(oru(1))
    await until((folder / "done" / "a.hl7").exists)
    (folder / "a.hl7").write_bytes(oru(2))
    await until((folder / "done" / "a.1.hl7").exists)
    assert summary(reception) == {State.RECEIVED: 2}


async def test_what_can_not_be_stored_stays_until_it_can(door: Door, reception: Reception, folder: Path) -> None:
    reserve = shutil.disk_usage(folder).total * 2
    reception.space.reserve = reserve
    await asyncio.sleep(0.05)
    (folder / "a.hl7").write_bytes(oru(1))
    await asyncio.sleep(0.4)
    assert (folder / "a.hl7").exists()
    assert summary(reception) == {}
    reception.space.reserve = 0
    await until((folder / "done" / "a.hl7").exists)


async def test_without_a_folder_it_stays_shut(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLMKG_WATCH_FOLDER", raising=False)
    door = await watcher.start(reception)
    assert door.addresses == {}
    await door.close()


async def test_a_folder_that_is_none_is_a_usage_error(
    reception: Reception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VLMKG_WATCH_FOLDER", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="VLMKG_WATCH_FOLDER"):
        await watcher.start(reception)


async def test_a_link_is_never_followed(door: Door, reception: Reception, folder: Path, tmp_path: Path) -> None:
    """Whatever it leads to: nothing of that is read, and the link itself is moved away."""
    secret = tmp_path / "secret.hl7"
    secret.write_bytes(oru(1))
    (folder / "report.hl7").symlink_to(secret)
    (folder / "gone.hl7").symlink_to(tmp_path / "nothing")
    (folder / "loop.hl7").symlink_to(folder / "loop.hl7")
    (folder / "folder.hl7").symlink_to(tmp_path)
    names = {"report.hl7", "gone.hl7", "loop.hl7", "folder.hl7"}
    await until(lambda: {file.name for file in (folder / "refused").iterdir()} == names)
    assert summary(reception) == {State.REFUSED: len(names)}
    assert secret.read_bytes() == oru(1)
    with reception.receiver.ledger.read() as connection:
        assert {event.size for event in events.list_events(connection, events.EventFilter(), limit=9)} == {0}


async def test_a_pipe_is_left_alone(door: Door, reception: Reception, folder: Path) -> None:
    os.mkfifo(folder / "pipe.hl7")
    (folder / "one.hl7").write_bytes(oru(1))
    await until((folder / "done" / "one.hl7").exists)
    assert summary(reception) == {State.RECEIVED: 1}


async def test_the_folders_of_the_outcomes_must_be_folders(
    reception: Reception, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    (folder / "done").symlink_to(tmp_path)
    monkeypatch.setenv("VLMKG_WATCH_FOLDER", str(folder))
    with pytest.raises(UsageError, match="is a link"):
        await watcher.start(reception)


async def test_a_name_without_room_for_a_number_stops_nothing(door: Door, reception: Reception, folder: Path) -> None:
    """A name of 255 bytes that comes twice: the second gets a number and a shorter name, and the next file its turn."""
    name = "a" * 251 + ".hl7"
    (folder / name).write_bytes(oru(1))
    await until((folder / "done" / name).exists)
    (folder / name).write_bytes(oru(2))
    await until((folder / "done" / f"{'a' * 249}.1.hl7").exists)
    (folder / "next.hl7").write_bytes(oru(3))
    await until((folder / "done" / "next.hl7").exists)
    assert summary(reception) == {State.RECEIVED: 3}


async def test_a_file_that_can_not_be_moved_stops_nothing(door: Door, reception: Reception, folder: Path) -> None:
    """Somebody put a link in the place of `done`: nothing is written where it leads, and the door goes on."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (folder / "done").rename(folder.parent / "done")
    (folder / "done").symlink_to(elsewhere)
    with capture_logs() as logs:
        (folder / "a.hl7").write_bytes(oru(1))
        (folder / "b.hl7").write_bytes(b"nonsense")
        await until((folder / "refused" / "b.hl7").exists)
        await asyncio.sleep(0.3)
    assert list(elsewhere.iterdir()) == []
    assert [one["event"] for one in logs].count("folder.not_moved") == 1
    assert summary(reception) == {State.RECEIVED: 1, State.REFUSED: 1}
    (folder / "done").unlink()
    (folder.parent / "done").rename(folder / "done")
    (folder / "c.hl7").write_bytes(oru(2))
    await until((folder / "done" / "c.hl7").exists)


async def test_a_folder_that_is_away_for_a_while_is_watched_again(
    door: Door, reception: Reception, folder: Path
) -> None:
    """As a share that is unmounted."""
    folder.rename(folder.with_name("away"))
    await asyncio.sleep(0.3)
    folder.with_name("away").rename(folder)
    (folder / "a.hl7").write_bytes(oru(1))
    await until((folder / "done" / "a.hl7").exists)
    assert summary(reception) == {State.RECEIVED: 1}
