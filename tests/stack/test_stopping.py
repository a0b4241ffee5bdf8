"""A stop in the worst moments: none leaves a process behind, and none is forgotten."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.child import Child, Part, Tier
from stack.folder import owned
from stack.stopping import Stopping
from stack.supervisor import Supervisor
from tests.stack.processes import belonging_to
from vlmkg.data_dir import DataDir

LONG = ("sleep", "60")


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def part(command: tuple[str, ...] = LONG) -> Part:
    return Part("redis", command, os.environ, lambda: True, Tier.SERVER, grace_s=5.0, start_limit_s=5.0, remedy="look")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


@pytest.fixture
def lock(data: DataDir) -> Iterator[int]:
    before = os.umask(0o022)
    with owned(data, lambda _line: None) as lock:
        yield lock
    os.umask(before)


@pytest.fixture
def stop_within_popen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes when the process runs and the call that started it has not returned."""
    spawn: Callable[..., None] = subprocess.Popen._execute_child  # type: ignore[attr-defined]

    def spawn_and_stop(*arguments: object) -> None:
        spawn(*arguments)
        monkeypatch.undo()
        stop()

    monkeypatch.setattr(subprocess.Popen, "_execute_child", spawn_and_stop)


@pytest.mark.usefixtures("stop_within_popen")
def test_a_stop_in_the_call_that_starts_a_part_ends_the_part_too(data: DataDir, lock: int) -> None:
    stopping = Stopping()
    supervisor = Supervisor(data, lock, lambda _line: None, stopping.held)
    with stopping.handled(supervisor.hurry), pytest.raises(KeyboardInterrupt):
        supervisor.start(part((sys.executable, "-c", f"import time; {str(data.root)!r}; time.sleep(60)")))
    supervisor.stop()
    assert belonging_to(data.root) == []


def test_a_signal_in_a_held_moment_is_late_and_not_lost() -> None:
    stopping, done = Stopping(), []

    def moment() -> None:
        with stopping.held():
            stop()
            stop()
            done.append("all of it")
        done.append("never")

    with stopping.handled(lambda: done.append("hurry")), pytest.raises(KeyboardInterrupt):
        moment()
    assert done == ["all of it"]


def test_an_error_in_a_held_moment_comes_first() -> None:
    stopping = Stopping()

    def moment() -> None:
        with stopping.held():
            stop()
            raise FileNotFoundError

    with stopping.handled(lambda: None), pytest.raises(FileNotFoundError):
        moment()


def test_signals_during_the_end_only_hurry_it() -> None:
    stopping, hurried = Stopping(), []
    with stopping.handled(lambda: hurried.append(True)):
        with pytest.raises(KeyboardInterrupt):
            stop()
        stop()
        with stopping.held():
            stop()
    assert hurried == [True, True]


def test_an_end_that_no_signal_began_is_not_broken_by_one() -> None:
    stopping, hurried = Stopping(), []
    with stopping.handled(lambda: hurried.append(True)):
        stopping.end()
        stop()
    assert hurried == [True]


def test_the_handlers_before_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stopping().handled(lambda: None):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_number_that_a_killed_stack_left_is_nobodys(data: DataDir, lock: int) -> None:
    with subprocess.Popen(LONG, start_new_session=True) as stranger:
        (data.run / "redis.pid").write_text(f"{stranger.pid}\n")
        child = Child(part(), data, lock)
        child._guardian.kill()  # before it is up and writes the number of its own command
        child.wait()
        with pytest.raises(subprocess.TimeoutExpired):
            stranger.wait(0.3)
        stranger.kill()
