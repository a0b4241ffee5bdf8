"""A data folder with a real ledger and blobs in it, and the commands of backup on it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ingest.ledger.events import events
from ingest.ledger.events.events import EventFilter
from ingest.ledger.events.raw_messages import SMALL
from ingest.receiving.raw import raw_of
from ingest.receiving.submit import Receiver, receive
from ingest.settings import receiver_of
from stack.backup.cli import backup, restore
from tests.ingest.receivers import plain
from vlmkg.data_dir import DataDir

COMMAND = (sys.executable, "-P", "-m", "vlmkg", "backup")
"""`vlmkg backup` as a process of its own."""


class Installation:
    """One data folder below `home`, and the folder of its backups."""

    def __init__(self, home: Path) -> None:
        self.data = DataDir(home / "var")
        self.to = home / "backups"
        self.receiver: Receiver = receiver_of(self.data)
        self._number = 0

    def send(self, *, large: bool = False, size: int = 0) -> int:
        """Receive a report, stored as a row or as a file. Returns its event."""
        self._number += 1
        raw = f"Report {self._number}. No pneumothorax." + " " * (SMALL if large else size)
        return receive(self.receiver, plain(raw, f"r{self._number}")).event_id

    def backup(self, *options: str) -> Result:
        return run(backup, str(self.to), "--data", str(self.data.root), *options)

    def backed_up(self, *options: str) -> dict[str, Any]:
        """Make a backup, which must succeed. Returns its output."""
        done = self.backup("--json", *options)
        assert (done.exit_code, done.stderr) == (0, "")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def verify(self, *options: str) -> Result:
        return run(backup, "verify", str(self.to), *options)

    def restore(self, root: Path, *options: str) -> Result:
        return run(restore, str(self.to), "--data", str(root), *options)

    def start_backup(self, **options: Any) -> "subprocess.Popen[str]":
        """The same as `backup --json`, in a process of its own."""
        command = [*COMMAND, str(self.to), "--data", str(self.data.root), "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def snapshots(self) -> list[str]:
        return sorted(path.name for path in (self.to / "snapshots").iterdir())

    def blobs(self) -> list[Path]:
        """The files of the blobs in the backups."""
        return sorted((self.to / "blobs").glob("??/*"))


def all_events(data: DataDir) -> dict[str, bytes]:
    """Every message of a data folder, by the name under which it came."""
    receiver = receiver_of(data)
    try:
        with receiver.ledger.read() as connection:
            found = events.list_events(connection, EventFilter(), limit=1_000_000)
        return {event.external_id: raw_of(receiver.ledger, receiver.blobs, event) for event in found}
    finally:
        receiver.ledger.close()


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def fails(call: Callable[[], object], kind: type[Exception]) -> str:
    """The message of the error that the call raises."""
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")
