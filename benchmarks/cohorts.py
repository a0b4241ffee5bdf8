"""Cohorts over a large graph on a small Neo4j: time, memory, and merges while ten researchers ask.

    python -m benchmarks.cohorts [--patients 20000] [--home DIR] [--rounds 7]

Loads a made-up graph of 5 studies a patient and 10 findings a study with Neo4j's own loader (a merge of as many would
take most of an hour), has it migrated, and starts a server with a heap of 512 MiB on it. DIR keeps the graph for the
next time. The questions are asked by the driver, each some times after five to warm up. Beside the time on the clock
stands the processor time of the server, which others who use this machine do not stretch.

Then ten clients ask for a cohort with all breakdowns, each without pause and past the turns that the API has them
take, while 40 groups of 50 new studies are merged.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from neo4j import Driver
from pydantic import SecretStr

from benchmarks.synthetic_graph import synthetic_graph
from graph.bulk.files import GraphFiles
from graph.bulk.loading import load
from graph.connection import open_driver
from graph.live_files import ARGUMENTS, SEPARATOR, TABLES
from graph.local_server import USERNAME, LocalServer, prepare, wait_until_ready
from graph.migrate import migrate
from graph.reads.cohorts import Breakdown, cohort, cohort_of_findings
from graph.reads.query_builder import ReadQuery
from graph.reads.wheres import ConceptWhere, FindingWhere, PatientWhere
from graph.settings import Neo4jSettings
from graph.writes import Projection, merge_studies
from tests.fixtures.ports import free_port
from vlmkg.schema import Presence

PASSWORD = "only-for-the-benchmark"
HEAP_MIB = 512
WARM_UP = 5
RESEARCHERS = 10
GROUPS, GROUP = 40, 50

_EFFUSION = FindingWhere(concept=ConceptWhere(code="RID34539"))
_NO_EFFUSION = FindingWhere(concept=ConceptWhere(code="RID34539"), presence=(Presence.ABSENT,))
_IN_THE_LEFT_LUNG = FindingWhere(location=ConceptWhere(code="RID1326"))
_STAYED = PatientWhere(has_finding=_EFFUSION, no_later_finding=_NO_EFFUSION)

Question = tuple[str, FindingWhere, PatientWhere | None, tuple[Breakdown, ...]]
_ALL = tuple(Breakdown)
QUESTIONS: tuple[Question, ...] = (
    ("one concept", _EFFUSION, None, ()),
    ("one concept, all breakdowns", _EFFUSION, None, _ALL),
    ("everything", FindingWhere(), None, ()),
    ("everything, all breakdowns", FindingWhere(), None, _ALL),
    ("all findings of patients with an effusion", FindingWhere(), PatientWhere(has_finding=_EFFUSION), _ALL),
    ("an effusion that nothing later denies", _EFFUSION, _STAYED, ()),
    ("one concept, denied", _NO_EFFUSION, None, ()),
    ("anything in the left lung, all breakdowns", _IN_THE_LEFT_LUNG, None, _ALL),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--home", type=Path, help="keep the graph here")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.home or Path(temporary)
        with _served(home, arguments.patients) as (server, driver):
            _ask_all(server, driver, arguments.rounds)
            _merge_beside(driver)


def _ask_all(server: subprocess.Popen[bytes], driver: Driver, rounds: int) -> None:
    counts = {label: _one(driver, f"MATCH (n:{label}) RETURN count(n)") for label in ("Patient", "Study", "Finding")}
    print(f"{counts}, heap {HEAP_MIB} MiB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| cohort | p50 (least), s | server's processor time, s | memory, MiB | patients |")
    print("| --- | --- | --- | --- | --- |")
    for name, finding, patient, breakdowns in QUESTIONS:
        query = cohort(finding, patient, breakdowns) or cohort_of_findings(finding, patient, breakdowns)
        times, used, patients = _measured(server, driver, query, rounds)
        clock = f"{statistics.median(times):.2f} ({min(times):.2f})"
        print(f"| {name} | {clock} | {statistics.median(used):.2f} | {_memory(driver, query):.1f} | {patients} |")


def _measured(
    server: subprocess.Popen[bytes], driver: Driver, query: ReadQuery, rounds: int
) -> tuple[list[float], list[float], int]:
    times, used, patients = [], [], 0
    for number in range(WARM_UP + rounds):
        cpu, began = _processor_time(server.pid), time.perf_counter()
        patients = _one(driver, query.text, query.parameters)[0]["patients"]
        if number >= WARM_UP:
            times.append(time.perf_counter() - began)
            used.append(_processor_time(server.pid) - cpu)
    return times, used, patients


def _memory(driver: Driver, query: ReadQuery) -> float:
    """MiB that the server accounts to the query at its most."""
    with driver.session() as session:
        plan = session.run("PROFILE " + query.text, query.parameters).consume().profile
    return float((plan or {"args": {}})["args"].get("GlobalMemory", 0)) / 2**20


def _merge_beside(driver: Driver) -> None:
    """Merges while researchers ask, and what of both failed."""
    query = cohort_of_findings(FindingWhere(), None)
    ended, failed, answers = threading.Event(), [], []

    def ask() -> None:
        while not ended.is_set():
            try:
                answers.append(_one(driver, query.text, query.parameters)[0]["patients"])
            except Exception as error:  # noqa: BLE001 - what fails is what is measured
                failed.append(type(error).__name__)

    threads = [threading.Thread(target=ask) for _ in range(RESEARCHERS)]
    for thread in threads:
        thread.start()
    new, times = synthetic_graph(GROUPS * GROUP // 5, seed=2), []
    try:
        while group := list(islice(new, GROUP)):
            began = time.perf_counter()
            merge_studies(driver, lambda group=group: Projection(group))  # type: ignore[misc]
            times.append(time.perf_counter() - began)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    slowest = f"p50 {statistics.median(times):.2f} s, slowest {max(times):.2f} s"
    print(f"{len(times)} merges of {GROUP} studies, none failed, {slowest}, while {RESEARCHERS} researchers asked")
    print(f"{len(answers)} cohorts answered, {len(failed)} failed {sorted(set(failed))}")
    merged = iter([each.study.study_key for each in synthetic_graph(GROUPS * GROUP // 5, seed=2)])
    while keys := list(islice(merged, GROUP)):
        merge_studies(driver, lambda keys=keys: Projection((), keys))  # type: ignore[misc]


@contextmanager
def _served(home: Path, patients: int) -> Iterator[tuple[subprocess.Popen[bytes], Driver]]:
    server = prepare(home / "neo4j", bolt_port=free_port(), http_port=free_port(), password=PASSWORD, heap_mib=HEAP_MIB)
    if not (home / "loaded").exists():
        _load(home, server, patients)
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(server, PASSWORD, alive=lambda: process.poll() is None, timeout_seconds=300)
        login = Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(PASSWORD))
        with open_driver(login) as driver:
            _one(driver, "MATCH (copy:ResearchCopy) DETACH DELETE copy RETURN count(*)")
            migrate(driver)
            yield process, driver
    finally:
        process.terminate()
        process.wait()


def _load(home: Path, server: LocalServer, patients: int) -> None:
    files = home / "files"
    files.mkdir()
    copy, studies = GraphFiles(files, TABLES, separator=SEPARATOR), synthetic_graph(patients)
    while group := list(islice(studies, GROUP)):
        copy.write(group)
    copy.finish()
    copy.close()
    load(files, server, ARGUMENTS)
    (home / "loaded").touch()


def _one(driver: Driver, text: str, parameters: dict[str, object] | None = None) -> Any:
    with driver.session() as session:
        record = session.run(text, parameters or {}).single(strict=True)
        return record[0]


def _processor_time(pid: int) -> float:
    """Seconds of processor time of a process and its threads (proc(5))."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
