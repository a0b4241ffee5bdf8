"""Opens and closes the DICOM door."""

import asyncio
import logging
import threading
import time
from functools import partial
from typing import cast

import pydicom.config
from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.events import Event

from ingest.formats.dicom.parser import SOURCE
from ingest.formats.dicom.sop_classes import COMPANIONS, DOCUMENTS, IMAGES, NOT_READ, REPORTS
from ingest.gateway.dicom.commands import complete
from ingest.gateway.dicom.commitment import Holdings, answer
from ingest.gateway.dicom.commitment_reports import PUSH_MODEL, Reporter
from ingest.gateway.dicom.connections import LARGEST_PDU, BoundedHandler, BoundedServer, BoundedSocket, silence
from ingest.gateway.dicom.part10 import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from ingest.gateway.dicom.settings import DicomSettings
from ingest.gateway.dicom.storage import SUCCESS, store
from ingest.gateway.dicom.turns import Turns
from ingest.gateway.door import Door, Reception
from ingest.gateway.rate import Rate
from ingest.gateway.settings import GatewaySettings, read
from ingest.gateway.tls import client_context, server_context
from vlmkg.errors import UsageError

_WITHOUT_PIXELS = ("1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205", "1.2.840.10008.1.2.7.")
"""Transfer syntaxes whose pixels are elsewhere: at a URL, or in a stream."""

VERIFICATION = "1.2.840.10008.1.1"
TRANSFER_SYNTAXES = [uid for uid in AllTransferSyntaxes if not uid.startswith(_WITHOUT_PIXELS)]


ECHOES = 20.0
"""C-ECHO requests per second and address. A faster peer waits for its answers: it asks nothing that is of use."""


async def start(reception: Reception) -> Door:
    """Open the door. Raises UsageError if its port is not free."""
    settings, gateway = read(DicomSettings), read(GatewaySettings)
    _silence()
    entity = _entity(settings)
    reporter = Reporter(settings.commitment_addresses, settings.stall, client_context(gateway, "dicom"))
    try:
        server = _server(entity, settings, gateway, reception, reporter)
    except OSError as error:
        raise UsageError(
            f"DICOM can't listen at port {settings.port} ({error.strerror})", "set VLMKG_DICOM_PORT to a free port"
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="dicom", daemon=True)
    thread.start()
    host, port = server.server_address[:2]
    return Door("dicom", {"dicom": f"{host}:{port}"}, partial(_close, server, reporter))


def _silence() -> None:
    """Silence the libraries' logs, because they contain patient data. The door logs its own events."""
    silence()
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    for name in ("pynetdicom", "pydicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _entity(settings: DicomSettings) -> AE:
    entity = AE(ae_title=settings.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS
    entity.implementation_version_name = IMPLEMENTATION_VERSION
    entity.maximum_pdu_size = LARGEST_PDU
    # An association that is being closed for another one may still be open when that one is requested.
    entity.maximum_associations = settings.associations + 1
    entity.network_timeout = settings.idle
    entity.acse_timeout = entity.dimse_timeout = settings.stall
    entity.require_calling_aet = list(settings.authorities)
    entity.add_supported_context(VERIFICATION)
    entity.add_supported_context(PUSH_MODEL)
    for sop_class in (*IMAGES, *REPORTS, *DOCUMENTS, *COMPANIONS, *NOT_READ):
        entity.add_supported_context(sop_class, TRANSFER_SYNTAXES)
    return entity


def _server(
    entity: AE, settings: DicomSettings, gateway: GatewaySettings, reception: Reception, reporter: Reporter
) -> BoundedServer:
    holdings = Holdings(reception.receiver, tuple({SOURCE, *filter(None, settings.authorities.values())}))
    server = cast(
        BoundedServer,
        entity.make_server(
            (gateway.gateway_host, settings.port),
            evt_handlers=[
                (evt.EVT_C_STORE, store, [reception, settings.authorities, Rate(settings.rate), Turns()]),
                (evt.EVT_C_ECHO, _echo, [Rate(ECHOES)]),
                (evt.EVT_N_ACTION, answer, [holdings, reporter]),
                (evt.EVT_DIMSE_RECV, _message_complete),
                (evt.EVT_ESTABLISHED, _established),
            ],
            server_class=BoundedServer,
            request_handler=BoundedHandler,
        ),
    )
    server.allowed = gateway.allowed
    server.tls = server_context(gateway, "dicom")
    server.stall_s = settings.stall
    server.connections, server.association_rate = settings.connections, Rate(settings.association_rate)
    server.peer_connections, server.associations = settings.peer_connections, settings.associations
    return server


def _echo(event: Event, rate: Rate) -> int:
    """Answer a C-ECHO request: success (PS3.7 9.1.5)."""
    time.sleep(rate.due(event.assoc.requestor.address or "", 1))
    return SUCCESS


def _message_complete(event: Event) -> None:
    socket = _socket(event.assoc)
    if isinstance(event.message, C_STORE_RQ):
        complete(event.message, event.assoc)
        socket.storing = True
    socket.taken = 0


def _established(event: Event) -> None:
    socket = _socket(event.assoc)
    socket.taken, socket.asked = 0, True


def _socket(association: Association) -> BoundedSocket:
    return cast(BoundedSocket, association.dul.socket)


async def _close(server: BoundedServer, reporter: Reporter) -> None:
    """Accept no more; abort idle associations, and the others after their object is answered."""
    await asyncio.to_thread(server.shutdown)
    try:
        while established := [each for each in server.active_associations if each.is_established]:
            for association in established:
                socket = _socket(association)
                if not socket.storing and not socket.taken:
                    await asyncio.to_thread(association.abort)
            await asyncio.sleep(0.02)
    finally:
        reporter.close()
        for association in server.active_associations:
            # Connections that never sent anything wait for their time-out; their threads end with the process.
            association.kill()
            _socket(association).close()
