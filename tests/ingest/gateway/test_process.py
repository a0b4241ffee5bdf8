"""`vlmkg gateway` as a process: killed while it receives, asked to end while it receives, and what it prints."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events, sightings
from tests.ingest.gateway.mllp_peer import END, START
from tests.ingest.gateway.test_mllp import oru
from vlmkg.data_dir import DataDir

pytestmark = pytest.mark.timeout(120)
MARKER = "ZQXMARKER"


class Gateway:
    """A running gateway with its data in a folder, or those of another one."""

    def __init__(self, folder: Path, data: DataDir | None = None, **settings: str) -> None:
        self.data = data or DataDir(folder / "var")
        self.log = folder / "gateway.log"
        self._ready = folder / "ready"
        self._settings = settings
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._ready.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "VLMKG_GATEWAY_DOORS": "mllp",
            "VLMKG_MLLP_PORT": "0",
            "VLMKG_READY_FILE": str(self._ready),
            **self._settings,
        }
        command = [sys.executable, "-W", "error", "-P", "-m", "vlmkg", "gateway", "--data", str(self.data.root)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._ready.exists():
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return process

    def connect(self) -> socket.socket:
        host, _, port = json.loads(self._ready.read_text())["mllp"].rpartition(":")
        return socket.create_connection((host, int(port)), timeout=20)

    def restart(self) -> None:
        self.process = self._start()

    def stored(self) -> set[str]:
        """The report ids that the ledger has."""
        ledger = open_ledger(self.data.ledger_url)
        with ledger.read() as connection:
            found = set(connection.execute(select(sightings.c.report_id_original)).scalars())
        ledger.close()
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(**settings: str) -> Gateway:
        started.append(Gateway(tmp_path, **settings))
        return started[-1]

    yield start
    for gateway in started:
        gateway.end()


def ask(peer: socket.socket, raw: bytes) -> bytes:
    """Send one message; its answer, or what came of it before the connection broke."""
    peer.sendall(START + raw + END)
    answer = b""
    while not answer.endswith(END):
        chunk = peer.recv(4096)
        if not chunk:
            raise ConnectionResetError
        answer += chunk
    return answer


def send_until_it_breaks(gateway: Gateway, first: int) -> list[int]:
    """Send one message after the other; those that were acknowledged."""
    acknowledged = []
    try:
        with gateway.connect() as peer:
            for number in range(first, first + 2000):
                assert b"MSA|AA" in ask(peer, oru(number))
                acknowledged.append(number)
    except OSError:
        pass
    return acknowledged


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_acknowledged_is_stored_however_it_ends(start: Callable[..., Gateway], how: signal.Signals) -> None:
    gateway = start()
    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(send_until_it_breaks, gateway, 10_000 * number) for number in range(4)]
        time.sleep(1.0)
        gateway.process.send_signal(how)
        acknowledged = [number for one in sending for number in one.result()]
    assert gateway.process.wait(30) == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    assert len(acknowledged) > 10
    assert {f"A{number}" for number in acknowledged} <= gateway.stored()
    gateway.restart()
    with gateway.connect() as peer:
        assert b"MSA|AA" in ask(peer, oru(acknowledged[-1]))
    assert gateway.process.poll() is None


def test_nothing_of_a_message_is_printed(start: Callable[..., Gateway]) -> None:
    """A marker in every field and component of good and bad messages must not come out in any line of the log."""
    gateway = start()
    good = oru(1).decode().rstrip("\r").split("\r")
    with gateway.connect() as peer:
        for number, segment in enumerate(good):
            fields = segment.split("|")
            for place in range(1, len(fields)):
                marked = [*fields[:place], f"{MARKER}^{MARKER}&{MARKER}~{MARKER}", *fields[place + 1 :]]
                lines = [*good[:number], "|".join(marked), *good[number + 1 :]]
                ask(peer, "\r".join(lines).encode())
        for broken in (f"{MARKER}", f"MSH{MARKER}", f"MSH|^~\\&|{MARKER}", f"MSH|^~\\&|{MARKER}\rPID|{MARKER}"):
            ask(peer, broken.encode())
        peer.sendall(START + f"MSH|^~\\&|{MARKER}".encode())
    gateway.process.terminate()
    assert gateway.process.wait(30) == 0
    log = gateway.log.read_text()
    assert "mllp.refused" in log
    assert MARKER not in log
    ledger = open_ledger(gateway.data.ledger_url)
    with ledger.read() as connection:
        details = connection.execute(select(events.c.detail, events.c.reason, events.c.warnings)).all()
    ledger.close()
    assert len(details) > 50
    assert MARKER not in str(details)


def test_an_unknown_door_is_a_usage_error(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "vlmkg", "gateway", "--data", str(tmp_path / "var")]
    environment = {**os.environ, "VLMKG_GATEWAY_DOORS": "mllp,fax"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "unknown listeners (doors): fax" in done.stderr
