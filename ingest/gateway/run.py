"""Runs the gateway: opens all doors, and closes them together."""

import asyncio
import json
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from ingest import blobs, heartbeat
from ingest.gateway.dicom import door as dicom
from ingest.gateway.door import THREADS, Door, Reception, Start
from ingest.gateway.folder import watcher as folder
from ingest.gateway.http import door as http
from ingest.gateway.mllp import listener as mllp
from ingest.gateway.settings import GatewaySettings
from ingest.receiving.readers import Readers
from ingest.settings import receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.plaintext_settings import require_protected

SWITCH_S = 0.001
"""Seconds that a thread parsing a large message may run while the event loop has work."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger()


async def run_gateway(data: DataDir, settings: GatewaySettings) -> None:
    """Open the doors of the settings until SIGTERM or SIGINT, then drain them.

    Raises UsageError if a door can't be opened; then all are closed.
    """
    starts = chosen(settings, DOORS)
    require_protected_doors(settings, starts)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_say_kind)
    sys.setswitchinterval(SWITCH_S)
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    receiver = receiver_of(data)
    if left := blobs.sweep(receiver.blobs):
        log.info("gateway.swept", parts=left)
    readers = Readers(receiver.formats, receiver.pseudonym_key)
    receiver = replace(receiver, elsewhere=readers.read)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="receive") as threads:
        try:
            doors = await open_doors(starts, Reception(receiver, threads, receiver.space))
            try:
                _tell_ready(settings, doors)
                await _live(settings.ready_file, stop)
            finally:
                await close_doors(doors, settings.gateway_drain)
        finally:
            readers.close()
            receiver.ledger.close()


def chosen(settings: GatewaySettings, known: Mapping[str, Start]) -> dict[str, Start]:
    """The doors in the settings, or all. Raises UsageError for an unknown name."""
    if unknown := sorted(set(settings.doors) - set(known)):
        raise UsageError(
            f"VLMKG_GATEWAY_DOORS: unknown listeners (doors): {', '.join(unknown)}", f"choose from: {', '.join(known)}"
        )
    return {name: known[name] for name in settings.doors or known}


def require_protected_doors(settings: GatewaySettings, doors: Collection[str]) -> None:
    """Raise UsageError if a door would listen in plaintext at an address that other machines reach."""
    for door in doors:
        if door in NETWORK_DOORS and not settings.speaks_tls(door):
            tls = f"VLMKG_TLS_CERTIFICATE and VLMKG_TLS_KEY (with {door} in VLMKG_TLS_DOORS)"
            require_protected(
                f"the gateway's door {door}", settings.gateway_host, setting="VLMKG_GATEWAY_HOST", tls=tls
            )


async def open_doors(starts: Mapping[str, Start], reception: Reception) -> list[Door]:
    """Open doors, all or none."""
    doors: list[Door] = []
    try:
        for start in starts.values():
            doors.append(await start(reception))  # noqa: PERF401 - those open must be closed where one fails
    except BaseException:
        await close_doors(doors, 0.1)
        raise
    return doors


async def close_doors(doors: Sequence[Door], drain_s: float) -> None:
    """Close doors together. Current messages are finished within `drain_s` seconds."""
    if not doors:
        return
    log.info("gateway closes", doors=len(doors))
    closing = [asyncio.ensure_future(door.close()) for door in doors]
    _, late = await asyncio.wait(closing, timeout=drain_s)
    for one in late:
        one.cancel()
    results = await asyncio.gather(*closing, return_exceptions=True)
    failed = [one for one in results if isinstance(one, BaseException) and not isinstance(one, asyncio.CancelledError)]
    log.info("gateway closed", late=len(late), failed=[type(one).__name__ for one in failed])


def _say_kind(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Log only the type of an unexpected error, because its text may contain payload."""
    log.error("gateway.unexpected", error=type(context.get("exception")).__name__)


async def _live(ready: Path | None, stop: asyncio.Event) -> None:
    """Record a heartbeat from the event loop of the doors until `stop`."""
    while not stop.is_set():
        if ready:
            heartbeat.touch(ready, "gateway")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), heartbeat.EVERY_S)


def _tell_ready(settings: GatewaySettings, doors: Sequence[Door]) -> None:
    addresses = {key: address for door in doors for key, address in door.addresses.items()}
    log.info("gateway open", **addresses)
    if settings.ready_file:
        part = settings.ready_file.with_suffix(".part")
        part.write_text(json.dumps(addresses))
        part.replace(settings.ready_file)


DOORS: Mapping[str, Start] = {
    "mllp": mllp.start,
    "dicom": dicom.start,
    "http": http.start,
    "folder": folder.start,
}

NETWORK_DOORS = frozenset(DOORS) - {"folder"}
"""Doors that listen at an address."""
