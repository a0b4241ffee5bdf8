"""The Celery tasks, one per queue."""

from celery import Celery

from ingest.workers.celery_app import TASKS
from ingest.workers.process import WorkerProcess
from ingest.workers.queues import Queue


def register(app: Celery, process: WorkerProcess) -> None:
    """Register the tasks. Their argument is a waiting event; a task claims the oldest events."""

    @app.task(name=TASKS[Queue.EXTRACT])
    def extract(event_id: int) -> None:
        del event_id
        process.extract()

    @app.task(name=TASKS[Queue.MERGE])
    def merge(event_id: int) -> None:
        del event_id
        process.merge()
