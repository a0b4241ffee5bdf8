"""The MLLP part of benchmarks.intake."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack.simulate.traffic import traffic

SOCKETS = (1, 8, 32)
START, END = b"\x0b", b"\x1c\r"


def compare_mllp(folder: Path, number: int) -> None:
    """Print rates of both, their ratio, and the gateway's delays at half its top rate."""
    best = 0.0
    for sockets in SOCKETS:
        messages = _messages(number, sockets)
        with bare(folder / f"bare-{sockets}.sqlite") as port:
            limit = _rate(f"bare server, {sockets} sockets", port, messages, sockets)
        with gateway(folder / f"gateway-{sockets}") as port:
            found = _rate(f"gateway, {sockets} sockets", port, messages, sockets)
        print(f"{'':32} {found / limit:8.2f} of the bare server")
        best = max(best, found)
    with gateway(folder / "gateway-half") as port:
        count = min(number, int(best * 10))
        delays = asyncio.run(send(port, _messages(count, 32), 32, best / 2))
    middle, late = delays[len(delays) // 2], delays[int(0.99 * (len(delays) - 1))]
    print(
        f"gateway at {best / 2:.0f} messages/s over 32 sockets: median {1000 * middle:.1f} ms, p99 {1000 * late:.1f} ms"
    )


def _rate(name: str, port: int, messages: Sequence[bytes], sockets: int) -> float:
    asyncio.run(send(port, messages[:200], sockets, 0))
    started = time.perf_counter()
    asyncio.run(send(port, messages[200:], sockets, 0))
    found = (len(messages) - 200) / (time.perf_counter() - started)
    print(f"{name:32} {found:8.0f} messages/s")
    return found


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
def bare(file: Path) -> Iterator[int]:
    """The bare server's port while it runs."""
    command = [sys.executable, "-m", "benchmarks.bare_mllp", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


@contextmanager
def gateway(folder: Path) -> Iterator[int]:
    """The MLLP port of a real gateway while it runs."""
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
        yield int(json.loads(ready.read_text())["mllp"].rpartition(":")[2])
        process.terminate()
