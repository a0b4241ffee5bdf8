"""What one child process of a worker holds open, each part made at its first use, which is after fork."""

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
from ingest.workers.shared_lock import Turns
from ingest.workers.study_reader import Films, Reader, reader_of
from ingest.workers.waiting import when_it_answers
from vlmkg.errors import UsageError, VlmkgError
from vlmkg.pipeline import load_engine

MERGES_IN_A_ROW = 20
"""Groups that one wake-up merges at most, so that a worker that is told to stop does not go on for hours."""

EXTRACTS_IN_A_ROW = 8
"""The same of a thread that extracts: its groups are small where films are read."""

THREADS_CONNECTIONS = 24
"""Connections to the ledger of a process with threads: one each to work and one to prolong leases."""

log = structlog.get_logger()


def owner_name() -> str:
    """The name under which this process claims: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


class WorkerProcess:
    """The work of one process. An outage ends it early, after a pause; nothing is raised then, nothing is lost.

    Where it is batching, many threads call it.
    """

    def __init__(self, app: Celery, config: WorkerConfig) -> None:
        self._app = app
        self._config = config
        self._backoff = Backoff()
        self._turns = Turns()
        self._batcher: Batcher | None = None

    def prepare(self) -> None:
        """Open all that extracting needs, in the thread that calls. A model may take a minute to load.

        Raises UsageError or RefusedError where the checkpoint can't be used.
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
        """Read a group, or some, then wake a merge."""
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
        """Merge until nothing is left, or for long enough."""
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
            return extract_beside_others(self._ledger, self._reader, self._owner, lease, self._turns)
        return extract_some(self._ledger, self._reader, self._owner, lease)

    def _wake_merge(self, event_id: int) -> None:
        try:
            if not self._broker.waiting(Queue.MERGE):
                self._broker.wake(Queue.MERGE, [event_id])
        except OutageError:
            log.debug("no wake-up sent, the dispatcher will")

    @property
    def batcher(self) -> Batcher | None:
        """The engine that many threads share; None in a process of another sort."""
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
            raise UsageError("this worker was started without a graph", "start it with --queue merge")
        driver = open_driver(neo4j)
        migrate(driver, neo4j.database)
        return Target(driver, neo4j.database, self._config.graph_text)
