"""The supervisor, with real processes: restarts with a bound, and an end in order."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from stack import supervisor as module
from stack.child import Part, Tier
from stack.errors import PartError
from stack.folder import owned
from stack.supervisor import Supervisor, start_together
from tests.stack.processes import until
from vlmkg.data_dir import DataDir


class Bench:
    """A supervisor over a fresh data folder, and what it says."""

    def __init__(self, data: DataDir, lock: int) -> None:
        self.data, self.said = data, []
        self.supervisor = Supervisor(data, lock, self.said.append, nullcontext)

    def part(self, name: str, code: str, tier: Tier = Tier.PROGRAM, **changes) -> Part:
        """A part that runs Python code with `ready`, the path of the file by which it answers."""
        ready = self.data.run / f"{name}.ready"
        values = {"answers": ready.exists, "grace_s": 5.0, "start_limit_s": 10.0, "remedy": "look", **changes}
        prelude = f"import os, signal, sys, time\nfrom pathlib import Path\nready = Path({str(ready)!r})\n"
        command = (sys.executable, "-c", prelude + code)
        return Part(name=name, command=command, environment=os.environ, tier=tier, ready_file=ready, **values)

    def pid(self, name: str) -> int:
        """The process of a part."""
        file = self.data.run / f"{name}.pid"
        assert until(lambda: file.exists() and file.read_text().endswith("\n"))
        return int(file.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    before = os.umask(0o022)
    data = DataDir(tmp_path / "var")
    with owned(data, lambda _line: None) as lock:
        bench = Bench(data, lock)
        yield bench
        bench.supervisor.stop()
    os.umask(before)


RUNS = "ready.touch(); time.sleep(60)"


def test_a_part_that_ends_while_starting_shows_its_last_lines(bench: Bench) -> None:
    with pytest.raises(PartError, match=r"exit code 4(?s:.*)no such table") as caught:
        start_together(bench.supervisor, [bench.part("api", "print('no such table'); sys.exit(4)")])
    assert caught.value.remedy == "look"


def test_a_part_that_stays_silent_is_given_up(bench: Bench) -> None:
    with pytest.raises(PartError, match="did not respond within 1 s"):
        start_together(bench.supervisor, [bench.part("api", "time.sleep(60)", start_limit_s=1.0)])


def test_a_killed_part_comes_back_and_is_reported(bench: Bench) -> None:
    start_together(bench.supervisor, [bench.part("redis", RUNS)])
    bench.supervisor.watch()
    first = bench.pid("redis")
    os.kill(first, signal.SIGKILL)
    assert until(lambda: "redis responds again" in bench.said)
    assert bench.said[0] == "redis was killed by signal 9 (SIGKILL); restart 1 of 5 within 60 s"
    assert bench.pid("redis") != first


def test_a_part_that_keeps_dying_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)
    told = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    try:
        start_together(bench.supervisor, [bench.part("api", "ready.touch(); time.sleep(0.3); sys.exit('broken')")])
        bench.supervisor.watch()
        assert until(told.is_set, module.WINDOW_S)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "for the 6th time" in str(bench.supervisor.failure)
    assert "broken" in str(bench.supervisor.failure)
    assert sum("restart" in line for line in bench.said) == 5


def test_programs_end_before_servers_and_in_peace(bench: Bench) -> None:
    order = bench.data.root / "order"

    def polite(word: str, pause_s: float) -> str:
        note = f"time.sleep({pause_s}); open({str(order)!r}, 'a').write({word!r})"
        return f"def end(*_):\n    {note}\n    sys.exit(0)\nsignal.signal(signal.SIGTERM, end)\n{RUNS}"

    server = bench.part("redis", polite("server ", 0.0), Tier.SERVER)
    program = bench.part("api", polite("program ", 0.3))
    start_together(bench.supervisor, [server, program])
    bench.supervisor.stop()
    assert order.read_text() == "program server "


def test_hurrying_ends_a_stubborn_part_at_once(bench: Bench) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " + RUNS
    start_together(bench.supervisor, [bench.part("api", stubborn, grace_s=60.0)])
    stopping = threading.Thread(target=bench.supervisor.stop)
    stopping.start()
    stopping.join(0.5)
    assert stopping.is_alive()
    bench.supervisor.hurry()
    stopping.join(5)
    assert not stopping.is_alive()
