"""A minimal safe DICOM receiver, the peer of benchmarks.intake.

    python -m benchmarks.bare_dicom PORT FOLDER

pynetdicom with its defaults: each object is written to a file, the file and its folder are fsynced, then 0000. No
parsing, no ledger, no identities. TCP_NODELAY and the PDU size are those of the gateway.
"""

import os
import socket
import sys
from pathlib import Path

from pynetdicom import AE, _config, evt
from pynetdicom.events import Event

from ingest.formats.dicom.sop_classes import IMAGES
from ingest.gateway.dicom.connections import LARGEST_PDU
from ingest.gateway.dicom.door import TRANSFER_SYNTAXES


def main() -> None:
    """Receive until the process is stopped."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    entity = AE("BARE")
    entity.maximum_pdu_size = LARGEST_PDU
    entity.maximum_associations = 32
    for sop_class in IMAGES:
        entity.add_supported_context(sop_class, TRANSFER_SYNTAXES)
    handlers = [(evt.EVT_C_STORE, store, [folder]), (evt.EVT_CONN_OPEN, at_once)]
    entity.start_server(("127.0.0.1", port), evt_handlers=handlers)


def at_once(event: Event) -> None:
    """Send responses without delay (TCP_NODELAY)."""
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def store(event: Event, folder: Path) -> int:
    """Write the object and sync it to disk."""
    part = folder / f"{event.request.AffectedSOPInstanceUID}.part"
    with part.open("wb") as file:
        file.write(event.encoded_dataset())
        file.flush()
        os.fsync(file.fileno())
    part.rename(part.with_suffix(".dcm"))
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return 0x0000


if __name__ == "__main__":
    main()
