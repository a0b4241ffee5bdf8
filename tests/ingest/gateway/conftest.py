"""Real doors on loopback, over a real ledger and real blobs."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.gateway.door import THREADS, Reception
from ingest.ledger.storage.database import Ledger
from ingest.receiving.space import Space
from tests.ingest.gateway.mllp_peer import OpenDoor, open_door
from tests.ingest.receivers import receiver_in


@pytest.fixture
def ledger_url(sqlite_url: str) -> str:
    """Doors do not know which database it is: SQLite is enough."""
    return sqlite_url


@pytest.fixture
def reception(tmp_path: Path, ledger: Ledger) -> Iterator[Reception]:
    with ThreadPoolExecutor(THREADS) as threads:
        yield Reception(receiver_in(tmp_path, ledger), threads, Space([tmp_path], 0))


@pytest.fixture
async def mllp(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenDoor]:
    """The MLLP door with its usual settings."""
    async with open_door(reception, monkeypatch) as opened:
        yield opened
