"""The metrics page of real workers: without a key, true, and no reason for a worker not to work."""

import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.ledger.states import State
from ingest.receiving.submit import Receiver, receive_many
from tests.fixtures.ports import free_port
from tests.fixtures.redis_server import RedisServer
from tests.ingest.workers.messages import hl7
from tests.ingest.workers.running import VLMKG, Worker, states, wait_for
from vlmkg.data_dir import DataDir

REPORTS = 20


def page(port: int) -> dict[str, float]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    assert "DOE" not in text
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


@pytest.mark.parametrize("reads", ["rules", "model"])
def test_what_it_did_is_counted(
    receiver: Receiver, data: DataDir, broker: RedisServer, tmp_path: Path, reads: str
) -> None:
    port = free_port()
    variables = {"CELERY_BROKER_URL": broker.url, "VLMKG_DATA": str(data.root)}
    variables["VLMKG_WORKER_METRICS"] = f"127.0.0.1:{port}"
    engine = str(tmp_path) if reads == "model" else "rules"
    program = ("-m", "tests.ingest.workers.modelling") if reads == "model" else VLMKG
    worker = Worker(tmp_path, variables, "--queue", "extract", "--engine", engine, program=program)
    try:
        worker.wait_until_ready()
        assert page(port)["vlmkg_worker_tasks_total"] == 0
        receive_many(receiver, [hl7(f"r{number}", patient=f"p{number}") for number in range(REPORTS)])
        wait_for(lambda: states(receiver.ledger) == {State.EXTRACTED: REPORTS}, 120)
        found = page(port)
        assert found["vlmkg_worker_tasks_total"] > 0
        assert found["vlmkg_worker_start_time_seconds"] > 1.7e9
        if reads == "model":
            assert found["vlmkg_worker_studies_read_total"] == REPORTS
            assert 1 <= found["vlmkg_worker_batches_total"] <= REPORTS
            assert found["vlmkg_worker_read_seconds_total"] > 0
        else:
            assert "vlmkg_worker_batches_total" not in found
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/")
        assert worker.stop() == 0
    finally:
        worker.end()


def test_a_port_that_is_taken_stops_no_worker(receiver: Receiver, start: Callable[..., Worker]) -> None:
    del receiver
    with socket.create_server(("127.0.0.1", 0)) as taken:
        worker = start("--queue", "merge", VLMKG_WORKER_METRICS=f"127.0.0.1:{taken.getsockname()[1]}")
        worker.wait_until_ready()
        wait_for(lambda: "metrics can't be served" in worker.log.read_text(), 20)
        assert worker.process.poll() is None
