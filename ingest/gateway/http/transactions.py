"""Transactions (FHIR R4 3.1.0.11.2): one message, stored or refused with all its entries."""

import json
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.blobs import key_of
from ingest.formats.fhir.bundle_splitting import TAKEN
from ingest.formats.fhir.ids import given_id, put_id
from ingest.formats.origin import Format
from ingest.gateway.door import Reception
from ingest.gateway.http import creation, outcomes, stored
from ingest.gateway.http.conditions import Existing, Lookups
from ingest.gateway.http.outcomes import FHIR_JSON, problem
from ingest.ledger.events.record import Receipt
from ingest.receiving.submit import ReceivedMessage


class _Entry(NamedTuple):
    """The relevant parts of one entry. `found`: the existing resource that replaces it."""

    kind: str
    put: str
    resource: dict[str, Any]
    found: Existing | None = None


async def take(request: Request, reception: Reception, raw: bytes, bundle: dict[str, Any]) -> Response:
    """Answer a Bundle of type transaction."""
    entries = bundle["entry"]
    if not all(_is_taken(entry) for entry in entries):
        return problem(400, "not-supported", "an entry is not a resource with a request by POST or PUT")
    lookups = Lookups(reception)
    looked_up = [await _look_up(entry, lookups) for entry in entries]
    receipt: Receipt | None = None
    etags = [entry["request"].get("ifMatch") for entry in entries]
    message = _without_found(raw, bundle, looked_up)
    if any(one.kind in TAKEN and one.found is None for one in looked_up) or not TAKEN & {o.kind for o in looked_up}:
        receipt = await creation.receive_if_newest(reception, ReceivedMessage(message, Format.FHIR), *etags)
        if receipt is None:
            return problem(412, "conflict", creation.CHANGED)
        if receipt.reason:
            return outcomes.refusal(receipt.reason, receipt.event_id)
    answers = await _answers(request, reception, looked_up, receipt, key_of(message))
    content = {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}
    return JSONResponse(content, media_type=FHIR_JSON)


def _is_taken(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return False
    asked = entry.get("request")
    return isinstance(asked, dict) and asked.get("method") in {"POST", "PUT"}


async def _look_up(entry: dict[str, Any], lookups: Lookups) -> _Entry:
    resource, request = entry["resource"], entry["request"]
    kind, condition = str(resource.get("resourceType")), request.get("ifNoneExist")
    put = put_id(entry) if request["method"] == "PUT" else ""
    if kind not in TAKEN or request["method"] != "POST" or not isinstance(condition, str):
        return _Entry(kind, put, resource)
    return _Entry(kind, put, resource, await lookups.existing(kind, condition))


def _without_found(raw: bytes, bundle: dict[str, Any], looked_up: list[_Entry]) -> bytes:
    """The Bundle without the reports and studies that already exist; unchanged if none does."""
    if all(one.found is None for one in looked_up):
        return raw
    left = [entry for entry, one in zip(bundle["entry"], looked_up, strict=True) if one.found is None]
    return json.dumps({**bundle, "entry": left}).encode()


async def _answers(
    request: Request, reception: Reception, entries: list[_Entry], receipt: Receipt | None, digest: str
) -> list[dict[str, Any]]:
    """The answers to the entries, in order. Ids are derived from the positions in the stored message."""
    whole, place, answers = stored.preference(request) == "representation", 0, []
    for entry in entries:
        if entry.kind not in TAKEN:
            told = outcomes.outcome("informational", "stored only for the resources that refer to it", "information")
            answers.append(stored.failed_entry(200, told))
        elif entry.found:
            answers.append(stored.entry_answer(request, entry.found.version, entry.found.resource if whole else None))
        elif receipt:
            name = entry.put or given_id(digest, place)
            version = await stored.version_of(reception, receipt, entry.kind, name, updates=bool(entry.put))
            answers.append(stored.entry_answer(request, version, entry.resource if whole else None))
        place += entry.found is None
    return answers
