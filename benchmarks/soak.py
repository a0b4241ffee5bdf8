"""Whether the gateway's processes grow under hours of ordinary traffic.

    python -m benchmarks.soak [--minutes 10] [--rate 20]

Sends to all network doors of one gateway at once, at a steady rate: reports by MLLP (one in twenty with a text of
100 KB, one in ten the one before again, one in fifty unreadable), DiagnosticReports by FHIR, and C-ECHO over new
associations. Every tenth of the time it prints the memory and the number of descriptors of all processes of the
gateway. Ends with 1 where the last third of the time needs more than 5 % or 10 descriptors more than the third before
it.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from pynetdicom import AE

from benchmarks.abuse import HONEST, ask, connect, report
from benchmarks.abuse_doors import VERIFICATION, Addresses, diagnostic_report, gateway, post
from benchmarks.abuse_doors import ask as ask_http
from benchmarks.abuse_doors import connect as connect_http

SAMPLES = 30
LONG = b"The lungs are clear. " * 5000


def mixed(number: int) -> bytes:
    """A report of the mixture."""
    if number % 50 == 49:
        return b"MSH|^~\\&|broken"
    raw = report(number - (number % 10 == 9))
    return raw.replace(b"The lungs are clear.", LONG) if number % 20 == 7 else raw


async def by_mllp(at: Addresses, rate: float, until: float) -> int:
    """Send reports. Returns how many."""
    link = await connect(at["mllp"], HONEST)
    number = time.time_ns() // 10**9 * 10**6
    first = number
    while time.monotonic() < until:
        number += 1
        await ask(*link, mixed(number))
        await asyncio.sleep(1 / rate)
    link[1].close()
    return number - first


async def by_fhir(at: Addresses, rate: float, until: float) -> int:
    """Send resources, over a new connection now and then. Returns how many."""
    number = 0
    while time.monotonic() < until:
        link = await connect_http(at["fhir"], HONEST)
        for _ in range(50):
            number += 1
            await ask_http(link, post("/fhir/DiagnosticReport", diagnostic_report(time.time_ns())))
            await asyncio.sleep(1 / rate)
        link[1].close()
    return number


def echo(at: Addresses) -> None:
    """One association with one C-ECHO."""
    entity = AE("SOAK")
    entity.add_requested_context(VERIFICATION)
    link = entity.associate(*at["dicom"])
    if link.is_established:
        link.send_c_echo()
        link.release()


async def by_dicom(at: Addresses, until: float) -> int:
    """Open an association each second. Returns how many."""
    number = 0
    while time.monotonic() < until:
        number += 1
        await asyncio.to_thread(echo, at)
        await asyncio.sleep(1)
    return number


def measured(main: psutil.Process) -> tuple[float, int]:
    """MiB resident and descriptors of a process and its children."""
    alive = [main, *main.children(recursive=True)]
    return sum(one.memory_info().rss for one in alive) / (1 << 20), sum(one.num_fds() for one in alive)


async def run(minutes: float, rate: float) -> int:
    """Send, measure, print. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        process, at = await gateway(Path(folder))
        try:
            main, started = psutil.Process(process.pid), time.monotonic()
            until = started + 60 * minutes
            sending = [
                asyncio.create_task(one)
                for one in (by_mllp(at, rate, until), by_fhir(at, rate / 2, until), by_dicom(at, until))
            ]
            found: list[tuple[float, int]] = []
            while time.monotonic() < until:
                await asyncio.sleep(60 * minutes / SAMPLES)
                found.append(measured(main))
                if len(found) % 3 == 0:
                    print(
                        f"{time.monotonic() - started:6.0f} s  {found[-1][0]:6.0f} MiB  {found[-1][1]:4} descriptors",
                        flush=True,
                    )
            print("sent by MLLP, FHIR, DICOM:", *await asyncio.gather(*sending))
        finally:
            process.kill()
            await process.wait()
    third = len(found) // 3
    before, after = found[third : 2 * third], found[2 * third :]
    memory = [statistics.median(one[0] for one in part) for part in (before, after)]
    descriptors = [statistics.median(one[1] for one in part) for part in (before, after)]
    print(f"memory {memory[0]:.0f} to {memory[1]:.0f} MiB, descriptors {descriptors[0]:.0f} to {descriptors[1]:.0f}")
    return int(memory[1] > 1.05 * memory[0] or descriptors[1] > descriptors[0] + 10)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20.0)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(run(arguments.minutes, arguments.rate)))


if __name__ == "__main__":
    main()
