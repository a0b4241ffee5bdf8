"""The audit trail of reading: the data that an operation accessed, and a writer that groups entries of many requests.

A response is sent only after its entry is committed, so waiting must be short: one thread takes all waiting entries and
commits them in one transaction (a commit is 0.2 ms, however many entries it has).
"""

import asyncio
import contextlib
import queue
import threading
from dataclasses import dataclass, field

import structlog

from ingest.errors import OutageError
from ingest.ledger.access import audit
from ingest.ledger.access.audit import NewEntry
from ingest.ledger.errors import LedgerError
from ingest.ledger.storage.database import Ledger

log = structlog.get_logger()

_MOST_AT_ONCE = 500
_GRACE_S = 10.0


@dataclass(slots=True)
class AccessedData:
    """The patients whose data one operation has read. `reads`: whether it read patient data."""

    patients: set[str] = field(default_factory=set)
    reads: bool = False

    def saw(self, *patients: str) -> None:
        """Record that the response contains data of these patients; none: counts over all patients."""
        self.reads = True
        self.patients.update(patients)


Waiting = tuple[NewEntry, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class AuditWriter:
    """Writes entries of any number of requests in one thread. `close` writes the waiting ones."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def begin(self, entry: NewEntry) -> "asyncio.Future[None]":
        """Write an entry.

        The future is done when it is committed; it raises OutageError if the ledger can't be written.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put((entry, loop, done))
        return done

    def close(self) -> None:
        """Write the waiting entries, then end the thread."""
        self._waiting.put(None)
        self._thread.join(_GRACE_S)

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._take()
            failure = self._commit([entry for entry, _, _ in batch])
            for _, loop, done in batch:
                with contextlib.suppress(RuntimeError):  # the loop is closed, so there is no waiting request
                    loop.call_soon_threadsafe(_settle, done, failure)

    def _take(self) -> tuple[list[Waiting], bool]:
        """All waiting entries, at least one; and whether the queue is closed."""
        batch: list[Waiting] = []
        while len(batch) < _MOST_AT_ONCE:
            try:
                found = self._waiting.get(block=not batch)
            except queue.Empty:
                break
            if found is None:
                return batch, True
            batch.append(found)
        return batch, False

    def _commit(self, entries: list[NewEntry]) -> Exception | None:
        """The error of writing the entries; None if they are written.

        After any error the thread continues, because all answers need it.
        """
        if not entries:
            return None
        try:
            with self._ledger.write() as connection:
                audit.write_all(connection, entries)
        except (OutageError, LedgerError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - logged, and told to those who wait
            log.error("audit.unforeseen", error=type(error).__name__, entries=len(entries))  # noqa: TRY400 - no words
            return OutageError("the audit trail can't be written", "see the API's log")
        return None


def _settle(done: "asyncio.Future[None]", failure: Exception | None) -> None:
    if done.cancelled():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
