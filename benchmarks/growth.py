"""What things cost as the graph grows: the same questions and writes at several sizes.

    python -m benchmarks.growth [--studies 10000 100000 1000000] [--heap 1024] [--rounds 15] [--json FILE]

For each size a synthetic graph of 5 studies a patient and 10 findings a study is written as files and loaded with
Neo4j's own loader, as `vlmkg graph bulk-load` does. Then are measured, on one server: the six questions of
benchmarks.graphql by GraphQL and by hand-written Cypher, counts and cohorts, merges of new studies, `verify`, and the
digest. Needs 15 GB of disk for 1,000,000 studies.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from neo4j import Driver
from pydantic import SecretStr

from benchmarks.graphql import PASSWORD, api_running, asker, measure, placed, questions, runner
from benchmarks.synthetic_graph import synthetic_graph
from graph.bulk.files import GraphFiles
from graph.bulk.loading import load
from graph.connection import open_driver
from graph.digest import graph_digest
from graph.live_files import ARGUMENTS, SEPARATOR, TABLES, complete
from graph.local_server import USERNAME, LocalServer, prepare, wait_until_ready
from graph.migrate import migrate
from graph.settings import Neo4jSettings
from graph.verify import violations
from graph.writes import Projection, merge_studies
from tests.fixtures.ports import free_port

GROUP = 500
STUDIES_EACH = 5
MERGED, AT_ONCE = 1000, 50
COUNTS = {
    "count of all findings": "{ findings { totalCount } }",
    "count of one concept": '{ findings(where: { concept: { code: "RID34539" } }) { totalCount } }',
    "cohort of one concept": '{ cohort(where: { finding: { concept: { code: "RID34539" } } }) { patients { count } } }',
    "cohort of everything, by month": "{ cohort(where: {}) { patients { count } byMonth { key patients { count } } } }",
}

Figures = dict[str, float]


def main() -> None:
    """Print a table with a column for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--heap", type=int, default=1024, help="of Neo4j, in MiB")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    print(f"heap {arguments.heap} MiB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    found: dict[int, Figures] = {}
    for studies in arguments.studies:
        with tempfile.TemporaryDirectory() as folder:
            found[studies] = _at(Path(folder), studies, arguments.heap, arguments.rounds)
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=2))
    print(f"| | {' | '.join(f'{studies:,}' for studies in found)} |")
    print("| --- |" + " ---: |" * len(found))
    for name in next(iter(found.values())):
        print(f"| {name} | {' | '.join(f'{figures[name]:,.1f}' for figures in found.values())} |")


def _at(folder: Path, studies: int, heap: int, rounds: int) -> Figures:
    figures: Figures = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        figures[name] = time.perf_counter() - began
        print(f"{studies:,}: {name} {figures[name]:.1f}", flush=True)
        return result

    server = prepare(
        folder / "neo4j", bolt_port=free_port(), http_port=free_port(), password=PASSWORD, heap_mib=heap,
        page_cache_mib=1024,
    )  # fmt: skip
    files = folder / "files"
    files.mkdir()
    patient_id = timed("write the files, s", lambda: _write(files, studies))
    figures["files, MiB"] = _size(files) / 2**20
    timed("load them, s", lambda: load(files, server, ARGUMENTS, java_options=()))
    for file in files.iterdir():
        file.unlink()
    with _served(server) as (process, settings), open_driver(settings) as driver:
        timed("indexes and vocabulary, s", lambda: migrate(driver, just_written=True))
        timed("empty lists, s", lambda: complete(driver, "neo4j"))
        figures["store, MiB"] = _size(server.home / "data" / "databases") / 2**20
        with api_running(folder, settings) as client:
            for question in questions(patient_id):
                one = measure(placed(question, client), asker(client), runner(driver), rounds)
                figures[f"{one.name}: GraphQL, ms"] = one.graphql_p50
                figures[f"{one.name}: Cypher, ms"] = one.cypher_p50
            for name, text in COUNTS.items():
                figures[f"{name}, ms"] = _median(lambda text=text: asker(client)(text), max(3, rounds // 3))  # type: ignore[misc]
        figures["merge, studies/s"] = _merged(driver)
        found = timed("verify, s", lambda: violations(driver))
        # The synthetic graph lets any observation suggest another; everything else must hold.
        assert not {name for name, count in found.items() if count} - {"relations_of_a_bad_pair"}, found
        timed("digest, s", lambda: graph_digest(driver))
        figures["Neo4j, MiB"] = _resident(process.pid) / 2**20
    return figures


def _write(folder: Path, studies: int) -> str:
    """Write the files; the pseudonym of one patient."""
    files, made = GraphFiles(folder, TABLES, separator=SEPARATOR), synthetic_graph(studies // STUDIES_EACH)
    patient_id = ""
    while group := list(islice(made, GROUP)):
        files.write(group)
        patient_id = group[0].patient.patient_id
    files.finish()
    files.close()
    return patient_id


def _merged(driver: Driver) -> float:
    """Studies a second, new ones, in groups as a worker merges them."""
    new = synthetic_graph(MERGED // STUDIES_EACH, seed=2)
    warm = list(islice(new, AT_ONCE))
    merge_studies(driver, lambda: Projection(warm))
    began = time.perf_counter()
    while group := list(islice(new, AT_ONCE)):
        merge_studies(driver, lambda group=group: Projection(group))  # type: ignore[misc]
    return (MERGED - AT_ONCE) / (time.perf_counter() - began)


def _median(work: Callable[[], Any], rounds: int) -> float:
    times = []
    for number in range(rounds + 2):
        began = time.perf_counter()
        work()
        if number >= 2:
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


@contextmanager
def _served(server: LocalServer) -> Iterator[tuple[subprocess.Popen[bytes], Neo4jSettings]]:
    process = subprocess.Popen(server.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(server, PASSWORD, alive=lambda: process.poll() is None, timeout_seconds=600)
        yield process, Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(PASSWORD))
    finally:
        process.terminate()
        process.wait()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
