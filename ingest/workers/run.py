"""Run one worker: the Celery pool of one queue, and the dispatcher's thread in its main process.

Rules run in a prefork pool. A model runs in the main process, with a pool of threads that feed it, because a process
must not fork after using a GPU. It is loaded before Celery starts, so nothing is claimed or delivered meanwhile.
"""

import os
import threading
import warnings
from typing import Any

import structlog
from celery import Celery, signals
from celery.exceptions import SecurityWarning

from ingest.errors import OutageError
from ingest.heartbeat import beating
from ingest.settings import ledger_of
from ingest.workers.broker import Broker
from ingest.workers.celery_app import make_app
from ingest.workers.dispatcher import Dispatcher, fork_gate
from ingest.workers.metrics import page_of, serving
from ingest.workers.process import WorkerProcess, owner_name
from ingest.workers.queues import Queue
from ingest.workers.settings import WorkerConfig
from ingest.workers.tasks import register
from ingest.workers.waiting import when_it_answers
from vlmkg.parent_watch import end_with_parent

SHUTDOWN_LIMIT_S = 10.0
"""Seconds that current work may continue after SIGTERM. Unfinished work goes to another worker."""

log = structlog.get_logger()


def run_worker(config: WorkerConfig, concurrency: int) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code. Waits at the start while the ledger can't be opened."""
    broker_url = config.broker_url.get_secret_value()
    app = make_app(broker_url)
    broker = Broker(app, broker_url)
    _say_where_redis_fails(broker)
    process = WorkerProcess(app, config)
    if config.is_batching:
        process.prepare()
    register(app, process)
    stop = threading.Event()
    thread = _dispatcher(broker, config, stop)

    def ready(**_: Any) -> None:
        thread.start()
        if config.ready_file:
            config.ready_file.touch()
        log.info("worker is ready", queue=config.queue.value, pool=_pool(config), concurrency=concurrency)

    signals.setup_logging.connect(_keep_logging)
    signals.worker_process_init.connect(_begin_child)
    signals.worker_ready.connect(ready, weak=False)
    signals.worker_shutting_down.connect(_bound_shutdown)
    with (
        beating(config.ready_file, _name(config), thread.is_alive),
        serving(config.metrics, page_of(config, lambda: process.batcher)),
    ):
        exit_code = _consume(app, config, concurrency)
    stop.set()
    if thread.is_alive():
        thread.join()
    return exit_code


def _dispatcher(broker: Broker, config: WorkerConfig, stop: threading.Event) -> threading.Thread:
    ledger = when_it_answers(lambda: ledger_of(config.data))
    dispatcher = Dispatcher(ledger, broker, owner_name(), config.lease)
    return threading.Thread(target=dispatcher.run, args=(stop, fork_gate(ledger)), name="dispatcher", daemon=True)


def _say_where_redis_fails(broker: Broker) -> None:
    """Log a warning at the start if Redis does not respond: Celery retries without end and logs less."""
    try:
        broker.waiting(Queue.EXTRACT)
    except OutageError as error:
        log.warning("waiting for Redis", what=str(error), remedy=error.remedy)


def _consume(app: Celery, config: WorkerConfig, concurrency: int) -> int:
    with warnings.catch_warnings():
        # Containers run as root. The risk would be pickle in messages, which this application refuses.
        warnings.simplefilter("ignore", SecurityWarning)
        worker = app.Worker(
            pool=_pool(config),
            concurrency=concurrency,
            queues=[config.queue.value],
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
    return int(worker.exitcode or 0)


def _name(config: WorkerConfig) -> str:
    """What its signs of life are called: workers of several devices may share a ready file."""
    return "-".join([config.queue.value, *([config.device.replace(":", "")] if config.device else [])])


def _pool(config: WorkerConfig) -> str:
    return "threads" if config.is_batching else "prefork"


def _begin_child(**_: Any) -> None:
    end_with_parent()


def _bound_shutdown(**_: Any) -> None:
    timer = threading.Timer(SHUTDOWN_LIMIT_S, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def _keep_logging(**_: Any) -> None:
    """Tell Celery that logging is already set up."""
