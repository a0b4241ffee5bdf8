"""Processes that work for another one, and must not outlive it."""

import os
import threading
import time
from multiprocessing import parent_process

LOOK_EVERY_S = 0.5


def end_with_parent() -> None:
    """End this process soon after the one that started it is gone, however that ended (kill -9 included).

    For pools of spawned processes and for the children of a worker, which else wait for work forever or go on beside
    their successors. A spawned process holds one end of a pipe that the system closes; the others ask for their
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
