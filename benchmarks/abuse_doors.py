"""How long honest senders wait while another one abuses the HTTP door or the DICOM door.

    python -m benchmarks.abuse_doors [--seconds 4] [--only WORDS]

As `benchmarks.abuse`, with all network doors of one gateway open. One honest sender sends a report by MLLP every 20 ms,
another one a DiagnosticReport by FHIR every 50 ms, both from 127.0.0.1; the abuser, at 127.0.0.2 and in a process of
its own, does one thing without end. Prints the median and the 99th percentile of both in milliseconds, and what the
abuser was answered.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path

from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE

from benchmarks.abuse import ABUSER, HONEST, honest
from benchmarks.abusive_messages import abusive
from benchmarks.abusive_objects import OBJECTS
from ingest.formats.dicom.sop_classes import IMAGES
from ingest.formats.origin import Format

VERIFICATION = "1.2.840.10008.1.1"
COMPUTED = sorted(IMAGES)[0]
MIB = 1 << 20
FHIR_JSON = "application/fhir+json"
FHIR_EVERY_S = 0.05

Addresses = Mapping[str, tuple[str, int]]
Attack = Callable[[Addresses, Counter[str]], Awaitable[None]]


async def connect(address: tuple[str, int], source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection from a loopback address of its own."""
    return await asyncio.open_connection(*address, local_addr=(source, 0), limit=1 << 26)


