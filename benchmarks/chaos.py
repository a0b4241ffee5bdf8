"""Receive messages while every part is killed by kill -9 several times. Every acknowledged message must be in the graph
once.

    python -m benchmarks.chaos [REPORTS] [--rounds N]
    python -m benchmarks.chaos --doors [--kills N] [--days N] [--seed N]

Starts a stack of its own in a temporary folder and imports REPORTS (the real reports beside the checkout, or else
synthetic ones). Meanwhile the worker that extracts, Redis, Neo4j and the worker that merges are killed in turn; the
stack starts them again. With --doors, `vlmkg simulate` sends instead, with all that can go wrong with senders, and a
part that is drawn by chance is killed every few seconds, the gateway too. The stack gives up a part that dies more than
5 times within a minute, and ends; so no part is killed more than 4 times within a minute. Prints the account, and exits
with 1 where anything is lost, doubled or unsound.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import psutil
from sqlalchemy import select

from benchmarks.merge import REAL, empty, part_of, stack, synthetic
from graph.connection import Driver, open_driver
from graph.digest import graph_digest
from graph.settings import find_settings
from graph.study_keys import study_keys
from graph.verify import TextLookup, violations
from ingest.ledger import study_facts
from ingest.ledger.events import events
from ingest.ledger.states import SETTLED
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import report_texts
from ingest.ledger.studies.reports import texts
from ingest.workers.merge import Target
from ingest.workers.rebuild import rebuild
from stack.supervisor import RESTARTS, WINDOW_S
from vlmkg.data_dir import DataDir

PARTS = ("worker extract", "redis", "neo4j", "worker merge")
DOOR_PARTS = (*PARTS, "gateway")
MERGED_BETWEEN = 100
"""Events merged between two kills, so that some work is done, but not all."""
SECONDS_BETWEEN = (2.0, 6.0)
RATE = 10
"""Messages a second that the simulator sends."""
DAY = 210
"""Messages of a synthetic day."""
LIMIT_S = 900.0
REPORTS = "MATCH (:Study)-[:HAS_REPORT]->(r:Report) RETURN r.reportKey AS key"


def main() -> None:
    """Import, kill, wait, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="how often each part is killed (the stack allows 5)")
    parser.add_argument("--doors", action="store_true", help="send through the doors instead of importing")
    parser.add_argument("--kills", type=int, default=15, help="of all parts together, with --doors")
    parser.add_argument("--days", type=int, help="synthetic days that are sent; as many as the kills take")
    parser.add_argument("--seed", type=int, default=1, help="another one kills in another order")
    arguments = parser.parse_args()
    if arguments.doors:
        days = arguments.days or math.ceil(arguments.kills * sum(SECONDS_BETWEEN) / 2 * RATE / DAY)
        sys.exit(kill_while_sending(days, arguments.kills, Random(arguments.seed)))
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder) / "var") as (data, up):
        reports = arguments.reports or (REAL if REAL.exists() else synthetic(Path(folder) / "archive"))
        started = time.monotonic()
        command = [sys.executable, "-m", "vlmkg", "import", str(reports), "--json", "--data", str(data.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as importing:
            ledger = open_ledger(data.ledger_url)
            kills = kill_in_turn(up, ledger, arguments.rounds)
            assert importing.stdout is not None
            received = json.loads(importing.stdout.read().splitlines()[-1])["received"]
        wait_until(lambda: settled(ledger))
        print(f"{received} messages of {reports.name} received, settled after {time.monotonic() - started:.0f} s")
        print(f"killed: {', '.join(f'{part} at {merged} merged' for part, merged in kills)}")
        sys.exit(account(data, ledger, received))


@dataclass
class Killer:
    """Kills random parts, but none so often that the stack gives up. `kills`: which part, and when."""

    up: psutil.Process
    random: Random
    kills: list[tuple[str, float]] = field(default_factory=list)

    def kill_one(self) -> None:
        """Kill a running part, but not one that has just been killed."""
        for part in self.random.sample(DOOR_PARTS, len(DOOR_PARTS)):
            if self.may_die(part, time.monotonic()) and kill(self.up, part):
                self.kills.append((part, time.monotonic()))
                return

    def may_die(self, part: str, now: float) -> bool:
        """Whether another kill stays below the stack's limit, with a margin of a few seconds."""
        recent = sum(name == part and at > now - WINDOW_S - 5 for name, at in self.kills)
        return recent < RESTARTS - 1


def kill_while_sending(days: int, wanted: int, random: Random) -> int:
    """Let the simulator send, and kill a part every few seconds. Returns 0 if its account and the graph agree."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder) / "var") as (data, up):
        arguments = ("--days", str(days), "--rate", str(RATE), "--timeout", str(LIMIT_S), "--json")
        command = [sys.executable, "-m", "vlmkg", "simulate", *arguments, "--data", str(data.root)]
        killer, started = Killer(up, random), time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sending:
            while len(killer.kills) < wanted and sending.poll() is None:
                time.sleep(random.uniform(*SECONDS_BETWEEN))
                killer.kill_one()
            killed_for = time.monotonic() - started
            assert sending.stdout is not None
            said = json.loads(sending.stdout.read().splitlines()[-1])
        ledger = open_ledger(data.ledger_url)
        kills = Counter(part for part, _ in killer.kills)
        print(
            f"{len(killer.kills)} kills in {killed_for:.0f} s: {', '.join(f'{n} {part}' for part, n in kills.items())}"
        )
        print(f"settled after {time.monotonic() - started:.0f} s; the simulator's account: {json.dumps(said)}")
        agrees = account(data, ledger, sum(summary(ledger).values()))
        complete = len(killer.kills) == wanted and said["acknowledged"] == said["messages"] and not said["wrong"]
        return agrees if complete else 1


def kill(up: psutil.Process, part: str) -> bool:
    """kill -9 of a part's processes; the pool's children are killed with their main process.

    Returns whether there was one.
    """
    found = [process for process in up.children(recursive=True) if part_of(process) == part]
    for process in found:
        process.kill()
    return bool(found)


def kill_in_turn(up: psutil.Process, ledger: Ledger, rounds: int) -> list[tuple[str, int]]:
    """Kill each part in turn while there is work. Returns the parts, with the number of merged events."""
    kills: list[tuple[str, int]] = []
    for part in PARTS * rounds:
        enough = (kills[-1][1] if kills else 0) + MERGED_BETWEEN
        wait_until(partial(settled_or_merged, ledger, enough))
        if settled(ledger):
            break
        kill(up, part)
        kills.append((part, summary(ledger).get("merged", 0)))
    return kills


def summary(ledger: Ledger) -> dict[str, int]:
    """Events by state, without states with 0."""
    with ledger.read() as connection:
        return {state: number for state, number in events.summary(connection).items() if number}


def settled(ledger: Ledger) -> bool:
    """Whether something was received, and every event is merged, refused or dead."""
    return bool(summary(ledger)) and summary(ledger).keys() <= set(SETTLED)


def settled_or_merged(ledger: Ledger, enough: int) -> bool:
    """Whether all work is done, or this number of events is merged."""
    return settled(ledger) or summary(ledger).get("merged", 0) >= enough


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait, with a time limit."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"no end within {LIMIT_S:.0f} s")
        time.sleep(0.1)


def account(data: DataDir, ledger: Ledger, received: int) -> int:
    """Print the account. Returns 0 if every message is in the graph."""
    with open_driver(find_settings(data)) as driver:
        with ledger.read() as connection:
            reports = sorted(connection.execute(select(report_texts.c.report_key)).scalars())
            keys = frozenset(study_facts.all_study_keys(connection))
        records, _, _ = driver.execute_query(REPORTS)
        in_graph = sorted(record["key"] for record in records)
        broken = {name: number for name, number in violations(driver, texts=lookup(ledger)).items() if number}
        same = rebuilt_is_the_same(ledger, driver)
        checks = {
            "every message has an event that is settled": sum(summary(ledger).values()) == received,
            "every report of the ledger is in the graph once": in_graph == reports,
            "every study too": study_keys(driver) == keys,
            "no invariant is broken": not broken,
            "rebuilt from the ledger into an empty graph it is the same": same,
        }
    print(f"events: {', '.join(f'{number} {state}' for state, number in summary(ledger).items())}")
    print(f"{len(reports)} reports, {len(keys)} studies")
    for name, holds in checks.items():
        print(f"{'yes' if holds else 'NO '}  {name}")
    return 0 if all(checks.values()) else 1


def lookup(ledger: Ledger) -> TextLookup:
    """The reports' texts, for the comparison of spans."""

    def of(keys: Sequence[str]) -> dict[str, str]:
        with ledger.read() as connection:
            return texts(connection, keys)

    return of


def rebuilt_is_the_same(ledger: Ledger, driver: Driver) -> bool:
    """Whether a rebuild from the ledger into an empty graph gives the same graph."""
    before = graph_digest(driver)
    empty(driver)
    rebuild(ledger, Target(driver, "neo4j", with_text=False), lambda _: None)
    return graph_digest(driver) == before


if __name__ == "__main__":
    main()
