"""How long an honest viewer waits for answers while a researcher abuses the API.

    python -m benchmarks.abuse_api [--seconds 6] [--patients 60] [--only WORDS]

Starts a Neo4j of its own, writes a made-up graph (50 findings a patient), and starts `vlmkg api` on it for each attack.
The viewer asks for a page of findings every 100 ms with a key of its own; the researcher, with another key and in a
process of its own, does one thing without end. Prints the viewer's median and 99th percentile in milliseconds, how many
of its questions failed, what the researcher was answered, and the growth of the ledger. The goal is a p99 under 1 s.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
from websockets.asyncio.client import connect

from benchmarks.graphql import fill, neo4j_running, wait_until_ready
from graph.connection import open_driver
from graph.settings import Neo4jSettings
from ingest.ledger.access.api_keys import Role, create
from ingest.settings import ledger_of
from tests.fixtures.ports import free_port
from vlmkg.data_dir import DataDir

EVERY_S = 0.1
LANES = 16
MIB = 1 << 20
PAGE = "{ findings(first: 20) { edges { node { id text presence concept { name } study { studyKey } } } } }"
COHORT = """query C($w: FindingWhere!) { cohort(where: {finding: $w}) { patients { count } studies { count }
  byConcept { name patients { count } } byLocation { name patients { count } }
  byMonth { name patients { count } } } }"""

Attack = Callable[[str, str, Counter[str]], Awaitable[None]]


def queries(body: Callable[[int], bytes], lanes: int = LANES) -> Attack:
    """An abuser that posts bodies on several connections."""

    async def attack(base: str, key: str, told: Counter[str]) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        limits = httpx2.Limits(max_connections=lanes)
        async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=60, limits=limits) as client:

            async def one(lane: int) -> None:
                for number in range(10**9):
                    with contextlib.suppress(httpx2.HTTPError):
                        response = await client.post("/graphql", content=body(lane * 10**6 + number))
                        found = response.json()
                        told[found["errors"][0]["extensions"]["code"] if found.get("errors") else "ok"] += 1

            await asyncio.gather(*(one(lane) for lane in range(lanes)))

    return attack


def asked(query: str, variables: object = None) -> bytes:
    """The body of a request."""
    return json.dumps({"query": query, "variables": variables or {}}).encode()


def ever_other(number: int) -> bytes:
    """A document that is not remembered, of some hundred fields."""
    fields = " ".join("presence" for _ in range(400))
    return asked(f"{{ findings(first: {number % 150 + 1}) {{ edges {{ node {{ id {fields} }} }} }} }}")


async def slow_bodies(base: str, key: str, told: Counter[str]) -> None:
    """An abuser that opens connections and sends bodies byte by byte."""
    host, _, port = base.removeprefix("http://").partition(":")
    links = []
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
                "Content-Type: application/json\r\nContent-Length: 8000000\r\n\r\n".encode()
            )
            links.append(writer)
            told["opened"] += 1
        for writer in links:
            with contextlib.suppress(OSError):
                writer.write(b" ")
        await asyncio.sleep(0.02)


def sockets(messages: Callable[[str], list[str]], after: Callable[[int], str]) -> Attack:
    """An abuser with 80 WebSockets: `messages` first, then `after` without end."""

    async def attack(base: str, key: str, told: Counter[str]) -> None:
        async def one() -> None:
            while True:
                with contextlib.suppress(Exception):
                    async with connect(
                        base.replace("http", "ws") + "/graphql", subprotocols=["graphql-transport-ws"], max_size=None
                    ) as socket:
                        told["opened"] += 1
                        for message in messages(key):
                            await socket.send(message)
                        for number in range(10**9):
                            await socket.send(after(number))
                            told["sent"] += 1
                            await asyncio.sleep(0.05)
                await asyncio.sleep(0.05)

        await asyncio.gather(*(one() for _ in range(80)))

    return attack


def _init(key: str) -> list[str]:
    return [json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})]


def _subscribe(number: int) -> str:
    payload = {"query": 'subscription { eventUpdates(id: "1") { state } }'}
    return json.dumps({"id": str(number), "type": "subscribe", "payload": payload})


async def nothing(_base: str, _key: str, _told: Counter[str]) -> None:
    """No abuser."""
    await asyncio.Event().wait()


ATTACKS: dict[str, Callable[[], Attack]] = {
    "nobody": lambda: nothing,
    "ever other documents": lambda: queries(ever_other),
    "29 aliases of pages": lambda: queries(
        lambda n: asked(
            "{" + " ".join(f"a{i}: findings(first: 200) {{ edges {{ node {{ id text }} }} }}" for i in range(29)) + "}"
        )
    ),
    "deep pages": lambda: queries(
        lambda n: asked(
            "{ patients(first: 50) { edges { node { studies(first: 10) { edges { node { findings(first: 10)"
            " { edges { node { text locations { text } } } } } } } } } } }"
        )
    ),
    "cohorts with breakdowns": lambda: queries(lambda n: asked(COHORT, {"w": {"presence": ["PRESENT"]}})),
    "words that occur nowhere": lambda: queries(
        lambda n: asked(COHORT, {"w": {"concept": {"nameContains": f"zzz{n}"}}})
    ),
    "introspection": lambda: queries(lambda n: asked("{ __schema { types { name fields { name type { name } } } } }")),
    "lists of 1 M values": lambda: queries(lambda n: asked(COHORT, {"w": {"presence": ["PRESENT"] * 800_000}}), 4),
    "conditions in conditions": lambda: queries(lambda n: _nested(2_000), 8),
    "bodies of 8 MB": lambda: queries(lambda n: b'{"query": "' + b"x" * (8 * MIB - 100) + b'"}', 8),
    "bodies of brackets": lambda: queries(lambda n: b"[" * (4 * MIB), 8),
    "names in the audit trail": lambda: queries(
        lambda n: asked("query N($p: ID!) { patient(patientId: $p) { sex } }", {"p": "x" * 200_000 + str(n)})
    ),
    "wrong keys": lambda: _with_wrong_keys,
    "slow bodies": lambda: slow_bodies,
    "subscriptions left open": lambda: sockets(_init, _subscribe),
    "messages before the key": lambda: sockets(
        lambda key: [], lambda n: json.dumps({"type": "ping", "payload": {"x": "y" * 60_000}})
    ),
}


def _nested(depth: int) -> bytes:
    """A cohort with conditions in conditions. Written by hand, since Python's own writer refuses such a depth."""
    where = '{"not": ' * depth + '{"presence": ["PRESENT"]}' + "}" * depth
    return asked(COHORT, {"w": 0}).replace(b'"w": 0', f'"w": {where}'.encode())


