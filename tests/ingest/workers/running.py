"""Real workers as processes of their own, as `vlmkg worker` starts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.ledger.events import events
from ingest.ledger.states import SETTLED, State
from ingest.ledger.storage.database import Ledger

START_LIMIT_S = 60.0
VLMKG = ("-P", "-m", "vlmkg")


class Worker:
    """One worker in a process group of its own; `log` is what it prints."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *arguments: str, program: tuple[str, ...] = VLMKG
    ) -> None:
        number = len(list(folder.glob("worker*.log")))
        self.log = folder / f"worker{number}.log"
        self._ready = folder / f"worker{number}.ready"
        self._environment = {**os.environ, **environment, "VLMKG_READY_FILE": str(self._ready)}
        self._command = (sys.executable, "-W", "error", *program, "worker", *arguments)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait_until_ready(self) -> "Worker":
        wait_for(lambda: self._ready.exists() or self.process.poll() is not None, START_LIMIT_S)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def children(self) -> list[int]:
        """The process ids of its pool."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in task.read_text().split()]

    def kill(self) -> None:
        """kill -9 of the main process alone: the pool is left to find out."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again after a kill."""
        self.process = self._start()
        self.wait_until_ready()

    def stop(self) -> int:
        """SIGTERM, then the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)

    def end(self) -> None:
        """Leave nothing of it behind."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def wait_for(condition: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s} s")
        time.sleep(0.02)


def states(ledger: Ledger) -> dict[State, int]:
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


def wait_until_settled(ledger: Ledger, limit_s: float = 90.0) -> dict[State, int]:
    """Wait until nothing moves by itself any more; the events by state then."""
    wait_for(lambda: states(ledger).keys() <= set(SETTLED), limit_s)
    return states(ledger)
