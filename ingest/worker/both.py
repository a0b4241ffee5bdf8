"""Both workers of one machine, extract and merge, as children of one process that stops when either does."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from ingest.worker.queues import Queue

LOOK_EVERY_S = 0.2
STOP_LIMIT_S = 15.0
"""Longer than a worker takes to stop by itself (run.SHUTDOWN_LIMIT_S)."""


def run_both(arguments: Sequence[str]) -> int:
    """Run `vlmkg worker --queue Q ARGUMENTS` for each queue until SIGTERM, SIGINT or the end of either."""
    command = (sys.executable, "-P", "-m", "vlmkg", "worker", "--with-parent", *arguments)
    # Our own command line with options that click has checked. Ctrl-C in a terminal goes to a whole process group:
    # the children have groups of their own, and are told once, by their parent.
    children = [
        subprocess.Popen((*command, "--queue", queue.value), process_group=0)  # noqa: S603
        for queue in Queue
    ]

    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping.wait(LOOK_EVERY_S) and all(child.poll() is None for child in children):
        pass
    for child in children:
        child.terminate()
    return max(_end(child) for child in children)


def _end(child: subprocess.Popen[bytes]) -> int:
    try:
        return abs(child.wait(STOP_LIMIT_S))
    except subprocess.TimeoutExpired:
        child.kill()
        return abs(child.wait())