async def _with_wrong_keys(base: str, _key: str, told: Counter[str]) -> None:
    async with httpx2.AsyncClient(base_url=base, timeout=60) as client:

        async def one(lane: int) -> None:
            for number in range(10**9):
                headers = {"Authorization": f"Bearer vlmkg_{lane}.{number}", "Content-Type": "application/json"}
                with contextlib.suppress(httpx2.HTTPError):
                    told[str((await client.post("/graphql", content=asked(PAGE), headers=headers)).status_code)] += 1

        await asyncio.gather(*(one(lane) for lane in range(LANES)))


async def viewer(base: str, key: str, seconds: float) -> tuple[list[float], int]:
    """Ask for so long. Returns how long each answer took, in ms, and how many failed."""
    taken: list[float] = []
    failed = 0
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter()
            try:
                failed += "errors" in (await client.post("/graphql", json={"query": PAGE})).json()
            except httpx2.HTTPError:
                failed += 1
            taken.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(max(0.0, EVERY_S - (time.perf_counter() - started)))
    return taken, failed


@contextlib.contextmanager
def api(folder: Path, settings: Neo4jSettings):
    """An API with two keys: its address, the viewer's key and the researcher's."""
    data = DataDir(folder)
    ledger = ledger_of(data)
    keys = [create(ledger, str(role), role) for role in (Role.VIEWER, Role.RESEARCHER)]
    ledger.close()
    port = free_port()
    environment = os.environ | {
        "VLMKG_API_PORT": str(port),
        "NEO4J_URI": settings.uri,
        "NEO4J_USERNAME": settings.username,
        "NEO4J_PASSWORD": settings.password.get_secret_value() if settings.password else "",
    }
    command = [sys.executable, "-m", "vlmkg", "api", "--data", str(folder)]
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx2.Client(base_url=base, timeout=60) as client:
                wait_until_ready(client)
            yield base, *keys
        finally:
            process.kill()


async def attack_for(name: str, base: str, key: str, seconds: float) -> None:
    """Be the researcher for so long, and print what it was told."""
    told: Counter[str] = Counter()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ATTACKS[name]()(base, key, told)
    print(json.dumps(told), flush=True)
    os._exit(0)


async def measure(base: str, keys: tuple[str, str], name: str, seconds: float) -> tuple[list[float], int, str]:
    """The viewer's times while one attack runs in another process, its failures, and what the researcher was told."""
    command = [sys.executable, "-m", "benchmarks.abuse_api", "--attack", name, "--seconds", str(seconds + 3)]
    abuser = await asyncio.create_subprocess_exec(*command, "--at", base, keys[1], stdout=asyncio.subprocess.PIPE)
    await viewer(base, keys[0], 2.5)  # the first questions prepare the queries
    taken, failed = await viewer(base, keys[0], seconds)
    told, _ = await abuser.communicate()
    return taken, failed, told.decode().strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--attack", choices=tuple(ATTACKS), help=argparse.SUPPRESS)
    parser.add_argument("--at", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        asyncio.run(attack_for(arguments.attack, *arguments.at, arguments.seconds))
        return
    with tempfile.TemporaryDirectory(prefix="abuse-") as home, neo4j_running(Path(home)) as settings:
        with open_driver(settings) as driver:
            fill(driver, arguments.patients)
        print(f"{'while a researcher sends':28} {'asked':>5} {'failed':>6} {'median':>8} {'p99':>8} {'ledger':>8}")
        for name in ATTACKS:
            if arguments.only not in name:
                continue
            with (
                tempfile.TemporaryDirectory(prefix="abuse-") as folder,
                api(Path(folder), settings) as (base, *keys),
            ):
                taken, failed, told = asyncio.run(measure(base, (keys[0], keys[1]), name, arguments.seconds))
                size = sum(one.stat().st_size for one in Path(folder).glob("ledger*")) / MIB
            p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
            figures = f"{len(taken):5} {failed:6} {statistics.median(taken):8.1f} {p99:8.1f} {size:6.1f} MB"
            print(f"{name:28} {figures}  {told}", flush=True)


if __name__ == "__main__":
    main()
