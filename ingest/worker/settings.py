"""Settings of a worker: the environment first, else the stack that runs under the data folder."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import Neo4jSettings, find_settings
from ingest.worker.queues import Queue
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError


class WorkerSettings(BaseSettings):
    """The worker's own variables."""

    model_config = SettingsConfigDict(frozen=True)

    broker_url: SecretStr | None = Field(default=None, validation_alias="CELERY_BROKER_URL")
    """CELERY_BROKER_URL: redis://host:port/number"""

    lease_s: float = Field(default=10.0, gt=0, validation_alias="VLMKG_WORKER_LEASE")
    """VLMKG_WORKER_LEASE, in seconds: so long after a worker's death its events go to another. A worker that lives
    prolongs its leases three times in each period, so work may take longer."""

    graph_text: bool = Field(default=False, validation_alias="VLMKG_GRAPH_TEXT")
    """VLMKG_GRAPH_TEXT: put the reports' texts into the graph. For synthetic data."""

    ready_file: Path | None = Field(default=None, validation_alias="VLMKG_READY_FILE")
    """VLMKG_READY_FILE: a file to make once the worker takes work."""


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """What one worker needs to know. `neo4j` is None for a worker that does not merge."""

    data: DataDir
    queue: Queue
    engine: str
    broker_url: SecretStr
    neo4j: Neo4jSettings | None
    lease: timedelta
    graph_text: bool
    ready_file: Path | None


def find_config(data: DataDir, queue: Queue, engine: str) -> WorkerConfig:
    """Everything from the environment and the data folder; UsageError where an address is nowhere to be found."""
    settings = WorkerSettings()
    return WorkerConfig(
        data=data,
        queue=queue,
        engine=engine,
        broker_url=settings.broker_url or _broker_of(data),
        neo4j=find_settings(data) if queue is Queue.MERGE else None,
        lease=timedelta(seconds=settings.lease_s),
        graph_text=settings.graph_text,
        ready_file=settings.ready_file,
    )


def _broker_of(data: DataDir) -> SecretStr:
    running = data.require_endpoints()
    if running.redis is None:
        raise UsageError(f"the stack in {data.root} runs without a Redis of its own", "set CELERY_BROKER_URL")
    return SecretStr(running.redis)
