"""What one child process of a worker holds open, each part made at its first use, which is after fork."""

import os
import socket
from functools import cached_property

import structlog
from celery import Celery

from graph.connection import open_driver
from graph.migrate import migrate
from ingest.errors import OutageError
from ingest.ledger.database import Ledger
from ingest.settings import ledger_of
from ingest.worker.backoff import Backoff
from ingest.worker.broker import Broker
from ingest.worker.extract import extract_some
from ingest.worker.merge import Target, follow_changes, merge_some
from ingest.worker.queues import Queue
from ingest.worker.reading import Reader, reader_of
from ingest.worker.settings import WorkerConfig
from vlmkg.errors import UsageError, VlmkgError
from vlmkg.pipeline import load_engine

MERGES_IN_A_ROW = 20
"""Groups that one wake-up merges at most, so that a worker that is told to stop does not go on for hours."""

log = structlog.get_logger()


def owner_name() -> str:
    """The name under which this process claims: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


class WorkerProcess:
    """The work of one process. An outage ends it early, after a pause; nothing is raised then, nothing is lost."""

    def __init__(self, app: Celery, config: WorkerConfig) -> None:
        self._app = app
        self._config = config
        self._backoff = Backoff()

    def extract(self) -> None:
        """Read one group, then wake a merge."""
        try:
            done = extract_some(self._ledger, self._reader, self._owner, self._config.lease)
            self._backoff.succeeded()
        except VlmkgError as error:
            self._backoff.pause(error)
            return
        if done:
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

    def _wake_merge(self, event_id: int) -> None:
        try:
            if not self._broker.waiting(Queue.MERGE):
                self._broker.wake(Queue.MERGE, [event_id])
        except OutageError:
            log.debug("no wake-up sent, the dispatcher will")

    @cached_property
    def _owner(self) -> str:
        return owner_name()

    @cached_property
    def _ledger(self) -> Ledger:
        return ledger_of(self._config.data)

    @cached_property
    def _broker(self) -> Broker:
        return Broker(self._app)

    @cached_property
    def _reader(self) -> Reader:
        return reader_of(load_engine(self._config.engine))

    @cached_property
    def _target(self) -> Target:
        neo4j = self._config.neo4j
        if neo4j is None:
            raise UsageError("this worker was started without a graph", "start it with --queue merge")
        driver = open_driver(neo4j)
        migrate(driver, neo4j.database)
        return Target(driver, neo4j.database, self._config.graph_text)
