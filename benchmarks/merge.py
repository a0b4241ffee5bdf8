"""Studies per second through the whole path, through the merge step, and by raw `UNWIND ... MERGE` of the same rows.

    python -m benchmarks.merge [REPORTS] [--repeat N]

Starts a stack of its own in a temporary folder, imports REPORTS (anything that `vlmkg import` takes; without it the
real reports beside the checkout, or else a synthetic archive), and then writes the same studies into the emptied graph
by the merge step (lock, read the ledger, project, replace) and by the raw peer, in turn. Medians; one warm-up of each.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from neo4j import Driver

from benchmarks import raw_merge
from graph.connection import open_driver
from graph.migrate import migrate
from graph.settings import find_settings
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.projection.subgraph import project
from ingest.workers.merge import GROUP, Target
from ingest.workers.rebuild import rebuild
from stack.simulate.hospital_day import hospital_day
from vlmkg.data_dir import DataDir

REAL = Path(__file__).parents[2] / "shared/data/openi/ecgen-radiology-dev.tgz"
EMPTY = """
MATCH (n) WHERE NOT n:Migration AND NOT n:Lock AND NOT n:Vocabulary AND NOT (n:Concept AND n.vocabulary IS NOT NULL)
CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="?", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder) / "var") as (data, up):
        reports = arguments.reports or (REAL if REAL.exists() else synthetic(Path(folder) / "archive"))
        before = cpu_seconds(up)
        whole = import_all(data, reports)
        spent = cpu_seconds(up) - before
        ledger = open_ledger(data.ledger_url)
        with open_driver(find_settings(data)) as driver:
            step, raw, number = compare(ledger, driver, arguments.repeat)
        ledger.close()
    print(f"{whole['merged']} messages, {number} studies, {GROUP} a transaction; {reports.name}")
    print(f"whole path      {whole['merged'] / whole['seconds']:8.0f} messages/s")
    for part, seconds in spent.most_common():
        print(f"  {part:<14}{seconds * 1000 / whole['merged']:8.2f} ms of CPU a message")
    print(f"merge step      {number / step:8.0f} studies/s")
    print(f"raw MERGE       {number / raw:8.0f} studies/s")
    print(f"merge step / raw {raw / step:7.2f}")


@contextmanager
def stack(folder: Path) -> Iterator[tuple[DataDir, psutil.Process]]:
    """A running stack of its own, below `folder`, and its supervisor."""
    command = [sys.executable, "-m", "vlmkg", "up", "--data", str(folder)]
    # Receiving and merging are measured here: the rules read, unless the caller says otherwise.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"VLMKG_ENGINE": "rules", **os.environ})
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "ready":
                break
        else:
            sys.exit("the stack did not start")
        yield DataDir(folder), psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def cpu_seconds(up: psutil.Process) -> Counter[str]:
    """CPU seconds of the parts of a stack so far, and of the children that have ended: the imports."""
    spent = Counter({"import": sum(os.times()[2:4])})
    for process in up.children(recursive=True):
        spent[part_of(process)] += sum(process.cpu_times()[:2])
    return spent


def part_of(process: psutil.Process) -> str:
    """The name of the part of a stack that a process belongs to; that of one that just ended is empty."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        words = []
    if not words:
        return ""
    if words[-1:] in (["extract"], ["merge"]):
        return f"worker {words[-1]}"
    if words[-1:] == ["gateway"]:
        return "gateway"
    return "neo4j" if "java" in words[0] else "redis" if "redis" in words[0] else "other"


def import_all(data: DataDir, reports: Path) -> dict[str, float]:
    """Through the whole path: from the first byte read to the last study merged."""
    command = [sys.executable, "-m", "vlmkg", "import", str(reports), "--wait", "--json", "--data", str(data.root)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(ledger: Ledger, driver: Driver, repeat: int) -> tuple[float, float, int]:
    """Median seconds of the merge step and of its peer, and the number of studies."""
    with ledger.read() as connection:
        keys = study_facts.all_study_keys(connection)
        found = study_facts.load_many(connection, keys)
    batches = raw_merge.prepare([project(found[key]) for key in keys], GROUP)
    target = Target(driver, "neo4j", with_text=False)
    step, raw = [], []
    for _ in range(repeat + 1):
        step.append(timed(driver, lambda: rebuild(ledger, target, lambda _: None)))
        raw.append(timed(driver, lambda: raw_merge.run(driver, batches)))
    return statistics.median(step[1:]), statistics.median(raw[1:]), len(keys)


def timed(driver: Driver, work: Callable[[], object]) -> float:
    """Seconds that `work` takes on the emptied graph."""
    empty(driver)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def empty(driver: Driver) -> None:
    """Remove everything but the shipped vocabulary from the graph."""
    with driver.session() as session:
        session.run(EMPTY).consume()
    migrate(driver, "neo4j")


def synthetic(folder: Path) -> Path:
    """Synthetic hospital days of 40 seeds, each with patients and accessions of its own: 2,400 studies."""
    folder.mkdir()
    for seed in range(40):
        for number, message in enumerate(hospital_day(seed, first=seed * 100)):
            (folder / f"{seed:02d}-{number:03d}.hl7").write_bytes(message.raw)
    return folder


if __name__ == "__main__":
    main()
