"""The Celery application of the workers.

A message is a hint that work waits in the ledger. It carries one event id and nothing else, because Flower, logs and
Redis itself show arguments to whoever looks. A lost message is sent again by the dispatcher, a doubled one finds
nothing to claim.
"""

from celery import Celery

from ingest.redis_address import read_address
from ingest.workers.queues import Queue

VISIBILITY_TIMEOUT_S = 30
"""After this long an unacknowledged message is delivered again. The shortest of all apps on one broker wins, and it is
read from three places. Work that takes longer runs twice at most: the second run finds its events claimed."""

BROKER_TIMEOUT_S = 2.0
"""How long a sender waits for Redis before it calls it an outage."""

TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    # Both at 1: kombu looks for unacknowledged messages every second. Its defaults make that 100 s.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": BROKER_TIMEOUT_S,
}

TASKS = {Queue.EXTRACT: "vlmkg.extract", Queue.MERGE: "vlmkg.merge"}
"""The name of the task of each queue, for senders that must not import what the task imports."""


def make_app(broker_url: str) -> Celery:
    """The application of one broker, without tasks: a sender needs none.

    Raises UsageError for an address that is none of Redis.
    """
    address = read_address(broker_url)
    app = Celery("vlmkg", set_as_current=False)
    transport_options = TRANSPORT_OPTIONS | address.transport_options
    app.conf.update(
        **address.for_celery,
        broker_transport_options=transport_options,
        result_backend_transport_options=transport_options,
        visibility_timeout=VISIBILITY_TIMEOUT_S,
        task_routes={task: {"queue": queue} for queue, task in TASKS.items()},
        # Acknowledged after the work; a child that dies gives its message back; nobody hoards messages.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # Results are in the ledger.
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # JSON alone: with pickle on the wire whoever writes to Redis runs code here.
        task_serializer="json",
        accept_content=["json"],
        # An outage of Redis is waited for, for ever, at start and later. Running work goes on meanwhile.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Sending is tried once: the dispatcher sends again what is missing.
        task_publish_retry=False,
        # No events, no remote control: nothing of a hospital's work is broadcast.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
    )
    return app
