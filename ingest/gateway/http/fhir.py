"""FHIR R4: create of DiagnosticReport and ImagingStudy, and Bundles of them."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ingest.errors import OutageError, Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.origin import Format
from ingest.gateway.door import NoSpaceError, Reception, keep_soon, receive_soon
from ingest.gateway.http import batch, outcomes
from ingest.gateway.http.body import BodyTooLargeError, whole_of
from ingest.gateway.http.capability import REPORT, STUDY, statement
from ingest.gateway.http.conditions import UnsupportedConditionError, existing
from ingest.gateway.http.locations import address_of, base, location
from ingest.gateway.http.multipart import media_type
from ingest.gateway.http.outcomes import FHIR_JSON, problem
from ingest.gateway.rate import Rate
from ingest.ledger.events.record import Receipt
from ingest.receiving.submit import ReceivedMessage

_TYPES = frozenset({FHIR_JSON, "application/json"})
_TAKEN = frozenset({REPORT, STUDY})
_CONDITION = "If-None-Exist takes `identifier=system|value` and nothing else"


def metadata(request: Request) -> Response:
    """Answer `GET /fhir/metadata`."""
    return JSONResponse(statement(base(request)), media_type=FHIR_JSON)


async def take(request: Request, reception: Reception, rate: Rate) -> Response:
    """Answer `POST /fhir`, `/fhir/DiagnosticReport` and `/fhir/ImagingStudy`."""
    if refused := _unread(request, reception):
        return refused
    await rate.wait(address_of(request), 1)
    try:
        raw = await whole_of(request, RAW_LIMIT)
        return await _answered(request, reception, raw)
    except (BodyTooLargeError, UnsupportedConditionError, ClientDisconnect, OutageError) as error:
        return _undone(error)


async def _answered(request: Request, reception: Reception, raw: bytes) -> Response:
    """The answer to a body that came whole. Whatever error arises that nobody foresaw, it is kept and answered."""
    kind = request.path_params.get("kind")
    try:
        return await (_create(request, reception, raw, kind) if kind else _bundle(request, reception, raw))
    except (UnsupportedConditionError, OutageError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        receipt = await keep_soon(reception, ReceivedMessage(raw, Format.FHIR), error)
        return outcomes.refusal(receipt.reason or Reason.INTERNAL_ERROR, receipt.event_id)


def _unread(request: Request, reception: Reception) -> Response | None:
    """What is answered before a body is read."""
    if media_type(request.headers.get("content-type", "")).name not in _TYPES:
        return problem(415, "not-supported", f"send {FHIR_JSON}")
    return problem(507, "no-store", str(NoSpaceError())) if reception.space.is_short() else None


def _undone(error: Exception) -> Response:
    match error:
        case BodyTooLargeError():
            return problem(413, "too-long", f"a message has at most {RAW_LIMIT} bytes")
        case UnsupportedConditionError():
            return problem(400, "not-supported", _CONDITION)
        case NoSpaceError():
            return problem(507, "no-store", str(error))
        case OutageError():
            return problem(503, "transient", "it can't be stored now: send it again", {"Retry-After": "5"})
    return problem(400, "incomplete", "the body ended early")


async def _create(request: Request, reception: Reception, raw: bytes, kind: str) -> Response:
    resource = _object(raw)
    if resource is not None and resource.get("resourceType") != kind:
        return problem(400, "invalid", f"the resource is no {kind}")
    condition = request.headers.get("if-none-exist")
    if condition is not None and (found := await asyncio.to_thread(existing, reception.receiver.ledger, condition)):
        return JSONResponse(None, 200, {"Location": location(request, kind, found)}, media_type=FHIR_JSON)
    receipt = await receive_soon(reception, ReceivedMessage(raw, Format.FHIR))
    if receipt.reason:
        return outcomes.refusal(receipt.reason, receipt.event_id)
    words = f"stored as the event {receipt.event_id}"
    headers = {"Location": location(request, kind, receipt.event_id)}
    status = 200 if receipt.duplicate else 201
    return JSONResponse(outcomes.outcome("informational", words, "information"), status, headers, media_type=FHIR_JSON)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a transaction, as far as it matters here. `found`: the event that has it already."""

    kind: str
    found: int | None = None


async def _bundle(request: Request, reception: Reception, raw: bytes) -> Response:
    bundle = _object(raw)
    if bundle is None:
        unreadable = await receive_soon(reception, ReceivedMessage(raw, Format.FHIR))
        return outcomes.refusal(unreadable.reason or "unreadable", unreadable.event_id)
    kind = (
        bundle.get("type") if bundle.get("resourceType") == "Bundle" and isinstance(bundle.get("entry"), list) else ""
    )
    if kind == "batch":
        return await batch.take(request, reception, bundle)
    if kind == "transaction":
        return await _transaction(request, reception, raw, bundle)
    return problem(400, "not-supported", "send a Bundle of type transaction or batch with its entries")


async def _transaction(request: Request, reception: Reception, raw: bytes, bundle: dict[str, Any]) -> Response:
    """Take a transaction whole, as one message: it is stored with all of its entries, or refused with all of them."""
    entries = bundle["entry"]
    if not all(_is_taken(entry) for entry in entries):
        return problem(400, "not-supported", "an entry is no resource with a request by POST or PUT")
    looked_up = [await _look_up(entry, reception) for entry in entries]
    receipt: Receipt | None = None
    if any(one.kind in _TAKEN and one.found is None for one in looked_up) or not _TAKEN & {o.kind for o in looked_up}:
        receipt = await receive_soon(reception, ReceivedMessage(_without_found(raw, bundle, looked_up), Format.FHIR))
        if receipt.reason:
            return outcomes.refusal(receipt.reason, receipt.event_id)
    answers = [_answer(request, one, receipt) for one in looked_up]
    content = {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}
    return JSONResponse(content, media_type=FHIR_JSON)


def _is_taken(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return False
    asked = entry.get("request")
    return isinstance(asked, dict) and asked.get("method") in {"POST", "PUT"}


async def _look_up(entry: dict[str, Any], reception: Reception) -> _Entry:
    kind, condition = str(entry["resource"].get("resourceType")), entry["request"].get("ifNoneExist")
    if kind not in _TAKEN or not isinstance(condition, str):
        return _Entry(kind)
    return _Entry(kind, await asyncio.to_thread(existing, reception.receiver.ledger, condition))


def _without_found(raw: bytes, bundle: dict[str, Any], looked_up: list[_Entry]) -> bytes:
    """The Bundle without the reports and studies that are there already; as it came where none is."""
    if all(one.found is None for one in looked_up):
        return raw
    left = [entry for entry, one in zip(bundle["entry"], looked_up, strict=True) if one.found is None]
    return json.dumps({**bundle, "entry": left}).encode()


def _answer(request: Request, entry: _Entry, receipt: Receipt | None) -> dict[str, Any]:
    if entry.kind not in _TAKEN:
        kept = outcomes.outcome("informational", "kept with the message, for its references alone", "information")
        return {"response": {"status": "200 OK", "outcome": kept}}
    event_id = entry.found or (receipt.event_id if receipt else 0)
    fresh = entry.found is None and receipt is not None and not receipt.duplicate
    status = "201 Created" if fresh else "200 OK"
    return {"response": {"status": status, "location": location(request, entry.kind, event_id)}}


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = from_json(raw.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
