"""The open resources of one child process of a worker, each opened at first use, after fork."""

import os
import socket
import time
from functools import cached_property

import structlog
from celery import Celery

from graph.connection import open_driver
from graph.migrate import migrate
from ingest.errors import OutageError
from ingest.ledger.storage.database import Ledger
from ingest.settings import blobs_of, ledger_of
from ingest.workers.backoff import Backoff
from ingest.workers.batcher import Batcher
from ingest.workers.broker import Broker
from ingest.workers.extract import extract_beside_others, extract_some
from ingest.workers.merge import Target, follow_changes, merge_some
from ingest.workers.queues import Queue
from ingest.workers.settings import WorkerConfig
from ingest.workers.shared_lock import SharedLock
from ingest.workers.study_reader import Films, Reader, reader_of
from ingest.workers.waiting import when_it_answers
from vlmkg.errors import UsageError, VlmkgError
from vlmkg.pipeline import load_engine

MERGES_IN_A_ROW = 20
"""Most groups that one wake-up merges, so that a stopping worker does not continue for hours."""

EXTRACTS_IN_A_ROW = 8
"""The same for a thread that extracts, whose groups are small if films are read."""

THREADS_CONNECTIONS = 24
"""Ledger connections of a process with threads: one per thread for work and one for renewing leases."""

log = structlog.get_logger()


def owner_name() -> str:
    """The claim owner of this process: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


class WorkerProcess:
    """The work of one process. During an outage it returns early, after a pause, without an error and without loss.

    In batching mode many threads call it.
    """

    def __init__(self, app: Celery, config: WorkerConfig) -> None:
        self._app = app
        self._config = config
        self._backoff = Backoff()
        self._shared_lock = SharedLock()
        self._batcher: Batcher | None = None

    def prepare(self) -> None:
        """Open everything that extracting needs, in the calling thread. A model may take a minute to load.

        Raises UsageError or RefusedError if the checkpoint can't be used.
        """
        began = time.monotonic()
        engine = self._reader.engine
        _ = self._ledger, self._broker, self._owner
        films = engine.film_domain.value if self._reader.films and engine.film_domain else "none"
        log.info(
            "engine loaded",
            engine=engine.name,
            checkpoint=engine.checkpoint,
            digest=(engine.checkpoint_digest or engine.digest)[:12],
            films=films,
            seconds=round(time.monotonic() - began, 1),
        )

    def extract(self) -> None:
        """Read one or more groups, then wake a merge."""
        for _ in range(EXTRACTS_IN_A_ROW if self._config.is_batching else 1):
            try:
                done = self._extract()
                self._backoff.succeeded()
            except VlmkgError as error:
                self._backoff.pause(error)
                return
            if not done:
                return
            self._wake_merge(done[0])

    def merge(self) -> None:
        """Merge until nothing is left, or up to the limit."""
        try:
            for _ in range(MERGES_IN_A_ROW):
                if not merge_some(self._ledger, self._target, self._owner, self._config.lease):
                    break
            follow_changes(self._ledger, self._target)
            self._backoff.succeeded()
        except VlmkgError as error:
            self._backoff.pause(error)

    def _extract(self) -> list[int]:
        lease = self._config.lease
        if self._config.is_batching:
            return extract_beside_others(self._ledger, self._reader, self._owner, lease, self._shared_lock)
        return extract_some(self._ledger, self._reader, self._owner, lease)

    def _wake_merge(self, event_id: int) -> None:
        try:
            if not self._broker.waiting(Queue.MERGE):
                self._broker.wake(Queue.MERGE, [event_id])
        except OutageError:
            log.debug("no wake-up was sent; the dispatcher will send one")

    @property
    def batcher(self) -> Batcher | None:
        """The engine that many threads share; None if this process has no such engine."""
        return self._batcher

    @cached_property
    def _owner(self) -> str:
        return owner_name()

    @cached_property
    def _ledger(self) -> Ledger:
        data = self._config.data
        if not self._config.is_batching:
            return ledger_of(data)
        # A model may have taken a minute to load: it is kept while the ledger is away.
        return when_it_answers(lambda: ledger_of(data, pool_size=THREADS_CONNECTIONS))

    @cached_property
    def _broker(self) -> Broker:
        return Broker(self._app, self._config.broker_url.get_secret_value())

    @cached_property
    def _reader(self) -> Reader:
        engine = load_engine(self._config.engine, device=self._config.device, data=self._config.data)
        if self._config.is_batching:
            self._batcher = Batcher(engine, self._config.batches)
        served = self._batcher or engine
        reads_films = engine.film_domain is not None
        films = Films(blobs_of(self._config.data), self._config.films) if reads_films else None
        return reader_of(served, films, self._config.pairing_wait)

    @cached_property
    def _target(self) -> Target:
        neo4j = self._config.neo4j
        if neo4j is None:
            raise UsageError("this worker does not write the graph", "start a worker with --queue merge")
        driver = open_driver(neo4j)
        migrate(driver, neo4j.database)
        return Target(driver, neo4j.database, self._config.graph_text)
