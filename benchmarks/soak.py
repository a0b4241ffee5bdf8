"""Whether any process of a whole stack grows under hours of ordinary traffic.

    python -m benchmarks.soak [--minutes 30] [--rate 20]

Starts a stack of its own (gateway, workers, API, Neo4j, Redis; the rules read) and drives all of it at once, at a
steady rate: reports by MLLP (one in twenty with a text of 100 KB, one in ten the one before again, one in fifty
unreadable), DiagnosticReports by FHIR, small films by C-STORE over new associations, questions to the API (a page of
findings, a cohort, an event, a wrong document) and downloads.

Prints for each process its memory and descriptors at the start, in the middle and at the end (medians of a fifth of
the time each, without the first minute), and the slope of a line through the second half. Ends with 1 where a process
other than Neo4j, which fills its heap first, has 5 % and 8 MiB or 10 descriptors more at the end than in the middle.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE

from benchmarks.abuse import HONEST, ask, connect, report
from benchmarks.abuse_api import asked
from benchmarks.abuse_doors import Addresses, diagnostic_report, post
from benchmarks.abuse_doors import ask as ask_http
from benchmarks.abuse_doors import connect as connect_http
from benchmarks.merge import stack
from vlmkg.data_dir import DataDir

SAMPLE_S = 2.0
WARM_S = 60.0
"""Not looked at: imports, first connections, caches that fill."""
LONG = b"The lungs are clear. " * 5000
DX = UID("1.2.840.10008.5.1.4.1.1.1.1")
QUESTIONS = (
    "{ findings(first: 50) { totalCount edges { node { text presence concept { name } study { studyKey } } } } }",
    "{ cohort(where: {}) { patients { count } byConcept { key } } }",
    "{ events(first: 20) { edges { node { state reason studyKeys } } } }",
    "{ nothing }",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A running stack: its doors, its API, and the header with its key."""

    doors: Addresses
    api: tuple[str, int]
    key: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment: seconds since the start, MiB resident, descriptors."""

    at: float
    memory: float
    descriptors: int


def mixed(number: int) -> bytes:
    """A report of the mixture."""
    if number % 50 == 49:
        return b"MSH|^~\\&|broken"
    raw = report(number - (number % 10 == 9))
    return raw.replace(b"The lungs are clear.", LONG) if number % 20 == 7 else raw


async def by_mllp(target: Target, rate: float, until: float) -> int:
    """Send reports. Returns how many."""
    link = await connect(target.doors["mllp"], HONEST)
    number = time.time_ns() // 10**9 * 10**6
    first = number
    while time.monotonic() < until:
        number += 1
        await ask(*link, mixed(number))
        await asyncio.sleep(1 / rate)
    link[1].close()
    return number - first


async def by_fhir(target: Target, rate: float, until: float) -> int:
    """Send resources, over a new connection now and then. Returns how many."""
    number = 0
    while time.monotonic() < until:
        link = await connect_http(target.doors["fhir"], HONEST)
        for _ in range(50):
            number += 1
            body = diagnostic_report(time.time_ns())
            await ask_http(link, post("/fhir/DiagnosticReport", body, more=target.key))
            await asyncio.sleep(1 / rate)
        link[1].close()
    return number


async def questions(target: Target, rate: float, until: float) -> int:
    """Ask the API, over a new connection now and then. Returns how often."""
    number = 0
    while time.monotonic() < until:
        link = await connect_http(target.api, HONEST)
        for _ in range(50):
            body = asked(QUESTIONS[number % len(QUESTIONS)])
            await ask_http(link, post("/graphql", body, "application/json", target.key))
            number += 1
            await asyncio.sleep(1 / rate)
        link[1].close()
    return number


async def downloads(target: Target, until: float) -> int:
    """Take a table of some findings each 20 s. Returns how many."""
    number = 0
    body = b'{"where": {"finding": {"concept": {"name": "pneumothorax"}, "presence": ["PRESENT"]}}}'
    while time.monotonic() < until:
        reader, writer = await connect_http(target.api, HONEST)
        writer.write(post("/exports/findings.csv", body, "application/json", f"{target.key}Connection: close\r\n"))
        while await reader.read(1 << 16):
            pass
        writer.close()
        number += 1
        await asyncio.sleep(20)
    return number


def film() -> Dataset:
    """A small film of a study of its own."""
    found, uid = Dataset(), f"1.2.{time.time_ns()}"
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID, found.SOPInstanceUID, found.StudyInstanceUID, found.SeriesInstanceUID = DX, f"{uid}.1", uid, uid
    found.PatientID, found.Modality, found.PhotometricInterpretation = uid[-12:], "DX", "MONOCHROME2"
    found.Rows = found.Columns = 64
    found.SamplesPerPixel, found.PixelRepresentation = 1, 0
    found.BitsAllocated, found.BitsStored, found.HighBit = 8, 8, 7
    found.PixelData = bytes(64 * 64)
    return found


def store(target: Target) -> None:
    """One association with one film."""
    entity = AE("SOAK")
    entity.add_requested_context(DX, ExplicitVRLittleEndian)
    link = entity.associate(*target.doors["dicom"])
    if link.is_established:
        link.send_c_store(film())
        link.release()


async def by_dicom(target: Target, until: float) -> int:
    """Open an association each second. Returns how many."""
    number = 0
    while time.monotonic() < until:
        number += 1
        await asyncio.to_thread(store, target)
        await asyncio.sleep(1)
    return number


def target_of(data: DataDir) -> Target:
    """The addresses of a running stack."""
    at = data.require_endpoints()

    def address(place: str | None) -> tuple[str, int]:
        parts = urlsplit(str(place) if "//" in str(place) else f"//{place}")
        return str(parts.hostname), int(parts.port or 80)

    doors = {"mllp": address(at.mllp), "dicom": address(at.dicom), "fhir": address(at.fhir)}
    return Target(doors, address(at.graphql), f"Authorization: Bearer {at.api_key}\r\n")


def name_of(process: psutil.Process) -> str:
    """A process by what it does; children of a part by the part."""
    words = process.cmdline()
    if "vlmkg" in words:
        known = [word for word in words[words.index("vlmkg") + 1 :] if not word.startswith(("-", "/"))]
        return " ".join(known) or "vlmkg"
    if any(word in words[0] for word in ("java", "redis")):
        return "neo4j" if "java" in words[0] else "redis"
    return f"{name_of(process.parent() or process)}, reading" if "python" in words[0] else words[0]


def look(main: psutil.Process, started: float, found: dict[tuple[str, int], list[Sample]]) -> None:
    """Add a sample of each process."""
    for process in (main, *main.children(recursive=True)):
        try:
            sample = Sample(time.monotonic() - started, process.memory_info().rss / (1 << 20), process.num_fds())
            found[name_of(process), process.pid].append(sample)
        except (psutil.Error, IndexError):
            continue  # it just ended


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """What a line through the points gains in an hour."""
    return statistics.linear_regression(times, values).slope * 3600


def line_of(name: str, samples: Sequence[Sample]) -> tuple[str, bool]:
    """One line about a process, and whether it grew."""
    fifth = max(1, len(samples) // 5)
    middle = len(samples) // 2
    parts = (samples[:fifth], samples[middle - fifth // 2 : middle + fifth // 2 + 1], samples[-fifth:])
    memory = [statistics.median(one.memory for one in part) for part in parts]
    descriptors = [statistics.median(one.descriptors for one in part) for part in parts]
    late = samples[middle:]
    times = [one.at for one in late]
    slopes = [slope(times, [one.memory for one in late]), slope(times, [float(one.descriptors) for one in late])]
    grew = memory[2] > max(1.05 * memory[1], memory[1] + 8) or descriptors[2] > descriptors[1] + 10
    told = " ".join(f"{one:7.0f}" for one in memory), " ".join(f"{one:5.0f}" for one in descriptors)
    return f"{name:24} {told[0]} {slopes[0]:+9.1f} {told[1]} {slopes[1]:+8.1f}", grew and name != "neo4j"


async def drive(target: Target, main: psutil.Process, minutes: float, rate: float) -> int:
    """Send, measure, print. Returns the exit code."""
    started = time.monotonic()
    until = started + 60 * minutes
    found: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    sending = [
        asyncio.create_task(one)
        for one in (
            by_mllp(target, rate, until),
            by_fhir(target, rate / 2, until),
            by_dicom(target, until),
            questions(target, rate / 4, until),
            downloads(target, until),
        )
    ]
    while time.monotonic() < until:
        await asyncio.sleep(SAMPLE_S)
        look(main, started, found)
    print("sent by MLLP, FHIR, DICOM; asked; downloaded:", *await asyncio.gather(*sending))
    print(f"{'':24} {'MiB: start, middle, end':>23} {'per hour':>9} {'descriptors':>17} {'per hour':>8}")
    warm = min(WARM_S, 12 * minutes)
    late = {key: [one for one in samples if one.at >= warm] for key, samples in found.items()}
    lines = [line_of(name, samples) for (name, _), samples in sorted(late.items()) if len(samples) >= 10]
    print(*(line for line, _ in lines), sep="\n")
    return int(any(grew for _, grew in lines))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=20.0, help="messages per second by MLLP; half as many by FHIR")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, stack(Path(folder) / "var") as (data, up):
        code = asyncio.run(drive(target_of(data), up, arguments.minutes, arguments.rate))
    sys.exit(code)


if __name__ == "__main__":
    main()
