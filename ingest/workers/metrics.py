"""`/metrics` of one worker, on its own port: its work since it started. The API has the metrics of all work.

Prometheus' text format, with nothing of a message: the labels are the queue, the engine and the checkpoint.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from celery.worker import state

from ingest.workers.batcher import Batcher
from ingest.workers.settings import WorkerConfig

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


@contextmanager
def serving(address: str | None, page: Callable[[], str]) -> Iterator[None]:
    """Answer `GET /metrics` at HOST:PORT during the block, from threads; None: not at all.

    If the port is in use, a warning says so and the work continues.
    """
    server = _listening(address, page) if address else None
    if server is None:
        yield
        return
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(config: WorkerConfig, engine: Callable[[], Batcher | None]) -> Callable[[], str]:
    """The metrics page of this worker; called per request."""
    began = time.time()

    def page() -> str:
        label = f'queue="{config.queue.value}"'
        tasks = sum(int(number) for number in state.total_count.values())
        lines = _metric("worker_start_time_seconds", "gauge", "When it began, in seconds of Unix time.", label, began)
        lines += _metric("worker_tasks_total", "counter", "Wake-ups that it took up.", label, tasks)
        lines += _metric("worker_tasks_active", "gauge", "Wake-ups in hand.", label, len(state.active_requests))
        batcher = engine()
        if batcher is not None:
            told = batcher.counts
            label += f',engine="{_escaped(batcher.name)}",checkpoint="{_escaped(batcher.checkpoint or "")}"'
            lines += _metric(
                "worker_studies_read_total", "counter", "Studies that the model read.", label, told.studies
            )
            lines += _metric("worker_batches_total", "counter", "Batches that it read.", label, told.batches)
            lines += _metric("worker_read_seconds_total", "counter", "Time it read for.", label, round(told.seconds, 3))
            lines += _metric("worker_batch_limit", "gauge", "Studies that go into a batch now.", label, batcher.most)
        return "\n".join(lines) + "\n"

    return page


def _escaped(value: str) -> str:
    """A label's value: a checkpoint may have any name."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _metric(name: str, kind: str, told: str, label: str, value: float) -> list[str]:
    return [f"# HELP vlmkg_{name} {told}", f"# TYPE vlmkg_{name} {kind}", f"vlmkg_{name}{{{label}}} {value}"]


def _listening(address: str, page: Callable[[], str]) -> ThreadingHTTPServer | None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            found = self.path == "/metrics"
            body = page().encode() if found else b"see /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", EXPOSITION)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    host, _, port = address.rpartition(":")
    try:
        return ThreadingHTTPServer((host, int(port)), Page)
    except OSError as error:
        log.warning("metrics can't be served", address=address, why=error.strerror)
        return None
