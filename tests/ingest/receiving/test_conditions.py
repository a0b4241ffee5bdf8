"""A message under a condition: of several processes on one ledger one alone gets it stored."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.formats.origin import Format
from ingest.ledger.storage.database import Ledger, open_ledger
from ingest.ledger.storage.tables import events
from ingest.receiving.submit import ReceivedMessage, receive_if
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.receivers import receiver_in

pytestmark = pytest.mark.timeout(240)
ROUNDS = 15

RACER = """
import sys
from pathlib import Path
from sqlalchemy import func, select
from ingest.formats.origin import Format
from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events
from ingest.receiving.submit import ReceivedMessage, receive_if
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.receivers import receiver_in
folder, url, lane = sys.argv[1:]
ledger = open_ledger(url)
receiver = receiver_in(Path(folder), ledger)
print("ready", flush=True)
for line in sys.stdin:
    number = int(line)
    def holds(connection):
        return connection.execute(select(func.count()).select_from(events)).scalar_one() == number
    message = ReceivedMessage(oru(1000 * number + int(lane)), Format.HL7)
    print("stored" if receive_if(receiver, message, holds) else "late", flush=True)
"""


def test_of_two_processes_one_alone_finds_the_condition(tmp_path: Path, ledger_url: str) -> None:
    """The condition: so many events are there. Both see it as true before they try."""
    url = ledger_url
    open_ledger(url).close()
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path), url, str(lane)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for lane in (1, 2)
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for number in range(ROUNDS):
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write(f"{number}\n")
                racer.stdin.flush()
            told = sorted(racer.stdout.readline().strip() for racer in racers if racer.stdout)
            assert told == ["late", "stored"], number
    finally:
        for racer in racers:
            racer.communicate()


def test_what_does_not_hold_stores_nothing(tmp_path: Path, ledger: Ledger) -> None:
    receiver = receiver_in(tmp_path, ledger)
    assert receive_if(receiver, ReceivedMessage(oru(1), Format.HL7), lambda _: False) is None
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 0
    assert receive_if(receiver, ReceivedMessage(oru(1), Format.HL7), lambda _: True) is not None
