"""The DICOM door on loopback, over a real ledger and real blobs."""

from collections.abc import AsyncIterator

import pytest

from ingest.gateway.door import Reception
from tests.ingest.gateway.dicom.peer import OpenDicom, open_dicom


@pytest.fixture
async def dicom(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenDicom]:
    """The door with its usual settings."""
    async with open_dicom(reception, monkeypatch) as opened:
        yield opened
