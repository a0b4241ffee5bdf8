from collections.abc import Iterator

import pytest
from celery import Celery

from ingest.errors import OutageError
from ingest.workers.broker import Broker
from ingest.workers.celery_app import VISIBILITY_TIMEOUT_S, make_app
from ingest.workers.queues import Queue
from tests.fixtures.redis_server import RedisServer


@pytest.fixture
def celery(broker: RedisServer) -> Celery:
    return make_app(broker.url)


@pytest.fixture
def ours(celery: Celery, broker: RedisServer) -> Iterator[Broker]:
    opened = Broker(celery, broker.url)
    yield opened
    opened.close()


def test_counts_what_it_sent_by_queue(ours: Broker) -> None:
    assert ours.waiting(Queue.EXTRACT) == 0

    ours.wake(Queue.EXTRACT, [1, 2, 3])
    ours.wake(Queue.MERGE, [1])

    assert (ours.waiting(Queue.EXTRACT), ours.waiting(Queue.MERGE)) == (3, 1)


def test_a_message_carries_the_event_id_and_nothing_else(celery: Celery, ours: Broker) -> None:
    ours.wake(Queue.EXTRACT, [41])

    with celery.connection_for_read() as connection:
        message = connection.SimpleQueue(Queue.EXTRACT.value).get(timeout=2)
        message.ack()

    assert message.payload[:2] == [[41], {}]
    assert message.headers["task"] == "vlmkg.extract"


def test_an_outage_is_told_and_over_when_redis_is_back(ours: Broker, broker: RedisServer) -> None:
    ours.wake(Queue.EXTRACT, [1])
    broker.kill()

    with pytest.raises(OutageError):
        ours.waiting(Queue.EXTRACT)
    with pytest.raises(OutageError):
        ours.wake(Queue.EXTRACT, [1])

    broker.start()
    assert ours.waiting(Queue.EXTRACT) == 0
    ours.wake(Queue.EXTRACT, [2])
    assert ours.waiting(Queue.EXTRACT) == 1


def test_the_visibility_timeout_stands_in_all_three_places(celery: Celery) -> None:
    conf = celery.conf
    assert conf.broker_transport_options["visibility_timeout"] == VISIBILITY_TIMEOUT_S
    assert conf.result_backend_transport_options["visibility_timeout"] == VISIBILITY_TIMEOUT_S
    assert conf.visibility_timeout == VISIBILITY_TIMEOUT_S
