"""Run several workers on one machine as children of one process: extract, on each device, and merge."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

import structlog

from ingest.workers.batcher import BROKEN

LOOK_EVERY_S = 0.2
STOP_LIMIT_S = 15.0
"""Longer than a worker takes to stop by itself (run.SHUTDOWN_LIMIT_S)."""
RESTART_PAUSE_S = 1.0

PROGRAM = ("-P", "-m", "vlmkg")
"""-P: a folder `graph` in the working directory must not shadow the package."""

log = structlog.get_logger()


class _Child:
    """One worker, restarted if it is killed or its engine hangs."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = (sys.executable, *PROGRAM, "worker", "--with-parent", *arguments)
        self._start()

    def _start(self) -> None:
        # Our own command line with options that click has checked. Ctrl-C in a terminal signals a whole process group:
        # the children have their own groups, and their parent signals them once.
        self.process = subprocess.Popen(self._command, process_group=0)  # noqa: S603

    def lives(self) -> bool:
        """Whether it is running, after a restart if needed.

        One that ended with an error of its own is not restarted.
        """
        code = self.process.poll()
        if code is None:
            return True
        if code >= 0 and code != BROKEN:
            return False
        log.warning("a worker was killed; it is started again", code=code)
        time.sleep(RESTART_PAUSE_S)
        self._start()
        return True


def run_all(workers: Sequence[Sequence[str]]) -> int:
    """Run `vlmkg worker ARGUMENTS` for each until SIGTERM, SIGINT or the end of one of them."""
    children = [_Child(arguments) for arguments in workers]
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Not a threading.Event: setting one here while `wait` holds its lock would wait for ever.
        nonlocal stopped
        stopped = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopped and all(child.lives() for child in children):
        time.sleep(LOOK_EVERY_S)
    for child in children:
        child.process.terminate()
    return max(_end(child.process) for child in children)


def _end(child: subprocess.Popen[bytes]) -> int:
    try:
        return abs(child.wait(STOP_LIMIT_S))
    except subprocess.TimeoutExpired:
        child.kill()
        return abs(child.wait())
