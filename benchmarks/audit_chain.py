"""Measures the audit trail's hash chain on SQLite: the cost of writing an entry, and of checking one.

    python -m benchmarks.audit_chain [--entries 20000]

Writes entries in transactions of one and of fifty, alternately with and without number and hash. Times are CPU time, so
other processes on the machine do not change them; the database is not synced.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from ingest.ledger.access import audit, audit_chain
from ingest.ledger.access.audit import NewEntry
from ingest.ledger.storage.bulk import bulk_insert
from ingest.ledger.storage.database import INSERT, Ledger, now, open_ledger
from ingest.ledger.storage.tables import audit as table

ROUNDS = 20
_PLAIN = bulk_insert(dict.fromkeys(INSERT, table.insert()), without=["id", "hash"])

Write = Callable[[Connection, Sequence[NewEntry]], None]


def _plain(connection: Connection, new: Sequence[NewEntry]) -> None:
    at = now(connection)
    _PLAIN.execute(
        connection,
        [
            {"at": at, "actor": one.actor, "action": one.action, "patients": one.patients, "outcome": one.outcome}
            for one in new
        ],
    )


def _seconds_each(ledger: Ledger, write: Write, entries: int, at_once: int) -> float:
    entry = NewEntry("ward", "query findings", tuple(f"{number:064x}" for number in range(20)), "ok")
    began = time.process_time()
    for _ in range(entries // at_once):
        with ledger.write() as connection:
            write(connection, [entry] * at_once)
    return (time.process_time() - began) / (entries // at_once * at_once)


def main() -> None:
    """Print microseconds per entry: median and minimum of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=20_000, help="of each way, in all rounds together")
    entries = parser.parse_args().entries
    print(f"entries of 20 patients, load {os.getloadavg()[0]:.1f}")
    print("| entries a commit | without, us (least) | chained, us (least) |")
    print("| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for at_once in (1, 50):
            chained, plain = _measured(Path(folder), entries // ROUNDS, at_once)
            print(f"| {at_once} | {_shown(plain)} | {_shown(chained)} |")
        with closing(open_ledger(f"sqlite:///{folder}/chained-50.sqlite")) as ledger, ledger.read() as connection:
            began = time.process_time()
            checked = audit_chain.check(connection)
            print(f"checking: {(time.process_time() - began) / checked.entries * 1e6:.0f} us an entry")


def _measured(folder: Path, entries: int, at_once: int) -> tuple[list[float], list[float]]:
    ways: list[tuple[str, Write, list[float]]] = [("chained", audit.write_all, []), ("plain", _plain, [])]
    opened = {name: _unsynced(f"sqlite:///{folder}/{name}-{at_once}.sqlite") for name, _, _ in ways}
    for _ in range(ROUNDS):
        for name, write, times in ways:
            times.append(_seconds_each(opened[name], write, entries, at_once))
    for ledger in opened.values():
        ledger.close()
    return ways[0][2], ways[1][2]


def _unsynced(url: str) -> Ledger:
    ledger = open_ledger(url)
    event.listen(ledger.reader, "connect", _without_fsync)
    ledger.close()
    return ledger


def _without_fsync(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _shown(times: list[float]) -> str:
    return f"{statistics.median(times) * 1e6:.0f} ({min(times) * 1e6:.0f})"


if __name__ == "__main__":
    main()
