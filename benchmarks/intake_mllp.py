"""The MLLP part of benchmarks.intake."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from stack.simulate.traffic import traffic

SOCKETS = (1, 8, 32)
START, END = b"\x0b", b"\x1c\r"


class Server(NamedTuple):
    """A running server: its MLLP port, and its process."""

    port: int
    pid: int


def compare_mllp(folder: Path, number: int) -> None:
    """Print rates of both, their ratio, and the gateway's delays at half its top rate."""
    best = 0.0
    for sockets in SOCKETS:
        messages = _messages(number, sockets)
        with bare(folder / f"bare-{sockets}.sqlite") as server:
            limit = _rate(f"bare server, {sockets} sockets", server, messages, sockets)
        with gateway(folder / f"gateway-{sockets}") as server:
            found = _rate(f"gateway, {sockets} sockets", server, messages, sockets)
        print(f"{'':32} {found / limit:8.2f} of the bare server")
        best = max(best, found)
    with gateway(folder / "gateway-half") as server:
        count = min(number, int(best * 10))
        delays = asyncio.run(send(server.port, _messages(count, 32), 32, best / 2))
    middle, late = delays[len(delays) // 2], delays[int(0.99 * (len(delays) - 1))]
    print(
        f"gateway at {best / 2:.0f} messages/s over 32 sockets: median {1000 * middle:.1f} ms, p99 {1000 * late:.1f} ms"
    )


def _rate(name: str, server: Server, messages: Sequence[bytes], sockets: int) -> float:
    """Messages a second, printed with what each costs: CPU time, bytes to the disk, and how often it waits for it."""
    asyncio.run(send(server.port, messages[:200], sockets, 0))
    with synced(server.pid) as syncs:
        before, started = cost(server.pid), time.perf_counter()
        asyncio.run(send(server.port, messages[200:], sockets, 0))
        seconds, after = time.perf_counter() - started, cost(server.pid)
    count = len(messages) - 200
    cpu, written = (late - early for late, early in zip(after, before, strict=True))
    told = f"{syncs[0] / count:.2f} fsyncs" if syncs else "fsyncs: perf is missing"
    print(
        f"{name:32} {count / seconds:8.0f} messages/s; a message takes {1000 * cpu / count:.2f} ms of CPU, "
        f"{written / count / 1024:.1f} KiB written, {told}"
    )
    return count / seconds


def cost(pid: int) -> tuple[float, float]:
    """Seconds of CPU that a process has taken, and the bytes that it had written to disks (mostly the log, WAL)."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    written = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())["write_bytes"]
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"), float(written)


@contextmanager
def synced(pid: int) -> Iterator[list[int]]:
    """Filled at the end with how often the process called fsync or fdatasync; empty where perf can't be used."""
    found: list[int] = []
    if shutil.which("perf") is None:
        yield found
        return
    events = "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync"
    command = ["perf", "stat", "-x", ",", "-e", events, "-p", str(pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as counter:
        time.sleep(0.5)
        yield found
        counter.send_signal(signal.SIGINT)
        _, told = counter.communicate()
    numbers = [line.partition(",")[0] for line in told.splitlines() if "sys_enter_f" in line]
    if numbers and all(number.isdecimal() for number in numbers):
        found.append(sum(map(int, numbers)))


def _messages(number: int, seed: int) -> list[bytes]:
    """Framed reports of synthetic days, all different, and 200 more for a warm-up."""
    days = (number + 200) // 70 + 1
    raws = [message.raw for message in traffic(days, seed).messages if message.is_version]
    return [START + raw + END for raw in raws[: number + 200]]


async def send(port: int, messages: Sequence[bytes], sockets: int, rate: float) -> list[float]:
    """Send over so many sockets, at a rate (0: as fast as answers come). Sorted delays in seconds, from the moment at
    which a message was due."""
    delays: list[float] = []
    started = time.perf_counter()

    async def sender(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, len(messages), sockets):
            due = started + number / rate if rate else time.perf_counter()
            if due > (now := time.perf_counter()):
                await asyncio.sleep(due - now)
            writer.write(messages[number])
            answer = await reader.readuntil(END)
            delays.append(time.perf_counter() - due)
            assert b"|AA|" in answer, answer
        writer.close()

    await asyncio.gather(*(sender(first) for first in range(sockets)))
    return sorted(delays)


@contextmanager
def bare(file: Path) -> Iterator[Server]:
    """The bare server while it runs."""
    command = [sys.executable, "-m", "benchmarks.bare_mllp", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process.pid)
        process.kill()


@contextmanager
def gateway(folder: Path) -> Iterator[Server]:
    """A real gateway while it runs."""
    folder.mkdir()
    ready = folder / "ready"
    environment = {
        **os.environ,
        "VLMKG_GATEWAY_DOORS": "mllp",
        "VLMKG_MLLP_PORT": "0",
        "VLMKG_READY_FILE": str(ready),
    }
    command = [sys.executable, "-m", "vlmkg", "gateway", "--data", str(folder / "var")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        while not ready.exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield Server(int(json.loads(ready.read_text())["mllp"].rpartition(":")[2]), process.pid)
        process.terminate()
