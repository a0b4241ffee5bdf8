"""Answers for stored resources: the resource with its id and version here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.gateway.door import Reception
from ingest.gateway.http.locations import location
from ingest.gateway.http.outcomes import FHIR_JSON, outcome
from ingest.ledger.events import events
from ingest.ledger.events.record import Receipt
from ingest.ledger.storage.database import Ledger


@dataclass(frozen=True, slots=True)
class Version:
    """A resource's id here, and its version: the event id. `fresh`: there was no version before."""

    kind: str
    id: str
    event_id: int
    updated_at: datetime
    fresh: bool

    @property
    def etag(self) -> str:
        """Its ETag (3.1.0.5)."""
        return f'W/"{self.event_id}"'

    @property
    def status(self) -> str:
        """`201 Created` or `200 OK`."""
        return "201 Created" if self.fresh else "200 OK"


async def version_of(reception: Reception, receipt: Receipt, kind: str, name: str, *, updates: bool) -> Version:
    """The version of a receipt. `updates`: it may be a further version of an existing resource."""
    if not receipt.duplicate and not updates:
        return Version(kind, name, receipt.event_id, datetime.now(UTC), fresh=True)
    received_at, first = await asyncio.to_thread(_event, reception.receiver.ledger, receipt.event_id)
    return Version(kind, name, receipt.event_id, received_at, fresh=first and not receipt.duplicate)


def _event(ledger: Ledger, event_id: int) -> tuple[datetime, bool]:
    """The time of receipt of an event, and whether it is the first one of its resource."""
    with ledger.read() as connection:
        event = events.get(connection, event_id)
        if event is None:
            return datetime.now(UTC), True
        before = events.is_named_before(connection, event)
    return event.received_at, not before


def answer(request: Request, version: Version, resource: Mapping[str, Any]) -> Response:
    """The answer to a create or an update, with the content that the sender prefers (3.1.0.1.8)."""
    headers = {"Location": location(request, version), "ETag": version.etag}
    status = int(version.status.split()[0])
    match preference(request):
        case "minimal":
            return Response(None, status, headers, media_type=FHIR_JSON)
        case "operationoutcome":
            content = outcome("informational", f"stored as the event {version.event_id}", "information")
        case _:
            content = named(resource, version)
    return JSONResponse(content, status, headers, media_type=FHIR_JSON)


def entry_answer(request: Request, version: Version, resource: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer for an entry of a Bundle. `resource`: include the resource."""
    said = {
        "status": version.status,
        "location": location(request, version),
        "etag": version.etag,
        "lastModified": instant(version.updated_at),
    }
    return {"response": said} | ({"resource": named(resource, version)} if resource is not None else {})


def failed_entry(status: int, content: dict[str, Any]) -> dict[str, Any]:
    """The answer for an entry that failed, or did not become a resource of its own."""
    return {"response": {"status": f"{status} {HTTPStatus(status).phrase}", "outcome": content}}


def named(resource: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """The resource as it was sent, with its id and version here."""
    meta = resource.get("meta")
    known = meta if isinstance(meta, dict) else {}
    stamp = {"versionId": str(version.event_id), "lastUpdated": instant(version.updated_at)}
    return {**resource, "id": version.id, "meta": known | stamp}


def preference(request: Request) -> str:
    """The value of `Prefer: return=` in lower case; empty if there is none."""
    for part in ",".join(request.headers.getlist("prefer")).replace(";", ",").split(","):
        name, _, value = part.partition("=")
        if name.strip().lower() == "return":
            return value.strip().strip('"').lower()
    return ""


def instant(time: datetime) -> str:
    """A time as FHIR's instant, in UTC to the millisecond."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
