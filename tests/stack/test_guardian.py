"""The guardian, with real processes: exit codes, logs, and that nothing outlives the pipe."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import guardian
from tests.stack.processes import alive, until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Guarded:
    """A guardian of one command, as the stack starts it."""

    def __init__(self, folder: Path, command: list[str], grace_s: float = 5.0) -> None:
        self.log, self.pid_file = folder / "part.log", folder / "part.pid"
        program = [sys.executable, "-I", "-S", guardian.__file__, str(self.log), str(self.pid_file), str(grace_s)]
        self.process = subprocess.Popen([*program, *command], stdin=subprocess.PIPE, start_new_session=True)

    def pid(self) -> int:
        """The command's process."""
        assert until(lambda: self.pid_file.exists() and self.pid_file.read_text().endswith("\n"))
        return int(self.pid_file.read_text())

    def said(self, word: str) -> bool:
        """Whether the command has printed the word by now or does soon."""
        return until(lambda: self.log.exists() and word in self.log.read_text())


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[type[Guarded]]:
    started: list[Guarded] = []

    def start(command: list[str], grace_s: float = 5.0) -> Guarded:
        started.append(Guarded(tmp_path, command, grace_s))
        return started[-1]

    yield start
    for one in started:
        assert one.process.stdin is not None
        one.process.stdin.close()
        one.process.wait(20)


@pytest.mark.parametrize(
    ("command", "code"),
    [(["sh", "-c", "exit 0"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137), (["/no/such"], 127)],
)
def test_it_ends_as_the_command_ends(guard, command: list[str], code: int) -> None:
    assert guard(command).process.wait(10) == code


def test_output_goes_to_a_private_log(guard) -> None:
    guarded = guard(["sh", "-c", "echo out; echo err >&2"])
    guarded.process.wait(10)
    header, *lines = guarded.log.read_text().splitlines()
    assert header.startswith(guardian.HEADER)
    assert sorted(lines) == ["err", "out"]
    assert stat.S_IMODE(guarded.log.stat().st_mode) == 0o600
    assert not guarded.pid_file.exists()


def test_the_log_is_bounded(guard, tmp_path: Path) -> None:
    megabytes = 3 * guardian.LOG_LIMIT // 10**6
    chatty = f"import sys\nfor _ in range({megabytes}): sys.stdout.write('x' * 10**6)"
    guard([sys.executable, "-c", chatty]).process.wait(30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part.log", "part.log.1"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2 * guardian.LOG_LIMIT + 65536


def test_a_closed_pipe_stops_the_command(guard) -> None:
    guarded = guard(["sleep", "60"])
    pid = guarded.pid()
    guarded.process.stdin.close()
    assert guarded.process.wait(5) == 128 + signal.SIGTERM
    assert not alive(pid)


def test_a_stubborn_command_is_killed_after_its_grace(guard) -> None:
    guarded = guard([sys.executable, "-c", STUBBORN], grace_s=0.3)
    assert guarded.said("up")
    guarded.process.terminate()
    assert guarded.process.wait(5) == 128 + signal.SIGKILL


def test_a_second_request_kills_at_once(guard) -> None:
    guarded = guard([sys.executable, "-c", STUBBORN], grace_s=60)
    assert guarded.said("up")
    guarded.process.terminate()
    assert not until(lambda: guarded.process.poll() is not None, 0.5)
    guarded.process.terminate()
    assert guarded.process.wait(5) == 128 + signal.SIGKILL


def test_children_of_the_command_do_not_outlive_it(guard) -> None:
    guarded = guard(["sh", "-c", "sleep 60 & echo pid $!; exec sleep 60"])
    assert guarded.said("pid")
    grandchild = int(guarded.log.read_text().split()[-1])
    os.kill(guarded.pid(), signal.SIGKILL)
    assert guarded.process.wait(5) == 128 + signal.SIGKILL
    assert until(lambda: not alive(grandchild), 2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent's death")
def test_a_killed_guardian_takes_the_command_with_it(guard) -> None:
    guarded = guard(["sleep", "60"])
    pid = guarded.pid()
    guarded.process.kill()
    assert until(lambda: not alive(pid), 2)


def test_ctrl_c_at_the_terminal_does_not_reach_the_command(guard) -> None:
    guarded = guard(["sleep", "60"])
    pid = guarded.pid()
    os.killpg(guarded.process.pid, signal.SIGINT)
    assert not until(lambda: not alive(pid), 0.3)
