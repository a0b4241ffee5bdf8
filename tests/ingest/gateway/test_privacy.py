"""Nothing of a patient comes out where it must not: markers go in at every door, and all that is written is searched.

One gateway with all its doors, a worker of each queue, the API and an import run as processes of their own.
"""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
from neo4j import Driver
from pydicom import Dataset
from pynetdicom import AE
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from ingest.ledger.access import api_keys
from ingest.ledger.access.api_keys import Role
from ingest.ledger.states import SETTLED
from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events
from tests.fixtures.neo4j_server import Neo4jServer, empty
from tests.fixtures.ports import free_port
from tests.fixtures.redis_server import RedisServer
from tests.ingest.formats.dicom_files import BASIC_TEXT_SR, DX, film
from tests.ingest.gateway import privacy_messages as marked
from tests.ingest.gateway.dicom.peer import prepared
from tests.ingest.gateway.mllp_peer import END, START
from tests.ingest.gateway.privacy_messages import WORD, leaks_of
from tests.ingest.gateway.test_process import ask
from vlmkg.data_dir import DataDir

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]
LIMIT_S = 60.0
BOUNDARY = "synthetic-boundary"


class Hospital:
    """The processes over one data folder, and all that they have said."""

    def __init__(self, folder: Path, neo4j: Neo4jServer, redis_url: str) -> None:
        self.folder = folder
        self.data = DataDir(folder / "var")
        self.watched = folder / "watched"
        self.ledger = open_ledger(self.data.ledger_url)
        self.key = api_keys.create(self.ledger, "sender", Role.OPERATOR)
        self.answers: dict[str, list[str]] = {}
        self.running: list[subprocess.Popen[bytes]] = []
        self._environment = {
            **os.environ,
            **neo4j.environment,
            "CELERY_BROKER_URL": redis_url,
            "VLMKG_DATA": str(self.data.root),
            "VLMKG_MLLP_PORT": "0",
            "VLMKG_DICOM_PORT": "0",
            "VLMKG_HTTP_PORT": "0",
            "VLMKG_API_PORT": str(free_port()),
            "VLMKG_WATCH_FOLDER": str(self.watched),
            "VLMKG_WATCH_INTERVAL": "0.2",
            "VLMKG_WATCH_SETTLE": "0.1",
        }
        self.api = f"http://127.0.0.1:{self._environment['VLMKG_API_PORT']}"

    def start(self, *arguments: str) -> Path:
        """Start a command. Returns the file that it makes when it is ready."""
        name = "-".join(word.strip("-") for word in arguments)
        ready = self.folder / f"{name}.ready"
        command = [sys.executable, "-P", "-m", "vlmkg", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            environment = self._environment | {"VLMKG_READY_FILE": str(ready)}
            self.running.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.folder))
        return ready

    def logs(self) -> dict[str, str]:
        """What each process has printed, and what was written into the data folder's logs."""
        files = (*self.folder.glob("*.log"), *self.data.logs.glob("**/*"))
        return {file.name: file.read_text(errors="replace") for file in files if file.is_file()}

    def heard(self, door: str, answer: str) -> None:
        """Keep what a door has answered."""
        self.answers.setdefault(door, []).append(answer)

    def states(self) -> set[str]:
        """The states that events are in."""
        with self.ledger.read() as connection:
            return set(connection.execute(select(events.c.state).distinct()).scalars())

    def end(self) -> None:
        """End all processes, as an operator does."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.ledger.close()


class Broker:
    """All that was said to Redis, command by command (MONITOR)."""

    def __init__(self, server: RedisServer) -> None:
        self.url = server.url
        self.commands: list[str] = []
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.sendall(b"MONITOR\r\n")
        self._lines = self._socket.makefile("r", errors="replace")
        assert self._lines.readline() == "+OK\n"
        self._thread = threading.Thread(target=self._write_down)
        self._thread.start()

    def _write_down(self) -> None:
        self.commands.extend(self._lines)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._lines.close()
        self._socket.close()


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture(scope="module")
def broker(redis_server: RedisServer) -> Iterator[Broker]:
    if not redis_server.answers():
        redis_server.start()
    redis_server.flush()
    found = Broker(redis_server)
    yield found
    found.close()


@pytest.fixture(scope="module")
def hospital(
    tmp_path_factory: pytest.TempPathFactory, neo4j_server: Neo4jServer, neo4j_driver: Driver, broker: Broker
) -> Iterator[Hospital]:
    """Everything was sent, worked on and asked for; the processes still run."""
    empty(neo4j_server, neo4j_driver)
    found = Hospital(tmp_path_factory.mktemp("hospital"), neo4j_server, broker.url)
    try:
        ready = [found.start("gateway"), found.start("worker", "--queue", "merge")]
        found.start("api")
        wait_for(lambda: all(file.exists() for file in ready), "the gateway does not open")
        send(found, json.loads(ready[0].read_text()))
        wait_for(lambda: queued(broker.url), "no wake-ups")
        found.start("worker", "--queue", "extract", "--concurrency", "1")
        wait_for(lambda: found.states() <= set(SETTLED), "the work does not end")
        yield found
    finally:
        found.end()


def queued(url: str) -> int:
    """Wake-ups that wait for the worker that does not run yet."""
    with redis.Redis.from_url(url) as client:
        return client.llen("extract")  # type: ignore[return-value]


def send(hospital: Hospital, doors: dict[str, str]) -> None:
    """Send every marked message through every door."""
    drop_files(hospital)
    speak_mllp(hospital, doors["mllp"])
    store_dicom(hospital, doors["dicom"])
    with httpx2.Client(headers={"Authorization": f"Bearer {hospital.key}"}, trust_env=False, timeout=60) as client:
        store_over_http(hospital, client, doors["dicomweb"])
        for path, body, headers in marked.fhir_requests():
            # Without it the answer to a create is the resource itself, as R4 has it.
            kind = {"Content-Type": "application/fhir+json", "Prefer": "return=OperationOutcome"} | headers
            heard_http(hospital, "fhir", client.post(doors["fhir"] + path, content=body, headers=kind))
        wait_for(lambda: reachable(client, hospital.api), "the API does not open")
        for body in marked.graphql_bodies():
            kind = {"Content-Type": "application/json"}
            heard_http(hospital, "graphql", client.post(f"{hospital.api}/graphql", content=body, headers=kind))
    follow_events(hospital)
    wait_for(lambda: not [file for file in hospital.watched.iterdir() if file.is_file()], "files lie about")


def drop_files(hospital: Hospital) -> None:
    """Files into the watched folder, and the same by `vlmkg import`."""
    folder = hospital.folder / WORD
    folder.mkdir()
    for name, content in marked.files():
        (folder / name).write_bytes(content)
        (hospital.watched / name).write_bytes(content)
    hospital.start("import", folder.name, "--json")


def speak_mllp(hospital: Hospital, address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        for message in marked.hl7_messages():
            hospital.heard("mllp", ask(peer, message).decode("latin-1"))
        for message in marked.hl7_broken_headers():
            ask(peer, message)
        peer.sendall(START + next(marked.hl7_messages())[:-200])
    with socket.create_connection((host, int(port)), timeout=20) as peer:
        peer.sendall(WORD.encode() + START + b"\x00" + WORD.encode() + END + END + START + START)


def store_dicom(hospital: Hospital, address: str) -> None:
    host, _, port = address.rpartition(":")
    entity = AE(ae_title="SENDER")
    for sop_class in (DX, BASIC_TEXT_SR):
        entity.add_requested_context(sop_class)
    association = entity.associate(host, int(port))
    assert association.is_established
    for dataset in (marked.dicom_film(), marked.dicom_report(), other_pixels(), film(PatientName=WORD, Rows=None)):
        hospital.heard("dicom", str(association.send_c_store(prepared(dataset))))
    association.release()


def other_pixels() -> Dataset:
    """The first film once more, with other pixels."""
    found = marked.dicom_film()
    found.PixelData = WORD.encode() * 2 + bytes(14)
    return found


def store_over_http(hospital: Hospital, client: httpx2.Client, base: str) -> None:
    parts = list(marked.dicom_files())
    good = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    for kind, content, path in (
        (good, multipart(*parts), "/studies"),
        (good, multipart(*parts[:2]), f"/studies/1.2.{marked.NUMBER}"),
        (good, multipart(parts[0], kind=f"text/{WORD}"), f"/studies/{WORD}"),
        (good, multipart(parts[0], kind=f"text/{WORD}"), "/studies"),
        (good, multipart(parts[0])[:-200], "/studies"),
        (f"multipart/related; boundary={WORD}", WORD.encode() * 10, "/studies"),
        (f"text/{WORD}", WORD.encode(), f"/studies?{WORD}"),
    ):
        heard_http(hospital, "stow", client.post(base + path, content=content, headers={"Content-Type": kind}))


def follow_events(hospital: Hospital) -> None:
    """Subscribe to events over a WebSocket, and say what none may."""
    with hospital.ledger.read() as connection:
        event_ids = list(connection.execute(select(events.c.id).order_by(events.c.id)).scalars())
    with graphql_socket(hospital, f"Bearer {hospital.key}") as socket:
        for number, payload in enumerate(marked.subscriptions(event_ids)):
            socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
            while json.loads(answer := str(socket.recv(LIMIT_S))).get("id") != str(number):
                hospital.heard("subscription", answer)
            hospital.heard("subscription", answer)
            socket.send(json.dumps({"type": "complete", "id": str(number)}))
    for message in marked.websocket_messages():
        with graphql_socket(hospital, f"Bearer {hospital.key}") as socket:
            socket.send(message)
            hospital.heard("subscription", closing_of(socket))
    with graphql_socket(hospital, f"Bearer {WORD}") as socket:
        hospital.heard("subscription", closing_of(socket))


@contextmanager
def graphql_socket(hospital: Hospital, authorization: str) -> Iterator[ClientConnection]:
    """A connection that has said who it is; it has its answer to that where it is let in."""
    address = f"{hospital.api.replace('http', 'ws', 1)}/graphql?{WORD}"
    with connect(address, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": authorization}}))
        if WORD not in authorization:
            hospital.heard("subscription", str(socket.recv(LIMIT_S)))
        yield socket


def closing_of(socket: ClientConnection) -> str:
    """Why the other side closes."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(LIMIT_S)
    assert closed.value.rcvd is not None
    return f"{closed.value.rcvd.code} {closed.value.rcvd.reason}"


