"""The Celery application of the workers.

A message is a wake-up: it says that work waits in the ledger. It contains only one event id, because Flower, logs and
Redis show arguments to everybody. The dispatcher sends a lost message again; a duplicate finds nothing to claim.
"""

from celery import Celery

from ingest.redis_address import read_address
from ingest.workers.queues import Queue

VISIBILITY_TIMEOUT_S = 30
"""Seconds after which an unacknowledged message is delivered again. The shortest value of all apps on a broker applies,
and it is read from three places. Work that takes longer may start twice: the second run finds its events claimed."""

BROKER_TIMEOUT_S = 2.0
"""Seconds that a sender waits for Redis before it reports an outage."""

TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    # With both at 1 kombu checks for unacknowledged messages every second, by default every 100 s.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": BROKER_TIMEOUT_S,
}

TASKS = {Queue.EXTRACT: "vlmkg.extract", Queue.MERGE: "vlmkg.merge"}
"""The task name of each queue, for senders that must not import the tasks."""


def make_app(broker_url: str) -> Celery:
    """The application of one broker, without tasks: a sender needs none.

    Raises UsageError if the address is not one of Redis.
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
        # Acknowledge after the work; a crashed child returns its message; children do not prefetch messages.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # Results are in the ledger.
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # Only JSON: with pickle anybody who can write to Redis could run code here.
        task_serializer="json",
        accept_content=["json"],
        # Wait for Redis without a limit, at start and later. Running work continues meanwhile.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A Redis without memory refuses commands. Without this the worker would end, and again after each start.
        broker_channel_error_retry=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Send once without retries: the dispatcher sends missing messages again.
        task_publish_retry=False,
        # No events and no remote control, so that nothing about a hospital's work is broadcast.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
    )
    return app
