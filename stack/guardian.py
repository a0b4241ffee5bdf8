"""Run one command, and end all its processes when it ends or the stack ends.

    python -I -S guardian.py LOG PID_FILE GRACE_SECONDS COMMAND [ARGUMENT...]

The command runs in its own process group. Standard input is a pipe that the stack holds open: end of file means that
the stack has ended, for whatever reason. Then, or on SIGTERM, the command gets SIGTERM and GRACE_SECONDS to end; after
that, or on a second SIGTERM, its group is killed. When the command has ended, the rest of its group is killed, too. If
the guardian is killed, Linux kills the command with it.

The command's output goes to LOG, with one older LOG.1: together at most twice LOG_LIMIT.
This is a program and not a module: it imports only the standard library, to start fast and stay small.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

LOG_LIMIT = 10 * 2**20
HEADER = "== started "
PR_SET_PDEATHSIG = 1


class Log:
    """A log file of bounded size, readable only by the owner."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def write(self, data: bytes) -> None:
        """Append, and begin a new file when this one is full."""
        self._size += os.write(self._file, data)
        if self._size >= LOG_LIMIT:
            os.close(self._file)
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size


def guard(command: list[str], log: Log, pid_file: Path, grace_s: float) -> int:
    """Run the command to its end. Returns its exit code, or 128 and the number of the signal that ended it."""
    signals = _signals_as_bytes()
    child = subprocess.Popen(  # noqa: S603 - the stack's own command line
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - this process has one thread
    )
    assert child.stdout is not None  # noqa: S101 - it was asked for
    output = child.stdout.fileno()
    os.set_blocking(output, False)
    pid_file.write_text(f"{child.pid}\n")
    _follow(child.pid, output, signals, log, grace_s)
    # The ended child is not reaped yet, so its number can't be another group's.
    _kill_group(child.pid)
    _copy(output, log)
    pid_file.unlink(missing_ok=True)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _follow(pid: int, output: int, signals: int, log: Log, grace_s: float) -> None:
    """Return when the process has ended. Stop it when the stack requests that or has ended."""
    parent, watched, deadline = 0, {0, output, signals}, None
    while not _ended(pid):
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = select.select(watched, [], [], wait)[0]
        if output in ready and not _copy(output, log):
            watched.discard(output)
        stops = os.read(signals, 512).count(signal.SIGTERM) if signals in ready else 0
        if parent in ready and not os.read(parent, 512):
            watched.discard(parent)
            stops += 1
        if deadline is not None and (stops or time.monotonic() >= deadline):
            _kill_group(pid)
            deadline = time.monotonic() + grace_s
        elif stops:
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + grace_s


def _ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
        os.killpg(pid, signal.SIGKILL)


def _copy(output: int, log: Log) -> bool:
    """Copy new output to the log; False at the end of the output."""
    try:
        while data := os.read(output, 65536):
            log.write(data)
    except BlockingIOError:
        return True
    return False


def _signals_as_bytes() -> int:
    """Let signals arrive as bytes in a pipe, so that one `select` waits for everything. Returns the end to read."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return reader


def _die_with_parent(guardian: int) -> Callable[[], None]:
    """Runs in the child before the command: ask Linux for SIGKILL when the guardian dies."""
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def ask() -> None:
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != guardian:
                os._exit(1)

    return ask


def main() -> int:
    """Read the command line, run the command, and log its start and its end."""
    log_path, pid_file, grace, *command = sys.argv[1:]
    log = Log(Path(log_path))
    log.write(f"{HEADER}{datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
    try:
        return guard(command, log, Path(pid_file), float(grace))
    except OSError as error:
        log.write(f"{command[0]}: {error.strerror}\n".encode())
        return 127


if __name__ == "__main__":
    sys.exit(main())
