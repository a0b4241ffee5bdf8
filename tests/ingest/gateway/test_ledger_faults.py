"""The gateway while its ledger's PostgreSQL is killed, stops or fails over, and two gateways on one ledger.

docs/operations.md has the table of faults. `make test-faults` runs all of these.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.ledger.storage.database import open_ledger
from ingest.ledger.storage.tables import events
from tests.fixtures.postgres_server import PostgresServer
from tests.fixtures.road import road_to
from tests.ingest.gateway.senders import Sender, refused_in, reports_in, started_gateways
from tests.ingest.gateway.test_mllp import oru
from tests.ingest.gateway.test_process import Gateway, ask

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    with started_gateways(tmp_path) as start:
        yield start


@pytest.mark.faults
def test_a_postgresql_that_is_killed(start: Callable[..., Gateway], own_postgres_server: PostgresServer) -> None:
    """Senders are asked to send again until it is back. Nothing acknowledged before or after is lost."""
    url = own_postgres_server.new_database()
    gateway = start(VLMKG_LEDGER_URL=url)
    sender = Sender(gateway)
    for _ in range(3):
        sender.until("AA")
        own_postgres_server.kill()
        assert sender.send() in {"AE", "lost"}
        own_postgres_server.start()
        sender.until("AA")
    sender.peer.close()
    assert sender.acknowledged <= reports_in(url)


@pytest.mark.faults
def test_a_postgresql_that_stops_for_a_while(
    start: Callable[..., Gateway], own_postgres_server: PostgresServer
) -> None:
    """SIGSTOP of all its processes: the sender waits, or is asked to send again. Then it goes on."""
    url = own_postgres_server.new_database()
    gateway = start(VLMKG_LEDGER_URL=url)
    sender = Sender(gateway)
    sender.until("AA")
    stopped = own_postgres_server.processes()
    for process in stopped:
        process.suspend()
    threading.Timer(5, lambda: [process.resume() for process in stopped if process.is_running()]).start()
    assert sender.send() in {"AA", "AE", "lost"}
    sender.until("AA")
    sender.peer.close()
    assert sender.acknowledged <= reports_in(url)


@pytest.mark.faults
def test_a_postgresql_that_fails_over(
    start: Callable[..., Gateway], own_postgres_server: PostgresServer, standby_server: PostgresServer
) -> None:
    """The primary is lost, and its address leads to the standby: first read-only, then promoted. With synchronous
    replication nothing acknowledged is lost, and no message is blamed for the standby."""
    primary, standby = own_postgres_server, standby_server
    url = primary.new_database()
    primary.copy_as_standby(standby)
    with road_to(primary.port) as road:
        gateway = start(VLMKG_LEDGER_URL=url.replace(f":{primary.port}/", f":{road.port}/"))
        sender = Sender(gateway)
        for _ in range(20):
            sender.until("AA")
        primary.kill()
        road.break_off()
        road.lead_to(standby.port)
        road.mend()
        assert {sender.send() for _ in range(10)} <= {"AE", "lost"}
        standby.promote()
        sender.until("AA")
        sender.peer.close()
        gateway.end()
    own = url.replace(f":{primary.port}/", f":{standby.port}/")
    assert sender.acknowledged <= reports_in(own)
    assert refused_in(own) == []
    assert "this is a bug" not in gateway.log.read_text()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_gateways_on_one_ledger(
    tmp_path: Path, start: Callable[..., Gateway], request: pytest.FixtureRequest, kind: str
) -> None:
    """Senders give the same reports to both at once; one of the two is killed meanwhile. Each report is one event."""
    settings = {}
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        settings["VLMKG_LEDGER_URL"] = server.new_database()
    one = start(tmp_path / "one", **settings)
    other = start(tmp_path / "other", one.data, **settings)
    senders = [Sender(gateway) for gateway in (one, other, one, other)]
    for number, sender in enumerate(senders):
        sender.number = 1000 * (number // 2)
    killing = threading.Timer(1.0, one.process.kill)
    killing.start()
    threads = [threading.Thread(target=send_until_lost, args=(sender, 150)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    killing.join()
    one.process.wait()
    one.restart()
    for sender in senders:
        sender.reconnect()
        sender.until("AA")
        sender.peer.close()
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    url = settings.get("VLMKG_LEDGER_URL", one.data.ledger_url)
    assert len(acknowledged) > 100
    assert acknowledged <= reports_in(url)
    assert refused_in(url) == []
    ledger = open_ledger(url)
    with ledger.read() as connection:
        number, names = connection.execute(select(func.count(), func.count(events.c.external_id.distinct()))).one()
    ledger.close()
    assert number == names


def send_until_lost(sender: Sender, most: int) -> None:
    """Send reports until the gateway is gone."""
    for _ in range(most):
        sender.number += 1
        try:
            if b"MSA|AA" in ask(sender.peer, oru(sender.number, "No pneumothorax.")):
                sender.acknowledged.add(f"A{sender.number}")
        except OSError:
            return
