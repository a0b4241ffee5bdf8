"""The reading speed of a model, by `vlmkg extract` and by a worker of a running stack, compared with the rules.

    python -m benchmarks.model_reading [REPORTS.tgz] [--engine FOLDER] [--reports 512] [--only extract|worker]

`extract` reads a file of few reports and one of many, in one process and in one a core, with the memory of sentences
(VLMKG_KNOWN_WINDOWS) off and on; the rate is that of the difference, so that loading does not count. The stack imports
the reports; its rate is what is extracted between a quarter and the whole of them, while merging, Neo4j and the API
run on the same cores. Peak memory is that of the largest process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.chaos import summary
from benchmarks.merge import REAL, stack
from benchmarks.reports import open_i, open_i_reports
from ingest.ledger.storage.database import open_ledger

FEW = 128
"""Reports of the short file: more than one batch, so that other processes load the model for it too."""
READ = ("extracted", "merging", "merged")
LIMIT_S = 1200.0
CORES = str(min(len(os.sched_getaffinity(0)), 4))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="?", type=Path, default=REAL)
    parser.add_argument("--engine", default="checkpoints/small")
    parser.add_argument("--reports", type=int, default=512)
    parser.add_argument("--only", choices=["extract", "worker"], help="one of the two")
    arguments = parser.parse_args()
    texts = [text for text in open_i(arguments.archive).values() if text][: arguments.reports]
    print(f"{len(texts)} reports of {arguments.archive.name}; {CORES} cores, load {os.getloadavg()[0]:.1f}")
    if arguments.only != "worker":
        with tempfile.TemporaryDirectory() as folder:
            through_extract(Path(folder), texts, arguments.engine)
    if arguments.only != "extract":
        for known in ("0", "4096"):
            through_worker(arguments.archive, arguments.engine, arguments.reports, known)
        through_worker(arguments.archive, "rules", arguments.reports, "0")


def through_extract(folder: Path, texts: Sequence[str], engine: str) -> None:
    """Print the rates of `vlmkg extract`."""
    few, many = folder / "few.jsonl", folder / "many.jsonl"
    for path, some in ((few, texts[:FEW]), (many, texts)):
        path.write_text("".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(some)))
    for name, processes, known in (
        (engine, "1", "0"),
        (engine, CORES, "0"),
        (engine, "1", "4096"),
        (engine, CORES, "4096"),
        ("rules", "1", "0"),
    ):
        short, _ = run(few, name, processes, known)
        long, memory = run(many, name, processes, known)
        rate = (len(texts) - FEW) / (long - short)
        print(
            f"extract --engine {name:18s} --processes {processes}  known windows {known:>4}  "
            f"{rate:7.1f} reports/s  {long:6.1f} s in all  {memory:5.0f} MiB"
        )


def run(file: Path, engine: str, processes: str, known: str) -> tuple[float, float]:
    """Seconds and the peak memory (MiB) of one call."""
    command = [sys.executable, "-m", "vlmkg", "extract", "--engine", engine, "--processes", processes]
    started = time.monotonic()
    process = subprocess.Popen(
        [*command, "--format", "triplets", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "VLMKG_KNOWN_WINDOWS": known},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"extract ended with {process.returncode}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def through_worker(archive: Path, engine: str, reports: int, known: str) -> None:
    """Print the rate of the extraction of a whole stack."""
    with (
        environment({"VLMKG_ENGINE": engine, "VLMKG_KNOWN_WINDOWS": known}),
        tempfile.TemporaryDirectory() as folder,
        stack(Path(folder) / "var") as (data, _),
    ):
        files = unpack(archive, Path(folder) / "reports", reports)
        command = [sys.executable, "-m", "vlmkg", "import", str(files), "--data", str(data.root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ledger = open_ledger(data.ledger_url)
        seen = list(progress(lambda: sum(summary(ledger).get(state, 0) for state in READ), reports))
    first, least = next(one for one in seen if one[1] >= reports / 4)
    last, most = seen[-1]
    print(f"worker, {engine:18s} known windows {known:>4}  {(most - least) / (last - first):7.1f} reports/s")


def unpack(archive: Path, folder: Path, number: int) -> Path:
    """The archive's first reports that have a text, as files of a folder."""
    folder.mkdir()
    for at, report in enumerate(islice((one for one in open_i_reports(archive) if one.text), number)):
        (folder / f"{at}.xml").write_bytes(report.xml)
    return folder


def progress(count: Callable[[], int], wanted: int) -> Iterator[tuple[float, int]]:
    """Times and counts until this number is reached, with a time limit."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        yield (now := (time.monotonic(), count()))
        if now[1] >= wanted:
            return
        time.sleep(0.1)
    sys.exit(f"no end within {LIMIT_S:.0f} s")


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables that are set for what is started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


if __name__ == "__main__":
    main()
