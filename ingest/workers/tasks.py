"""The Celery tasks: thin, one for each queue."""

from celery import Celery

from ingest.workers.celery_app import TASKS
from ingest.workers.process import WorkerProcess
from ingest.workers.queues import Queue


def register(app: Celery, process: WorkerProcess) -> None:
    """Give the application its tasks. Their argument says which event was waiting; what is claimed is the oldest."""

    @app.task(name=TASKS[Queue.EXTRACT])
    def extract(event_id: int) -> None:
        del event_id
        process.extract()

    @app.task(name=TASKS[Queue.MERGE])
    def merge(event_id: int) -> None:
        del event_id
        process.merge()
