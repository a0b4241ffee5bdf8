"""Processes that end with their parent."""

import os
import threading
import time
from multiprocessing import parent_process

LOOK_EVERY_S = 0.5


def end_with_parent() -> None:
    """End this process soon after its parent has ended, for whatever reason (including kill -9).

    For pools of spawned processes and the children of a worker, which otherwise would wait for work forever or run
    beside their successors. A spawned process has one end of a pipe that the system closes; the others check their
    parent's id.
    """
    threading.Thread(target=_wait, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _wait(parent_id: int) -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    else:
        while os.getppid() == parent_id:
            time.sleep(LOOK_EVERY_S)
    os._exit(1)
