"""How long an honest sender waits for its answers while another sends what is dear to read.

    python -m benchmarks.abuse [--seconds 8] [--only WORDS]

Opens the MLLP door of a gateway in a process of its own, over a ledger in a temporary folder. The honest sender, at
127.0.0.1, sends a report every 20 ms on one connection; the abuser, at 127.0.0.2 and in a process of its own, uses
several. Says for each abuse the honest sender's median and 99th percentile in milliseconds, and what the abuser was
answered.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.abusive_messages import abusive
from ingest.formats.origin import Format

HONEST, ABUSER = "127.0.0.1", "127.0.0.2"
EVERY_S = 0.02
START, END = b"\x0b", b"\x1c\r"

Address = tuple[str, int]
Attack = Callable[[Address, Counter[str]], Awaitable[None]]


def report(number: int) -> bytes:
    """A report of a study of its own."""
    return (
        f"MSH|^~\\&|RIS|SOUTH|VLMKG|WARD|20260301101500||ORU^R01|H{number}|P|2.5.1\r"
        f"PID|1||{number}^^^SOUTH^MR\r"
        f"OBR|1|P{number}|H{number}^RIS|CXR^XR CHEST^L|||20260301100000||||||||||||||||||F\r"
        "OBX|1|FT|GDT^FINDINGS||The lungs are clear. No pneumothorax or pleural effusion.||||||F\r"
    ).encode()


async def connect(address: Address, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection from a loopback address of its own."""
    return await asyncio.open_connection(*address, local_addr=(source, 0), limit=1 << 26)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> bytes:
    """Send one message and return its answer."""
    writer.write(START + message + END)
    await writer.drain()
    return await reader.readuntil(END)


async def honest(address: Address, seconds: float) -> list[float]:
    """Send for so long. Returns how long each answer took, in ms."""
    reader, writer = await connect(address, HONEST)
    taken: list[float] = []
    until, number = time.perf_counter() + seconds, int(time.time() * 1000) * 1000
    while time.perf_counter() < until:
        number += 1
        started = time.perf_counter()
        answer = await ask(reader, writer, report(number))
        assert b"MSA|AA" in answer, answer[:200]
        taken.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(max(0.0, EVERY_S - (time.perf_counter() - started)))
    writer.close()
    return taken


def messages(form: Format, name: str, size: int, connections: int = 4) -> Attack:
    """An abuser that sends one message again and again, each a little different, on several connections."""

    async def attack(address: Address, told: Counter[str]) -> None:
        raw = abusive(form, name, size)

        async def one(lane: int) -> None:
            reader, writer = await connect(address, ABUSER)
            for number in range(1_000_000):
                answer = await ask(reader, writer, raw.replace(b"|M1|", b"|M%d.%d|" % (lane, number), 1))
                told[answer.partition(b"MSA|")[2][:2].decode() or "none"] += 1

        await asyncio.gather(*(one(lane) for lane in range(connections)))

    return attack


def batch(count: int) -> Attack:
    """An abuser that sends batches of tiny messages."""

    async def attack(address: Address, told: Counter[str]) -> None:
        reader, writer = await connect(address, ABUSER)
        for number in range(1_000_000):
            tiny = b"".join(b"MSH|^~\\&|A|N|||1||ORU^R01|%d.%d|P|2.5\r" % (number, one) for one in range(count))
            answer = await ask(reader, writer, b"BHS|^~\\&|A\r" + tiny + b"BTS|%d\r" % count)
            told[answer.partition(b"MSA|")[2][:2].decode() or "none"] += 1

    return attack


async def tiny_frames(address: Address, told: Counter[str]) -> None:
    """An abuser that sends frames of a few bytes without waiting for answers."""
    reader, writer = await connect(address, ABUSER)

    async def read() -> None:
        while chunk := await reader.read(1 << 16):
            told["answers"] += chunk.count(END)

    reading = asyncio.create_task(read())
    try:
        for number in range(1_000_000):
            writer.write(b"".join(START + b"MSH|^~\\&|%d.%d" % (number, one) + END for one in range(1000)))
            await writer.drain()
    finally:
        reading.cancel()


async def open_frame(address: Address, told: Counter[str]) -> None:
    """An abuser that leaves frames of 19 MiB open and goes on byte by byte."""
    links = [await connect(address, ABUSER) for _ in range(8)]
    for _, writer in links:
        writer.write(START + report(1) + b"x" * (19 << 20))
    while True:
        for _, writer in links:
            writer.write(b"x")
            told["bytes"] += 1
        await asyncio.sleep(0.005)