def post(path: str, body: bytes, kind: str = FHIR_JSON, more: str = "") -> bytes:
    """A request with its body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


async def ask(link: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> str:
    """Send a request; its status."""
    reader, writer = link
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "content-length:" in head:
        await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
    return head.split(" ", 2)[1]


def diagnostic_report(number: int) -> bytes:
    """A report of a patient of its own."""
    return json.dumps(
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "identifier": [{"system": "urn:north", "value": f"R{number}"}],
            "code": {"text": "XR CHEST"},
            "subject": {"identifier": {"system": "urn:north", "value": f"P{number}"}},
            "conclusion": "No pneumothorax.",
        }
    ).encode()


async def honest_fhir(address: tuple[str, int], seconds: float) -> list[float]:
    """Send for so long. Returns how long each answer took, in ms."""
    link = await connect(address, HONEST)
    taken: list[float] = []
    until, number = time.perf_counter() + seconds, time.time_ns()
    while time.perf_counter() < until:
        number += 1
        started = time.perf_counter()
        status = await ask(link, post("/fhir/DiagnosticReport", diagnostic_report(number)))
        assert status == "201", status
        taken.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(max(0.0, FHIR_EVERY_S - (time.perf_counter() - started)))
    link[1].close()
    return taken


def bodies(make: Callable[[int], bytes], lanes: int = 4) -> Attack:
    """An abuser that sends requests on several connections. `make` gives the request of a number."""

    async def attack(at: Addresses, told: Counter[str]) -> None:
        async def one(lane: int) -> None:
            for number in range(1_000_000):
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    link = await connect(at["fhir"], ABUSER)
                    for turn in range(1_000_000):
                        told[await ask(link, make(lane * 10**9 + number * 10**5 + turn))] += 1

        await asyncio.gather(*(one(lane) for lane in range(lanes)))

    return attack


def fhir(name: str, size: int, path: str = "/fhir/DiagnosticReport", lanes: int = 4) -> Attack:
    """An abuser that sends one resource or Bundle again and again, each a little longer or shorter."""
    raw = abusive(Format.FHIR, name, size)
    if path == "/fhir":
        kind = b'"type": "transaction"'
        raw = raw.replace(b'"type": "collection"', kind, 1)
        raw = raw.replace(b'"resource": {', b'"request": {"method": "POST", "url": "x"}, "resource": {')
    return bodies(lambda number: post(path, raw + b" " * (number % 997)), lanes)


def conditional_batch(size: int) -> Attack:
    """An abuser that stores one large resource, then asks for it in every entry of batches."""
    large = json.loads(diagnostic_report(1))
    large["identifier"] = [{"system": "urn:north", "value": "LARGE"}]
    large["extension"] = [{"url": "urn:x", "valueString": "x" * size}]
    entry = {
        "resource": json.loads(diagnostic_report(1)),
        "request": {"method": "POST", "url": "DiagnosticReport", "ifNoneExist": "identifier=urn:north|LARGE"},
    }
    batch = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry] * 400}).encode()
    store = post("/fhir/DiagnosticReport", json.dumps(large).encode())

    async def attack(at: Addresses, told: Counter[str]) -> None:
        told[f"large {await ask(await connect(at['fhir'], ABUSER), store)}"] += 1
        await bodies(lambda number: post("/fhir", batch + b" " * (number % 997)), 8)(at, told)

    return attack


def byte_by_byte(door: str, first: bytes, more: bytes, pause: float = 0.01) -> Attack:
    """An abuser that opens connections without end, begins to send on each, and goes on byte by byte."""

    async def attack(at: Addresses, told: Counter[str]) -> None:
        links = []
        while True:
            with contextlib.suppress(OSError):
                links.append(await connect(at[door], ABUSER))
                links[-1][1].write(first)
            for _, writer in links:
                with contextlib.suppress(OSError):
                    writer.write(more)
            told["opened"] += 1
            await asyncio.sleep(pause)

    return attack


def dicom(work: Callable[[tuple[str, int], Counter[str], threading.Event], None], lanes: int) -> Attack:
    """An abuser of the DICOM door with several threads."""

    async def attack(at: Addresses, told: Counter[str]) -> None:
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=(at["dicom"], told, stop), daemon=True) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            stop.set()

    return attack


def _entity(syntaxes: list[str]) -> AE:
    entity = AE("ABUSER")
    entity.add_requested_context(VERIFICATION)
    entity.add_requested_context(COMPUTED, syntaxes)
    return entity


def echoes(at: tuple[str, int], told: Counter[str], stop: threading.Event) -> None:
    """C-ECHO without end."""
    while not stop.is_set():
        link = _entity([ExplicitVRLittleEndian]).associate(*at, bind_address=(ABUSER, 0))
        told["associations" if link.is_established else "rejected"] += 1
        while link.is_established and not stop.is_set():
            told["echoes" if link.send_c_echo() else "no answer"] += 1


def associations(at: tuple[str, int], told: Counter[str], stop: threading.Event) -> None:
    """Associations that are opened and aborted."""
    while not stop.is_set():
        link = _entity([ExplicitVRLittleEndian]).associate(*at, bind_address=(ABUSER, 0))
        told["associations" if link.is_established else "rejected"] += 1
        link.abort()


def objects(name: str, size: int, syntax: str, at: tuple[str, int], told: Counter[str], stop: threading.Event) -> None:
    """C-STORE of one kind of object, each with a UID of its own."""
    while not stop.is_set():
        link = _entity([syntax]).associate(*at, bind_address=(ABUSER, 0))
        told["associations" if link.is_established else "rejected"] += 1
        while link.is_established and not stop.is_set():
            uid = f"1.2.{time.time_ns()}"
            request = C_STORE()
            request.MessageID, request.Priority = 1, 0
            request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = UID(COMPUTED), UID(uid)
            request.DataSet = BytesIO(OBJECTS[name](size, COMPUTED, uid))
            # Not send_c_store, which reads the object itself.
            context = link._get_valid_context(COMPUTED, "", "scu")
            assert context.context_id is not None
            link._reactor_checkpoint.clear()
            link.dimse.send_msg(request, context.context_id)
            _, answer = link.dimse.get_msg(block=True)
            link._reactor_checkpoint.set()
            told[f"{answer.Status:04X}" if isinstance(answer, C_STORE) and answer.Status is not None else "none"] += 1


async def nothing(_at: Addresses, _told: Counter[str]) -> None:
    """No abuser."""
    await asyncio.Event().wait()


def _objects(name: str, size: int, lanes: int = 8, syntax: str = ExplicitVRLittleEndian) -> Attack:
    return dicom(partial(objects, name, size, syntax), lanes)


LONG_BODY = post("/fhir", b"", more="").replace(b"Content-Length: 0", b"Content-Length: 19000000")
"""The head of a request whose body has 19 MB."""

ATTACKS: dict[str, Callable[[], Attack]] = {
    "nobody": lambda: nothing,
    "FHIR pairs, 17 MB": lambda: fhir("pairs of report and study", 15 * MIB, "/fhir"),
    "FHIR pairs, 60 KB": lambda: fhir("pairs of report and study", 60_000, "/fhir", 16),
    "FHIR reports, 8 KB": lambda: fhir("reports", 6_000, "/fhir", 16),
    "FHIR identifiers, 19 MB": lambda: fhir("identifiers", 19 * MIB),
    "FHIR wrong identifiers, 2 MB": lambda: fhir("wrong identifiers", 2 * MIB),
    "FHIR objects, 19 MB": lambda: fhir("objects", 19 * MIB),
    "FHIR lists in lists, 2 MB": lambda: fhir("lists in lists", 2 * MIB),
    "FHIR numbers of a Bundle, 19 MB": lambda: fhir("empty entries", 19 * MIB, "/fhir"),
    "FHIR batches of conditions": lambda: conditional_batch(10 * MIB),
    "FHIR gzip of 19 MB": lambda: bodies(
        lambda n: post("/fhir/DiagnosticReport", _PACKED, more="Content-Encoding: gzip\r\n")
    ),
    "other content types": lambda: bodies(lambda n: post("/fhir", b"<a/>" * 1000, "application/xml"), 16),
    "unknown paths": lambda: bodies(lambda n: post(f"/x{n}", b"x"), 16),
    "STOW-RS without instances": lambda: bodies(
        lambda n: post(
            "/dicomweb/studies", b"--x\r\n" * 200_000, 'multipart/related; type="application/dicom"; boundary=x'
        )
    ),
    "slow headers": lambda: byte_by_byte("fhir", b"POST /fhir HTTP/1.1\r\nHost: localhost\r\nX: ", b"x"),
    "slow bodies": lambda: byte_by_byte("fhir", LONG_BODY, b"x"),
    "C-ECHO without end": lambda: dicom(echoes, 16),
    "associations without end": lambda: dicom(associations, 16),
    "slow association requests": lambda: byte_by_byte("dicom", b"\x01\x00\x00\x00\x10\x00", b"\x00", pause=0.02),
    "objects of 50 MB": lambda: _objects("a private element", 50 * MIB, 4),
    "objects of many elements": lambda: _objects("elements", 8 * MIB),
    "objects of deep sequences": lambda: _objects("deep sequences", 2 * MIB),
    "objects of many items": lambda: _objects("items", 8 * MIB),
    "objects of long names": lambda: _objects("a long name", 4 * MIB),
    "objects of many values": lambda: _objects("values", 4 * MIB),
    "objects of unknown length": lambda: _objects("items of unknown length", 4 * MIB),
    "objects of another syntax": lambda: _objects("elements", MIB, 8, JPEG2000Lossless),
    "small objects": lambda: _objects("a private element", 100, 16),
}

_PACKED = gzip.compress(b" " * (19 * MIB))


async def attack_for(name: str, at: Addresses, seconds: float) -> None:
    """Be the abuser for so long, and print what it was told."""
    told: Counter[str] = Counter()
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(seconds):
            await ATTACKS[name]()(at, told)
    print(json.dumps(told), flush=True)
    os._exit(0)


async def measure(at: Addresses, name: str, seconds: float) -> tuple[list[float], list[float], dict[str, int]]:
    """The honest senders' times while one attack runs in another process, and what the abuser was told."""
    command = [sys.executable, "-m", "benchmarks.abuse_doors", "--attack", name, "--seconds", str(seconds + 2.5)]
    abuser = await asyncio.create_subprocess_exec(*command, "--at", json.dumps(at), stdout=asyncio.subprocess.PIPE)
    await asyncio.sleep(2)
    mllp, by_fhir = await asyncio.gather(honest(at["mllp"], seconds), honest_fhir(at["fhir"], seconds))
    told, _ = await abuser.communicate()
    return mllp, by_fhir, json.loads(told or b"{}")


