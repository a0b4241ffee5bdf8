"""The rate of receiving messages, compared with the limits of disk and SQLite.

    python -m benchmarks.receive [--messages 2000] [--folder DIR]

Each message is a plain text report of a patient of its own, on SQLite (WAL, synchronous=FULL) and a folder of blobs,
with real fsyncs below DIR (default: a temporary folder; see that it is on a disk). The limit does the least that the
promise asks for, message by message: write a file, fsync, rename, fsync its folder, insert one row and commit. It does
not parse, and knows no duplicates, patients or studies. The shares are those of single receives.
"""

import argparse
import cProfile
import os
import pstats
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ingest.blobs import open_blobs
from ingest.formats.origin import Format, Origin
from ingest.formats.settings import FormatSettings
from ingest.ledger.storage.database import open_ledger
from ingest.pseudonyms import load_key
from ingest.receiving.submit import ReceivedMessage, Receiver, receive, receive_many

TEXT = "FINDINGS: The heart is normal in size. The lungs are clear. No pleural effusion or pneumothorax. " * 6
GROUPS = (10, 50, 200)
THREADS = (8, 32)
PARTS = {
    "parsing and keys": ("submit.py", "interpret"),
    "blob, with its fsyncs": ("blobs.py", "put_many"),
    "event row": ("receive.py", "_insert"),
    "patient, text, study": ("receive.py", "write_facts"),
    "commit": ("~", "<method 'commit' of 'sqlite3.Connection' objects>"),
}
"""File and function of each part, as the profiler names them."""


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        compare(Path(folder), arguments.messages)


def compare(folder: Path, number: int) -> None:
    """Print the rates, and where the time of a single receive goes."""
    limit = rate("limit: fsync and commit, one by one", number, partial(fsync_and_commit, folder, number))
    single = rate("receive, one by one", number, partial(one_by_one, receiver_in(folder / "single"), number))
    for threads in THREADS:
        work = partial(in_threads, receiver_in(folder / f"threads-{threads}"), number, threads)
        at_once = rate(f"receive, {threads} threads at once", number, work)
        print(f"{'':36} {at_once / limit:8.2f} of the limit")
    for group in GROUPS:
        work = partial(in_groups, receiver_in(folder / f"groups-{group}"), number, group)
        grouped = rate(f"receive_many, {group} in a commit", number, work)
        print(f"{'':36} {grouped / limit:8.2f} of the limit")
    print(f"receive reaches {single / limit:.2f} of the limit; its time by parts:")
    shares(partial(one_by_one, receiver_in(folder / "profile"), number))


def rate(name: str, number: int, work: Callable[[], None]) -> float:
    """Do the work and print the messages per second."""
    start = time.perf_counter()
    work()
    found = number / (time.perf_counter() - start)
    print(f"{name:36} {found:8.0f} messages/s")
    return found


def shares(work: Callable[[], None]) -> None:
    """Do the work under the profiler and print the share of each of PARTS."""
    profile = cProfile.Profile()
    profile.runcall(work)
    stats: Any = pstats.Stats(profile)
    for name, (file, function) in PARTS.items():
        spent = sum(
            row[3] for (path, _, called), row in stats.stats.items() if path.endswith(file) and called == function
        )
        print(f"  {name:34} {spent / stats.total_tt:8.0%}")


def message(number: int) -> ReceivedMessage:
    """One unique report."""
    return ReceivedMessage(f"{TEXT}{number}.".encode(), Format.TEXT, Origin(name=f"report-{number}"))


def receiver_in(folder: Path) -> Receiver:
    """A receiver with everything below `folder`."""
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    key = load_key(ledger, None, folder / "secrets")
    return Receiver(ledger, open_blobs(f"file://{folder / 'blobs'}"), key, FormatSettings())


def one_by_one(receiver: Receiver, number: int) -> None:
    """Receive each message in its own commit."""
    for index in range(number):
        receive(receiver, message(index))


def in_threads(receiver: Receiver, number: int, threads: int) -> None:
    """Receive each message by itself, several threads at once, as network doors do."""
    with ThreadPoolExecutor(threads) as pool:
        for receipt in pool.map(lambda index: receive(receiver, message(index)), range(number)):
            assert not receipt.duplicate


def in_groups(receiver: Receiver, number: int, group: int) -> None:
    """Receive messages `group` at a time."""
    for start in range(0, number, group):
        receive_many(receiver, [message(index) for index in range(start, min(start + group, number))])


def fsync_and_commit(folder: Path, number: int) -> None:
    """Store the same messages with the minimum of safe operations."""
    database = sqlite3.connect(folder / "limit.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, digest TEXT UNIQUE, text TEXT)")
    for index in range(number):
        raw = message(index).raw
        digest = sha256(raw).hexdigest()
        store(folder / digest[:2], digest, raw)
        database.execute("INSERT INTO events (digest, text) VALUES (?, ?)", (digest, raw.decode()))
    database.close()


def store(folder: Path, name: str, raw: bytes) -> None:
    """Write one file so that it survives a power failure."""
    folder.mkdir(exist_ok=True)
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / name)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


if __name__ == "__main__":
    main()
