"""One running part: its guardian process and its log."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from stack import guardian
from vlmkg.data_dir import DataDir

SLACK_S = 3.0
"""Seconds that a guardian may take beyond the part's own grace."""


class Tier(IntEnum):
    """Parts of one tier stop together, the higher tier first."""

    SERVER = 1
    PROGRAM = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A process that the stack starts.

    `answers` checks once whether the part responds, within a few seconds. `started`, if given, waits for the first
    response itself, because it knows better what can fail; its argument tells whether the part is alive. `grace_s` is
    the time for a clean stop, `start_limit_s` the time until the first response. `remedy` is the remedy of the error
    that the part did not start.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    answers: Callable[[], bool]
    tier: Tier
    grace_s: float
    start_limit_s: float
    remedy: str
    ready_file: Path | None = None
    started: Callable[[Callable[[], bool]], None] | None = None


class Child:
    """A started part."""

    def __init__(self, part: Part, data: DataDir, lock: int) -> None:
        """Start it. `lock` is the open lock of the children: it is held until the last guardian has ended."""
        self.part = part
        self.log = data.logs / f"{part.name}.log"
        self._pid_file = data.run / f"{part.name}.pid"
        if part.ready_file is not None:
            part.ready_file.unlink(missing_ok=True)
        # The file of a killed stack may name the number of an unrelated process by now (see `sweep`).
        self._pid_file.unlink(missing_ok=True)
        program = (sys.executable, "-I", "-S", guardian.__file__)
        self._guardian = subprocess.Popen(  # noqa: S603 - our own program
            (*program, str(self.log), str(self._pid_file), str(part.grace_s), *part.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(part.environment),
            pass_fds=(lock,),
            start_new_session=True,
        )

    def alive(self) -> bool:
        """Whether it runs."""
        return self._guardian.poll() is None

    def how_it_ended(self) -> str:
        """`ended with exit code 1`, `was killed by signal 9 (SIGKILL)`."""
        code = self._guardian.wait()
        number = -code if code < 0 else code - 128
        if number in {int(known) for known in signal.Signals}:
            return f"was killed by signal {number} ({signal.Signals(number).name})"
        return f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        """Request a clean stop; the second call requests an immediate one."""
        with contextlib.suppress(ProcessLookupError):
            self._guardian.terminate()

    def wait(self) -> None:
        """Return when all its processes have ended. They are killed a little after the grace period."""
        try:
            self._guardian.wait(self.part.grace_s + SLACK_S)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.wait()
        self.sweep()

    def sweep(self) -> None:
        """Kill the processes that a killed guardian left behind, and close its pipe."""
        if self._guardian.returncode is not None and self._guardian.returncode < 0:
            with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
                os.killpg(int(self._pid_file.read_text()), signal.SIGKILL)
        if self._guardian.stdin is not None:
            self._guardian.stdin.close()

    def last_lines(self, count: int = 15) -> str:
        """The last lines that it printed since its start."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        starts = [number for number, line in enumerate(lines) if line.startswith(guardian.HEADER)]
        return "\n".join(lines[starts[-1] + 1 :][-count:] if starts else lines[-count:])
