"""Bundles that are not requests: messages (FHIR R4 2.4), collections and documents. Each is stored as one message."""

import json
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.formats.json_text import object_of
from ingest.formats.origin import Format
from ingest.gateway.door import Reception, receive_soon
from ingest.gateway.http import creation, outcomes
from ingest.gateway.http.locations import base
from ingest.gateway.http.outcomes import FHIR_JSON, problem
from ingest.receiving.submit import ReceivedMessage

KEPT = frozenset({"message", "collection", "document"})
"""Types of Bundles that are stored as one message."""


async def keep(request: Request, reception: Reception, raw: bytes, bundle: dict[str, Any]) -> Response:
    """Answer the create of such a Bundle like that of any other resource."""
    return await creation.receive(request, reception, raw, bundle, "Bundle")


async def process(request: Request, reception: Reception, raw: bytes) -> Response:
    """Answer `POST /fhir/$process-message` with a message that acknowledges it."""
    root = object_of(raw)
    sent = _message(root)
    if sent is None:
        return problem(400, "invalid", "send a Bundle of type message, whose first entry is its MessageHeader")
    message = raw if root == sent else json.dumps(sent).encode()
    receipt = await receive_soon(reception, ReceivedMessage(message, Format.FHIR))
    if receipt.reason:
        return outcomes.refusal(receipt.reason, receipt.event_id)
    header = sent["entry"][0]["resource"]
    event = {name: header[name] for name in ("eventCoding", "eventUri") if name in header}
    response = {"identifier": str(header.get("id") or "unknown"), "code": "ok"}
    reply = {
        "resourceType": "MessageHeader",
        "id": str(uuid4()),
        **event,
        "source": {"endpoint": base(request)},
        "response": response,
    }
    told = outcomes.outcome("informational", f"stored as the event {receipt.event_id}", "information")
    entries = [
        {"fullUrl": f"urn:uuid:{reply['id']}", "resource": reply},
        {"fullUrl": f"urn:uuid:{uuid4()}", "resource": told},
    ]
    content = {"resourceType": "Bundle", "id": str(uuid4()), "type": "message", "entry": entries}
    return JSONResponse(content, media_type=FHIR_JSON)


def _message(root: dict[str, Any] | None) -> dict[str, Any] | None:
    """The message, which may be the parameter `content` (2.4.6)."""
    if root and root.get("resourceType") == "Parameters":
        given = root.get("parameter")
        parameters = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
        root = next((each.get("resource") for each in parameters if each.get("name") == "content"), None)
    if not isinstance(root, dict) or (root.get("resourceType"), root.get("type")) != ("Bundle", "message"):
        return None
    entries = root.get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    header = first.get("resource") if isinstance(first, dict) else None
    return root if isinstance(header, dict) and header.get("resourceType") == "MessageHeader" else None
