"""A sender on pynetdicom, and the DICOM door that it talks to."""

import asyncio
import io
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from ingest.formats.dicom.sop_classes import COMPANIONS, DOCUMENTS, IMAGES, NOT_READ, REPORTS
from ingest.gateway.dicom import door as dicom_door
from ingest.gateway.door import Door, Reception
from ingest.ledger.events import events
from ingest.ledger.events.events import Event, EventFilter
from tests.ingest.formats.dicom_files import part10

VERIFICATION = "1.2.840.10008.1.1"
LIMIT_S = 20.0


@dataclass
class OpenDicom:
    """An open door, and what it has received."""

    door: Door
    reception: Reception

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.door.addresses["dicom"].rpartition(":")
        return host, int(port)

    def events(self) -> list[Event]:
        """Everything received, in order."""
        with self.reception.receiver.ledger.read() as connection:
            return sorted(events.list_events(connection, EventFilter(), limit=1000), key=lambda event: event.id)

    @contextmanager
    def association(
        self, title: str = "SENDER", syntax: str = ExplicitVRLittleEndian, tls: ssl.SSLContext | None = None
    ) -> Iterator[Association]:
        """An association of a sender; it may have been rejected."""
        entity = AE(ae_title=title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = LIMIT_S
        entity.add_requested_context(VERIFICATION)
        for sop_class in (*IMAGES, *REPORTS, *DOCUMENTS, *COMPANIONS, *NOT_READ):
            entity.add_requested_context(sop_class, syntax)
        arguments: dict[str, Any] = {"tls_args": (tls, "localhost")} if tls else {}
        found = entity.associate(*self.address, **arguments)
        connection = found.dul.socket.socket if found.dul.socket else None
        try:
            yield found
        finally:
            if found.is_established:
                found.release()
            if found.ident is not None:
                found.join(LIMIT_S)
            if connection is not None:
                connection.close()  # pynetdicom leaves one open that the other side has closed

    async def send(self, *datasets: Dataset, title: str = "SENDER", syntax: str = ExplicitVRLittleEndian) -> list[int]:
        """Send objects over one association. Returns the statuses."""
        return await asyncio.to_thread(self._send, datasets, title, syntax)

    def _send(self, datasets: tuple[Dataset, ...], title: str, syntax: str) -> list[int]:
        with self.association(title, syntax) as association:
            assert association.is_established
            return [association.send_c_store(prepared(dataset, syntax)).Status for dataset in datasets]

    async def send_bytes(self, dataset: bytes, sop_class: str, instance: str, **command: Any) -> int:
        """Send bytes as the data set of the object that the command names. Returns the status.

        `command`: other values for the fields of the command; None leaves one out.
        """
        return await asyncio.to_thread(self._send_bytes, dataset, sop_class, instance, command)

    def _send_bytes(self, dataset: bytes, sop_class: str, instance: str, command: dict[str, Any]) -> int:
        request = C_STORE()
        request.MessageID, request.Priority = 1, 0
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
        for keyword, value in command.items():
            setattr(request, f"_{keyword}" if hasattr(request, f"_{keyword}") else keyword, value)
        request.DataSet = io.BytesIO(dataset)
        with self.association() as association:
            context = next(each for each in association.accepted_contexts if each.abstract_syntax == sop_class)
            # As Association.send_c_store does: the reactor must not take the answer away.
            association._reactor_checkpoint.clear()
            while not association._is_paused:
                time.sleep(0.001)
            association.dimse.send_msg(request, context.context_id)
            _, answer = association.dimse.get_msg(block=True)
            association._reactor_checkpoint.set()
            return int(answer.Status)


def prepared(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    """The data set with the file meta information that pynetdicom asks for."""
    part10(dataset, syntax)
    return dataset


@asynccontextmanager
async def open_dicom(
    reception: Reception, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> AsyncIterator[OpenDicom]:
    """The door, opened with these variables, and closed at the end."""
    for name, value in ({"VLMKG_DICOM_PORT": "0"} | settings).items():
        monkeypatch.setenv(name, value)
    door = await dicom_door.start(reception)
    try:
        yield OpenDicom(door, reception)
    finally:
        await asyncio.wait_for(door.close(), LIMIT_S)
