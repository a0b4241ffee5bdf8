"""A sender that remembers what was acknowledged, and the gateways of a test."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events, sightings
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.gateway.test_process import Gateway, ask
from vlmkg.data_dir import DataDir

LONG = "FINDINGS: " + "The lungs are clear. " * 6000
"""A text whose message is stored as a file."""


@contextmanager
def started_gateways(folder: Path) -> Iterator[Callable[..., Gateway]]:
    """A function that starts gateways, with their data below `folder` unless told otherwise. All end with the block."""
    started: list[Gateway] = []

    def start(below: Path = folder, data: DataDir | None = None, **settings: str) -> Gateway:
        below.mkdir(exist_ok=True)
        started.append(Gateway(below, data, **settings))
        return started[-1]

    try:
        yield start
    finally:
        for gateway in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(gateway.process.pid, signal.SIGCONT)
            gateway.end()


class Sender:
    """Sends reports one by one, and remembers what was acknowledged."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.acknowledged: set[str] = set()
        self.number = 0
        self.peer = gateway.connect()

    def send(self, text: str = "No pneumothorax.") -> str:
        """Send one more report; its answer: AA, AE, AR, or `lost`."""
        self.number += 1
        try:
            answer = ask(self.peer, oru(self.number, text))
        except OSError:
            self.reconnect()
            return "lost"
        code = answer.partition(b"MSA|")[2][:2].decode()
        if code == "AA":
            self.acknowledged.add(f"A{self.number}")
        return code

    def reconnect(self) -> None:
        self.peer.close()
        self.peer = self.gateway.connect()

    def until(self, code: str, limit_s: float = 60.0, text: str = "No pneumothorax.") -> None:
        """Send until this is answered. The last one is sent again and again, as senders do."""
        deadline = time.monotonic() + limit_s
        while (told := self.send(text)) != code:
            assert time.monotonic() < deadline, told
            time.sleep(0.1)

    def require_stored(self) -> None:
        """Everything acknowledged is in the ledger."""
        self.peer.close()
        assert self.acknowledged
        assert self.acknowledged <= self.gateway.stored()


def reports_in(url: str) -> set[str]:
    """The report ids that a ledger has."""
    ledger = open_ledger(url)
    with ledger.read() as connection:
        found = set(connection.execute(select(sightings.c.report_id_original)).scalars())
    ledger.close()
    return found


def refused_in(url: str) -> list[tuple[str, str]]:
    """Reason and detail of the refused messages of a ledger."""
    ledger = open_ledger(url)
    with ledger.read() as connection:
        query = select(events.c.reason, events.c.detail).where(events.c.state == "refused")
        found = [(row.reason, row.detail) for row in connection.execute(query)]
    ledger.close()
    return found
