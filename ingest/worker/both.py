"""Both workers of one machine, extract and merge, as children of one process that stops when either does."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from ingest.worker.queues import Queue

LOOK_EVERY_S = 0.2
STOP_LIMIT_S = 15.0
"""Longer than a worker takes to stop by itself (run.SHUTDOWN_LIMIT_S)."""


def run_both(arguments: Sequence[str]) -> int:
    """Run `vlmkg worker --queue Q ARGUMENTS` for each queue until SIGTERM, SIGINT or the end of either."""
    command = (sys.executable, "-P", "-m", "vlmkg", "worker", "--with-parent", *arguments)
    # Our own command line with options that click has checked.
    children = [subprocess.Popen((*command, "--queue", queue.value)) for queue in Queue]  # noqa: S603

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for child in children:
            child.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while all(child.poll() is None for child in children):
        time.sleep(LOOK_EVERY_S)
    return max(_end(child) for child in children)


def _end(child: subprocess.Popen[bytes]) -> int:
    child.terminate()
    try:
        return abs(child.wait(STOP_LIMIT_S))
    except subprocess.TimeoutExpired:
        child.kill()
        return abs(child.wait())