def multipart(*contents: bytes, kind: str = "application/dicom") -> bytes:
    parts = (f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n" for content in contents)
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def heard_http(hospital: Hospital, door: str, response: httpx2.Response) -> None:
    hospital.heard(door, f"{response.status_code} {dict(response.headers)} {response.text}")


def reachable(client: httpx2.Client, address: str) -> bool:
    with suppress(httpx2.TransportError):
        return client.get(f"{address}/healthz").is_success
    return False


def test_the_markers_went_all_the_way(hospital: Hospital, neo4j_driver: Driver) -> None:
    """Without this the searches below would prove nothing."""
    with hospital.ledger.read() as connection:
        rows = connection.execute(select(events.c.format, events.c.state)).all()
    merged = {row.format for row in rows if row.state == "merged"}
    refused = {row.format for row in rows if row.state == "refused"}
    assert merged >= {"hl7", "dicom", "fhir", "graphql", "text", "openi"}
    assert refused >= {"hl7", "dicom", "fhir", "text", "openi"}
    assert {answer[:3] for answer in hospital.answers["fhir"]} >= {"201", "400", "401", "404", "413", "415"}
    assert {answer[:3] for answer in hospital.answers["stow"]} >= {"202", "409", "400", "415"}
    followed = "\n".join(hospital.answers["subscription"]).replace('": ', '":')
    parts = ("connection_ack", '"reason":"', '"type":"error"', "4400 ", "4403 ")
    assert [part for part in parts if part not in followed] == []
    found, _, _ = neo4j_driver.execute_query("MATCH (f:Finding) RETURN count(f) AS number")
    assert found[0]["number"] > 0


def test_no_process_prints_it(hospital: Hospital) -> None:
    logs = hospital.logs()
    assert "mllp.refused" in logs["gateway.log"]
    assert "api.operation" in logs["api.log"]
    assert {name: leaks_of(log) for name, log in logs.items() if leaks_of(log)} == {}


def test_no_answer_repeats_it(hospital: Hospital) -> None:
    assert hospital.answers.keys() == {"mllp", "dicom", "stow", "fhir", "graphql", "subscription"}
    found = {door: leaks_of("\n".join(answers)) for door, answers in hospital.answers.items()}
    assert {door: leaks for door, leaks in found.items() if leaks} == {}


def test_no_metric_names_it(hospital: Hospital) -> None:
    metrics = httpx2.get(f"{hospital.api}/metrics", trust_env=False).text
    assert 'vlmkg_events{state="merged"}' in metrics
    assert leaks_of(metrics) == []


def test_no_reason_detail_or_warning_quotes_it(hospital: Hospital) -> None:
    with hospital.ledger.read() as connection:
        said = connection.execute(select(events.c.reason, events.c.detail, events.c.warnings)).all()
    assert any(row.detail for row in said)
    assert any(row.warnings for row in said)
    assert leaks_of("\n".join(str(tuple(row)) for row in said)) == []


def test_tasks_carry_the_number_of_an_event_alone(hospital: Hospital, broker: Broker) -> None:
    del hospital
    commands = list(broker.commands)
    bodies = [body for command in commands for body in re.findall(r'"body": ?"([A-Za-z0-9+/=]+)"', _plain(command))]
    assert len(bodies) > 10
    for body in bodies:
        (arguments, named, _) = json.loads(base64.b64decode(body))
        assert named == {}
        assert all(isinstance(argument, int) for argument in arguments)
        assert len(arguments) == 1
    assert leaks_of("\n".join(commands)) == []


def _plain(command: str) -> str:
    """Without the escapes of MONITOR."""
    return command.replace("\\", "")


def test_the_graph_s_server_writes_none_of_it_into_its_logs(hospital: Hospital, neo4j_server: Neo4jServer) -> None:
    del hospital
    logs = [file for file in neo4j_server.local.home.rglob("*.log") if file.is_file()]
    assert logs
    assert [
        leaks_of(file.read_text(errors="replace")) for file in logs if leaks_of(file.read_text(errors="replace"))
    ] == []
