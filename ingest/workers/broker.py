"""Wake-ups through Redis: send them and count the waiting ones."""

from collections.abc import Sequence

from celery import Celery

from ingest.redis_address import read_address, redis_outages
from ingest.workers.celery_app import BROKER_TIMEOUT_S, TASKS
from ingest.workers.queues import Queue


class Broker:
    """One process's connection to Redis. Open it after fork."""

    def __init__(self, app: Celery, broker_url: str) -> None:
        self._app = app
        self._redis = read_address(broker_url).open(BROKER_TIMEOUT_S)

    def waiting(self, queue: Queue) -> int:
        """The number of waiting wake-ups. Raises OutageError if Redis does not answer."""
        with redis_outages():
            # kombu stores a queue of default priority as a list with the queue's name.
            return int(self._redis.llen(queue))

    def wake(self, queue: Queue, event_ids: Sequence[int]) -> None:
        """Send one wake-up for each event id. Raises OutageError if Redis does not answer."""
        with redis_outages(), self._app.producer_pool.acquire(block=True, timeout=BROKER_TIMEOUT_S) as producer:
            for event_id in event_ids:
                self._app.send_task(TASKS[queue], args=[event_id], queue=queue, producer=producer)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()
