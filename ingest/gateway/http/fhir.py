"""FHIR R4: answers that need no body, and dispatch of the others."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ingest.errors import OutageError, Reason
from ingest.formats.cleaning import RAW_LIMIT
from ingest.formats.json_text import object_of, utf8_of
from ingest.formats.origin import Format
from ingest.gateway.door import Reception, keep_soon, receive_soon
from ingest.gateway.http import batch, creation, messaging, outcomes, transactions
from ingest.gateway.http.body import CODINGS, BodyDamagedError, BodyTooLargeError, coding_of, whole_of
from ingest.gateway.http.capability import statement
from ingest.gateway.http.conditions import UnsupportedConditionError
from ingest.gateway.http.locations import address_of, base
from ingest.gateway.http.multipart import MediaType, media_type
from ingest.gateway.http.outcomes import FHIR_JSON, problem
from ingest.gateway.rate import Rate
from ingest.receiving.space import NoSpaceError
from ingest.receiving.submit import ReceivedMessage

_TYPES = frozenset({FHIR_JSON, "application/json", "text/json"})
_RELEASES = ("4.0", "4.3")
"""Accepted values of `fhirVersion`: R4 and R4B, which do not differ in the elements that are read."""
_CONDITION = "the condition must be `identifier=system|value`"
_DAMAGED = "the body does not have the compression of its Content-Encoding"
_TAKEN = "send a Bundle of type transaction, batch, message, collection or document with its entries"


def metadata(request: Request) -> Response:
    """Answer `GET /fhir/metadata`."""
    return JSONResponse(statement(base(request)), media_type=FHIR_JSON)


async def take(request: Request, reception: Reception, rate: Rate) -> Response:
    """Answer a POST or PUT of resources. Path parameters: `kind` of a single resource, or `operation`."""
    kind = media_type(request.headers.get("content-type", ""))
    if refused := _unread(request, reception, kind):
        return refused
    await rate.wait(address_of(request), 1)
    try:
        raw = utf8_of(await whole_of(request, RAW_LIMIT), kind.parameters.get("charset", ""))
        return await _answered(request, reception.of(address_of(request)), raw, rate)
    except (BodyTooLargeError, BodyDamagedError, UnsupportedConditionError, ClientDisconnect, OutageError) as error:
        return _undone(error)


async def _answered(request: Request, reception: Reception, raw: bytes, rate: Rate) -> Response:
    """The answer to a complete body. A message that causes an unexpected error is stored and answered."""
    kind = request.path_params.get("kind")
    try:
        if request.path_params.get("operation"):
            return await messaging.process(request, reception, raw)
        if kind is None:
            return await _bundle(request, reception, raw, rate)
        if request.method == "PUT":
            return await creation.update(request, reception, raw, kind)
        return await creation.create(request, reception, raw, kind)
    except (UnsupportedConditionError, OutageError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        receipt = await keep_soon(reception, ReceivedMessage(raw, Format.FHIR), error)
        return outcomes.refusal(receipt.reason or Reason.INTERNAL_ERROR, receipt.event_id)


def _unread(request: Request, reception: Reception, kind: MediaType) -> Response | None:
    """The answer to a request whose body need not be read."""
    if kind.name not in _TYPES:
        return problem(415, "not-supported", f"send {FHIR_JSON}")
    if not kind.parameters.get("fhirversion", _RELEASES[0]).startswith(_RELEASES):
        return problem(415, "not-supported", "send FHIR R4: fhirVersion=4.0")
    if coding_of(request) not in CODINGS:
        return problem(
            415, "not-supported", "the Content-Encoding is not supported: send the body uncompressed or with gzip"
        )
    return problem(507, "no-store", str(NoSpaceError())) if reception.space.is_short() else None


def _undone(error: Exception) -> Response:
    match error:
        case BodyTooLargeError():
            return problem(413, "too-long", f"the message is too large: it may have {RAW_LIMIT} bytes")
        case BodyDamagedError():
            return problem(400, "structure", _DAMAGED)
        case UnsupportedConditionError():
            return problem(400, "not-supported", _CONDITION)
        case NoSpaceError():
            return problem(507, "no-store", str(error))
        case OutageError():
            return problem(503, "transient", "the message can't be stored now: send it again", {"Retry-After": "5"})
    return problem(400, "incomplete", "the body ended too early: send it again")


async def _bundle(request: Request, reception: Reception, raw: bytes, rate: Rate) -> Response:
    bundle = object_of(raw)
    if bundle is None:
        unreadable = await receive_soon(reception, ReceivedMessage(raw, Format.FHIR))
        return outcomes.refusal(unreadable.reason or Reason.UNREADABLE, unreadable.event_id)
    held = bundle.get("resourceType") == "Bundle" and isinstance(bundle.get("entry"), list)
    kind = bundle.get("type") if held else ""
    if kind == "batch":
        return await batch.take(request, reception, bundle, rate)
    if kind == "transaction":
        return await transactions.take(request, reception, raw, bundle)
    if isinstance(kind, str) and kind in messaging.KEPT:
        return await messaging.keep(request, reception, raw, bundle)
    return problem(400, "not-supported", _TAKEN)
