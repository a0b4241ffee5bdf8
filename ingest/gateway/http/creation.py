"""Create and update of one resource (FHIR R4 3.1.0.4, 3.1.0.8)."""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.blobs import key_of
from ingest.formats.fhir.ids import given_id
from ingest.formats.json_text import object_of
from ingest.formats.origin import Format
from ingest.gateway.door import Reception, receive_soon, receive_soon_if
from ingest.gateway.http import outcomes, stored
from ingest.gateway.http.conditions import UnsupportedConditionError, existing
from ingest.gateway.http.locations import location
from ingest.gateway.http.outcomes import FHIR_JSON, problem
from ingest.ledger.events import events
from ingest.ledger.events.record import Receipt
from ingest.receiving.submit import ReceivedMessage

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"')
CHANGED = "If-Match does not name the newest version of a resource here"


async def create(request: Request, reception: Reception, raw: bytes, kind: str) -> Response:
    """Answer a POST: the resource is new, whatever its id."""
    resource = object_of(raw)
    if resource is not None and resource.get("resourceType") != kind:
        return problem(400, "invalid", f"the resource is not a {kind}")
    condition = request.headers.get("if-none-exist")
    if condition is not None and (found := await existing(reception, kind, condition)):
        if found.resource is not None:
            return stored.answer(request, found.version, found.resource)
        headers = {"Location": location(request, found.version), "ETag": found.version.etag}
        told = outcomes.outcome("informational", "the resource already exists", "information")
        return JSONResponse(told, 200, headers, media_type=FHIR_JSON)
    return await receive(request, reception, raw, resource, kind)


async def receive(
    request: Request, reception: Reception, raw: bytes, resource: dict[str, Any] | None, kind: str
) -> Response:
    """Store a message that its sender regards as one resource, and answer with that resource."""
    receipt = await receive_soon(reception, ReceivedMessage(raw, Format.FHIR))
    if receipt.reason or resource is None:
        return outcomes.refusal(receipt.reason or "unreadable", receipt.event_id)
    version = await stored.version_of(reception, receipt, kind, given_id(key_of(raw)), updates=False)
    return stored.answer(request, version, resource)


async def update(request: Request, reception: Reception, raw: bytes, kind: str) -> Response:
    """Answer a PUT: create the resource with this id or identifier, or a new version of it."""
    name = request.path_params.get("id", "")
    resource = object_of(raw)
    if unfit := _unfit(request, resource, kind, name):
        return unfit
    url = f"{kind}/{name}" if name else f"{kind}?{request.url.query}"
    message = as_put(raw, url) if resource is not None else raw
    etag = request.headers.get("if-match")
    receipt = await receive_if_newest(reception, ReceivedMessage(message, Format.FHIR), etag)
    if receipt is None:
        return problem(412, "conflict", CHANGED)
    if receipt.reason or resource is None:
        return outcomes.refusal(receipt.reason or "unreadable", receipt.event_id)
    version = await stored.version_of(reception, receipt, kind, name or given_id(key_of(message)), updates=True)
    return stored.answer(request, version, resource)


async def receive_if_newest(reception: Reception, message: ReceivedMessage, *etags: object) -> Receipt | None:
    """Receive a message if all its conditions hold; return None if one does not.

    A condition is the value of `If-Match` or `ifMatch`: absent, `*`, or the newest version of its resource. It is
    checked in the transaction that stores the message, so of two updates of one version, by any process, the second
    one sees the first.
    """
    asked = [etag for etag in etags if etag is not None and not (isinstance(etag, str) and etag.strip() == "*")]
    if not asked:
        return await receive_soon(reception, message)
    return await receive_soon_if(reception, message, partial(_are_newest, asked))


def _are_newest(etags: Sequence[object], connection: Connection) -> bool:
    return all(isinstance(etag, str) and _is_newest(connection, etag.strip()) for etag in etags)


def _is_newest(connection: Connection, etag: str) -> bool:
    match = _ETAG.fullmatch(etag)
    event = events.get(connection, int(match[1])) if match else None
    if event is None or event.format != Format.FHIR:
        return False
    return events.find_named(connection, Format.FHIR, [event.source], [event.external_id]) == event.id


def as_put(raw: bytes, url: str) -> bytes:
    """A resource with the PUT request for its id, as in an entry of a transaction."""
    request = json.dumps({"method": "PUT", "url": url}).encode()
    return b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":%b,"request":%b}]}' % (raw, request)


def _unfit(request: Request, resource: dict[str, Any] | None, kind: str, name: str) -> Response | None:
    """The answer to an invalid update."""
    if not name and not request.url.query.startswith("identifier="):
        raise UnsupportedConditionError
    if name and not _ID.fullmatch(name):
        return problem(400, "invalid", "the id in the address is not a valid id")
    if resource is None:
        return None
    if resource.get("resourceType") != kind:
        return problem(400, "invalid", f"the resource is not a {kind}")
    if name and resource.get("id") not in {None, name}:
        return problem(400, "invalid", "the id of the resource differs from the address")
    return None
