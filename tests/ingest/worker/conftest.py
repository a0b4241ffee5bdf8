from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.ledger.database import Ledger
from ingest.settings import receiver_of
from ingest.submit import Receiver
from vlmkg.data_dir import DataDir


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "var")


@pytest.fixture
def receiver(data: DataDir) -> Iterator[Receiver]:
    receiver = receiver_of(data)
    yield receiver
    receiver.ledger.close()


@pytest.fixture
def ledger(receiver: Receiver) -> Ledger:
    return receiver.ledger
