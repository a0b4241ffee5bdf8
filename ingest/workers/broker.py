"""Wake-ups through Redis: send them and count the waiting ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from ingest.errors import OutageError
from ingest.workers.celery_app import BROKER_TIMEOUT_S, TASKS
from ingest.workers.queues import Queue


class Broker:
    """One process's connection to Redis. Open it after fork."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._redis = redis.Redis.from_url(
            app.conf.broker_url, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
        )

    def waiting(self, queue: Queue) -> int:
        """The number of waiting wake-ups. Raises OutageError if Redis does not answer."""
        with _outages():
            # kombu stores a queue of default priority as a list with the queue's name.
            return int(self._redis.llen(queue))

    def wake(self, queue: Queue, event_ids: Sequence[int]) -> None:
        """Send one wake-up for each event id. Raises OutageError if Redis does not answer."""
        with _outages(), self._app.producer_pool.acquire(block=True, timeout=BROKER_TIMEOUT_S) as producer:
            for event_id in event_ids:
                self._app.send_task(TASKS[queue], args=[event_id], queue=queue, producer=producer)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OperationalError, OSError) as error:
        remedy = "check that the Redis server of CELERY_BROKER_URL is running"
        raise OutageError(f"Redis does not respond ({type(error).__name__})", remedy) from error