async def silent(address: Address, told: Counter[str]) -> None:
    """An abuser that opens connections and says nothing."""
    links = []
    while True:
        with contextlib.suppress(OSError):
            links.append(await connect(address, ABUSER))
            told["opened"] += 1
        await asyncio.sleep(0.01)


async def nothing(_address: Address, _told: Counter[str]) -> None:
    """No abuser."""
    await asyncio.Event().wait()


MIB = 1 << 20
ATTACKS: dict[str, Attack] = {
    "nobody": nothing,
    "PID-3 of separators, 6 MB": messages(Format.HL7, "PID-3 of separators", 6 * MIB),
    "PID-3 of separators, 19 MB": messages(Format.HL7, "PID-3 of separators", 19 * MIB),
    "PID-3 of identifiers, 1 MB": messages(Format.HL7, "PID-3 of identifiers", MIB - 1000),
    "MRG-1 of separators, 6 MB": messages(Format.HL7, "MRG-1 of separators", 6 * MIB),
    "orders of one number, 2 MB": messages(Format.HL7, "orders of one number", 2 * MIB),
    "orders of many numbers, 27 KB": messages(Format.HL7, "orders of many numbers", 27_000),
    "results, 1 MB": messages(Format.HL7, "results", MIB),
    "hexadecimal escapes, 3 MB": messages(Format.HL7, "hexadecimal escapes", 3 * MIB),
    "tags, 260 KB": messages(Format.HL7, "tags", 260_000),
    "attributes, 15 MB": messages(Format.HL7, "attributes", 15 * MIB),
    "orders in 8 KB": messages(Format.HL7, "orders of many numbers", 8_000, 16),
    "merges in 8 KB": messages(Format.HL7, "merges", 8_000, 16),
    "patients in 8 KB": messages(Format.HL7, "patients", 8_000, 16),
    "batches of 20,000": batch(20_000),
    "batches of 1,000": batch(1_000),
    "tiny frames": tiny_frames,
    "open frames of 19 MiB": open_frame,
    "silent connections": silent,
}


async def attack_for(name: str, address: Address, seconds: float) -> None:
    """Be the abuser for so long, and print what it was told."""
    told: Counter[str] = Counter()
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(seconds):
            await ATTACKS[name](address, told)
    print(json.dumps(told))


async def measure(address: Address, name: str, seconds: float) -> tuple[list[float], dict[str, int]]:
    """The honest sender's times while one attack runs in another process, and what the abuser was told."""
    command = [sys.executable, "-m", "benchmarks.abuse", "--attack", name, "--seconds", str(seconds + 2)]
    abuser = await asyncio.create_subprocess_exec(
        *command, "--at", f"{address[0]}:{address[1]}", stdout=asyncio.subprocess.PIPE
    )
    await asyncio.sleep(1.5)
    taken = await honest(address, seconds)
    told, _ = await abuser.communicate()
    return taken, json.loads(told or b"{}")


async def gateway(folder: Path) -> tuple[asyncio.subprocess.Process, Address]:
    """A gateway with the MLLP door alone, in a process of its own."""
    ready = folder / "ready.json"
    environment = os.environ | {
        "VLMKG_GATEWAY_DOORS": "mllp",
        "VLMKG_MLLP_PORT": "0",
        "VLMKG_READY_FILE": str(ready),
        "VLMKG_MIN_FREE": "0",
    }
    command = [sys.executable, "-m", "vlmkg", "gateway", "--data", str(folder / "data")]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        while not ready.exists():
            await asyncio.sleep(0.05)
    host, _, port = json.loads(ready.read_text())["mllp"].rpartition(":")
    return process, (host, int(port))


async def run(only: str, seconds: float) -> None:
    """Run the attacks whose names hold these words, each against a gateway of its own, and print one line for each."""
    print(f"{'while an abuser sends':34} {'answers':>7} {'median':>8} {'p99':>8} {'most':>8}  the abuser was told")
    for name in ATTACKS:
        if only not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="abuse-") as folder:
            process, address = await gateway(Path(folder))
            try:
                taken, told = await measure(address, name, seconds)
            finally:
                process.send_signal(signal.SIGKILL)
                await process.wait()
        p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
        print(
            f"{name:34} {len(taken):7} {statistics.median(taken):8.1f} {p99:8.1f} {max(taken):8.1f}  {told}",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--attack", choices=tuple(ATTACKS), help=argparse.SUPPRESS)
    parser.add_argument("--at", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        host, _, port = arguments.at.rpartition(":")
        asyncio.run(attack_for(arguments.attack, (host, int(port)), arguments.seconds))
        return
    asyncio.run(run(arguments.only, arguments.seconds))


if __name__ == "__main__":
    main()
