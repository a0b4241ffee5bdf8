"""Settings of a worker: from the environment, else of the stack that runs in the data folder."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.settings import Neo4jSettings, find_settings
from ingest.workers.batcher import BatchLimits
from ingest.workers.queues import Queue
from vlmkg.data_dir import DataDir
from vlmkg.engine_protocol import FilmDomain
from vlmkg.errors import UsageError
from vlmkg.pipeline import ENGINES


class WorkerSettings(BaseSettings):
    """The worker's own variables."""

    model_config = SettingsConfigDict(frozen=True)

    broker_url: SecretStr | None = Field(default=None, validation_alias="CELERY_BROKER_URL")
    """CELERY_BROKER_URL: redis://host:port/number"""

    lease_s: float = Field(default=10.0, gt=0, validation_alias="VLMKG_WORKER_LEASE")
    """VLMKG_WORKER_LEASE, in seconds: after this time the events of a crashed worker go to another. A running worker
    renews its leases three times per period, so work may take longer."""

    graph_text: bool = Field(default=False, validation_alias="VLMKG_GRAPH_TEXT")
    """VLMKG_GRAPH_TEXT: write report texts to the graph. For synthetic data."""

    ready_file: Path | None = Field(default=None, validation_alias="VLMKG_READY_FILE")
    """VLMKG_READY_FILE: a file to create when the worker is ready."""

    metrics: str | None = Field(default=None, pattern=r"^.+:\d{1,5}$", validation_alias="VLMKG_WORKER_METRICS")
    """VLMKG_WORKER_METRICS: HOST:PORT at which the worker answers `/metrics`; unset: nowhere."""

    batch_size: int = Field(default=64, ge=1, validation_alias="VLMKG_BATCH_SIZE")
    """VLMKG_BATCH_SIZE: most studies that the model reads at once; fewer if memory is short."""

    batch_wait_s: float = Field(default=0.02, ge=0, validation_alias="VLMKG_BATCH_WAIT")
    """VLMKG_BATCH_WAIT, in seconds: how long a study waits for others in its batch."""

    engine_limit_s: float = Field(default=300.0, gt=0, validation_alias="VLMKG_ENGINE_LIMIT")
    """VLMKG_ENGINE_LIMIT, in seconds: a model that reads one batch for longer counts as hung, and its process ends."""

    films: FilmDomain = Field(default=FilmDomain.REAL, validation_alias="VLMKG_FILMS")
    """VLMKG_FILMS: `real`, or `synthetic` if all films are drawings. A checkpoint that was trained on the other kind
    reads only the reports."""

    pairing_wait_s: float = Field(default=900.0, ge=0, validation_alias="VLMKG_PAIRING_WAIT")
    """VLMKG_PAIRING_WAIT, in seconds: with a checkpoint that reads films, how long a report waits for its films and
    films wait for their report. Without such a checkpoint nothing waits."""

    @property
    def batches(self) -> BatchLimits:
        """The limits of a model's batches."""
        wait, limit = timedelta(seconds=self.batch_wait_s), timedelta(seconds=self.engine_limit_s)
        return BatchLimits(self.batch_size, wait, limit)


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The configuration of one worker. `neo4j` is None for a worker that does not merge."""

    data: DataDir
    queue: Queue
    engine: str
    broker_url: SecretStr
    neo4j: Neo4jSettings | None
    lease: timedelta
    graph_text: bool
    ready_file: Path | None
    metrics: str | None
    device: str | None
    films: FilmDomain
    batches: BatchLimits
    pairing_wait: timedelta

    @property
    def is_batching(self) -> bool:
        """Whether one engine on one device serves many threads, as for a model. Rules use one process per core."""
        return self.queue is Queue.EXTRACT and self.engine not in ENGINES


def find_config(data: DataDir, queue: Queue, engine: str, device: str | None = None) -> WorkerConfig:
    """The configuration from the environment and the data folder. Raises UsageError if an address is missing."""
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
        metrics=settings.metrics,
        device=device,
        films=settings.films,
        batches=settings.batches,
        pairing_wait=timedelta(seconds=settings.pairing_wait_s),
    )


def _broker_of(data: DataDir) -> SecretStr:
    running = data.require_endpoints()
    if running.redis is None:
        raise UsageError(
            f"the stack in {data.root} uses an external Redis, whose address is not known here", "set CELERY_BROKER_URL"
        )
    return SecretStr(running.redis)
