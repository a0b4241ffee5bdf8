"""Processes that are started to work for another one, and must not outlive it."""

import os
from multiprocessing import parent_process
from threading import Thread


def end_with_parent() -> None:
    """End this process when the one that started it does, however that ends: kill -9 leaves it no time to say so.

    For the `initializer` of a pool of spawned processes, which else wait for work for ever. The parent holds one end of
    a pipe that the system closes: that works everywhere, and also while Python computes here.
    """
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, name="end-with-parent", daemon=True).start()
