"""`/healthz`, `/readyz` and `/metrics` of the gateway, for monitoring. They contain nothing of a message.

Like those of the API they need no key. Every address that may connect can read them.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ingest.errors import OutageError
from ingest.gateway.door import Reception
from ingest.ledger.events import events
from ingest.ledger.states import State
from ingest.ledger.storage.database import Ledger
from ingest.ledger.warning_counts import warning_counts
from ingest.remembered import Remembered

Counts = dict[tuple[str, str, str], Mapping[str, int]]
"""The lines of each metric."""

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format. It is simple, so the gateway needs no library for it."""


def watching_routes(reception: Reception) -> list[Route]:
    """The routes. Ready means that the ledger answers and the disk has space, so messages are accepted."""

    answers, counts_of = Remembered[bool](), Remembered[Counts]()
    ledger = reception.receiver.ledger

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        parts = {"ledger": await answers.get(partial(_answers, ledger)), "space": not reception.space.is_short()}
        told = {"ledger": "does not respond", "space": "the disk is nearly full"}
        shown = {name: "ok" if works else told[name] for name, works in parts.items()}
        return JSONResponse(shown, 200 if all(parts.values()) else 503)

    async def metrics(_: Request) -> Response:
        try:
            counts = dict(await counts_of.get(partial(asyncio.to_thread, _counts, ledger)))
        except OutageError:
            return PlainTextResponse("the ledger does not respond\n", 503)
        counts["vlmkg_gateway_disk_short", "1: messages are not taken, for want of room.", ""] = {
            "": int(reception.space.is_short())
        }
        return PlainTextResponse("".join(map(_family, counts, counts.values())), media_type=EXPOSITION)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]


async def _answers(ledger: Ledger) -> bool:
    try:
        await asyncio.to_thread(ledger.ping)
    except OutageError:
        return False
    return True


def _counts(ledger: Ledger) -> Counts:
    """The lines of a metric with one label: its name, help and label, and the number per value."""
    with ledger.read() as connection:
        return {
            ("vlmkg_refused_events", "Refused events by reason.", "reason"): events.reasons(connection, State.REFUSED),
            ("vlmkg_dead_events", "Dead events by reason.", "reason"): events.reasons(connection, State.DEAD),
            ("vlmkg_warnings", "Events and readings by warning.", "code"): warning_counts(connection),
        }


def _family(name: tuple[str, str, str], numbers: Mapping[str, int]) -> str:
    metric, told, label = name
    lines = [f"# HELP {metric} {told}", f"# TYPE {metric} gauge"]
    # Reasons and codes need no escapes.
    for value, number in numbers.items():
        lines.append(f'{metric}{{{label}="{value}"}} {number}' if label else f"{metric} {number}")
    return "\n".join(lines) + "\n"