async def gateway(folder: Path) -> tuple[asyncio.subprocess.Process, Addresses]:
    """A gateway with the network doors, in a process of its own."""
    ready = folder / "ready.json"
    ports = {f"VLMKG_{door}_PORT": "0" for door in ("MLLP", "DICOM", "HTTP")}
    environment = (
        os.environ
        | ports
        | {
            "VLMKG_GATEWAY_DOORS": "mllp,dicom,http",
            "VLMKG_READY_FILE": str(ready),
            "VLMKG_MIN_FREE": "0",
            "VLMKG_AUTH": "off",
        }
    )
    command = [sys.executable, "-m", "vlmkg", "gateway", "--data", str(folder / "data")]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(120):
        while not ready.exists():
            await asyncio.sleep(0.05)
    found = json.loads(ready.read_text())
    hosts = {"mllp": found["mllp"], "dicom": found["dicom"], "fhir": found["fhir"].split("/")[2]}
    return process, {door: (one.rpartition(":")[0], int(one.rpartition(":")[2])) for door, one in hosts.items()}


def _told(taken: list[float]) -> str:
    p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
    return f"{len(taken):5} {statistics.median(taken):8.1f} {p99:8.1f}"


async def run(only: str, seconds: float) -> None:
    """Run the attacks whose names hold these words, each against a gateway of its own, and print one line for each."""
    print(f"{'':32}  MLLP: answers, median, p99   FHIR: answers, median, p99   the abuser was told")
    for name in ATTACKS:
        if only not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="abuse-", ignore_cleanup_errors=True) as folder:
            process, at = await gateway(Path(folder))
            try:
                mllp, by_fhir, told = await measure(at, name, seconds)
                print(f"{name:32} {_told(mllp)}   {_told(by_fhir)}   {told}", flush=True)
            except (AssertionError, OSError, asyncio.IncompleteReadError) as error:
                print(f"{name:32} an honest sender was turned away: {error!r}", flush=True)
            finally:
                process.send_signal(signal.SIGKILL)
                await process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--attack", choices=tuple(ATTACKS), help=argparse.SUPPRESS)
    parser.add_argument("--at", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        at = {door: (host, port) for door, (host, port) in json.loads(arguments.at).items()}
        asyncio.run(attack_for(arguments.attack, at, arguments.seconds))
        return
    asyncio.run(run(arguments.only, arguments.seconds))


if __name__ == "__main__":
    main()
