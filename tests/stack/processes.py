"""Inspection of real processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], limit_s: float = 10.0) -> bool:
    """Wait for the condition. Returns whether it became true in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def belonging_to(folder: Path) -> list[psutil.Process]:
    """Every process that names the folder in its command line or environment, this one and its own parents left out."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            names = [*process.cmdline(), *process.environ().values()]
            if process.pid not in mine and process.status() != psutil.STATUS_ZOMBIE:
                found += [process] if any(str(folder) in name for name in names) else []
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
