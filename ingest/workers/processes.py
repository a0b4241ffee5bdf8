"""What every child process of a worker does besides its work."""

import os
import threading
import time

LOOK_EVERY_S = 0.5


def exit_with_parent() -> None:
    """End this process soon after its parent is gone, however that died.

    A killed Celery worker leaves its children waiting on a pipe for ever; they would go on working beside its
    successor. What they had claimed is recovered when its lease ends.
    """
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(1)
