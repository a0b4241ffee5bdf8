"""Batch Bundles (FHIR R4 3.1.0.11.1): each entry is a message of its own and is answered for itself.

A report is kept with the entries that it refers to, such as its Patient: without them it would be another patient's.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.blobs import key_of
from ingest.errors import OutageError
from ingest.formats.fhir.ids import given_id, put_id
from ingest.formats.origin import Format
from ingest.gateway.door import NoSpaceError, Reception, receive_soon
from ingest.gateway.http import outcomes, stored
from ingest.gateway.http.capability import REPORT, TAKEN
from ingest.gateway.http.conditions import UnsupportedConditionError, existing
from ingest.gateway.http.outcomes import FHIR_JSON, outcome
from ingest.receiving.submit import ReceivedMessage

AT_ONCE = 64
"""Entries that are received together: as many as share a commit."""

_CONDITION = "ifNoneExist takes `identifier=system|value` and nothing else"
_COMPANY = "kept with what refers to it, for that alone"
_ALONE = "nothing is kept of a resource that no report or study refers to"

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch's entries, what of the Bundle is said of each, and by place the other entries that each refers to."""

    entries: Sequence[Any]
    said: Mapping[str, Any]
    referred: Sequence[frozenset[int]]

    def company(self, number: int) -> set[int]:
        """The other entries that one refers to, and those that these refer to."""
        found, todo = set[int](), [number]
        while todo:
            new = self.referred[todo.pop()] - found
            found |= new
            todo += new
        return found - {number}


async def take(request: Request, reception: Reception, bundle: Mapping[str, Any]) -> Response:
    """Answer a Bundle of type batch: 200, with the status of each entry in its order."""
    batch = _read(bundle)
    taken = [number for number, entry in enumerate(batch.entries) if _kind(entry) in TAKEN]
    kept = {one for number in taken for one in batch.company(number)}
    answers: list[Answer] = []
    for start in range(0, len(batch.entries), AT_ONCE):
        some = range(start, min(start + AT_ONCE, len(batch.entries)))
        answers += await asyncio.gather(*(_take(request, reception, batch, number, kept) for number in some))
    content = {"resourceType": "Bundle", "type": "batch-response", "entry": answers}
    return JSONResponse(content, media_type=FHIR_JSON)


def _read(bundle: Mapping[str, Any]) -> _Batch:
    entries = bundle["entry"]
    # No report is company: it is a message of its own.
    places = {name: place for place, entry in enumerate(entries) if _kind(entry) != REPORT for name in _names(entry)}
    referred = [
        frozenset(places[name] for name in _references(entry["resource"]) if name in places)
        if _kind(entry)
        else frozenset[int]()
        for entry in entries
    ]
    said = {"timestamp": bundle["timestamp"]} if "timestamp" in bundle else {}
    return _Batch(entries, said, referred)


async def _take(request: Request, reception: Reception, batch: _Batch, number: int, kept: Set[int]) -> Answer:
    if unfit := _unfit(batch.entries[number], kept=number in kept):
        return unfit
    try:
        return await _create(request, reception, batch, number)
    except UnsupportedConditionError:
        return stored.failed_entry(400, outcome("not-supported", _CONDITION))
    except NoSpaceError as error:
        return stored.failed_entry(507, outcome("no-store", str(error)))
    except OutageError:
        return stored.failed_entry(503, outcome("transient", "it can't be stored now: send it again"))


def _unfit(entry: Any, *, kept: bool) -> Answer | None:
    """The answer to an entry that is no message. `kept`: a report or study refers to it."""
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not _kind(entry) or not isinstance(asked, dict):
        return stored.failed_entry(400, outcome("invalid", "the entry lacks its resource or its request"))
    if asked.get("method") not in {"POST", "PUT"}:
        return stored.failed_entry(405, outcome("not-supported", "entries ask by POST or PUT"))
    if _kind(entry) in TAKEN:
        return None
    if kept:
        return stored.failed_entry(200, outcome("informational", _COMPANY, "information"))
    return stored.failed_entry(422, outcome("not-supported", _ALONE))


async def _create(request: Request, reception: Reception, batch: _Batch, number: int) -> Answer:
    entry = batch.entries[number]
    resource, asked = entry["resource"], entry["request"]
    whole = resource if stored.preference(request) == "representation" else None
    kind, put = _kind(entry), put_id(entry) if asked["method"] == "PUT" else ""
    condition = asked.get("ifNoneExist")
    if condition is not None and (found := await existing(reception, kind, str(condition))):
        return stored.entry_answer(request, found.version, found.resource if whole else None)
    message = _message(batch, number)
    receipt = await receive_soon(reception, ReceivedMessage(message, Format.FHIR))
    if receipt.reason:
        return stored.failed_entry(*outcomes.refused(receipt.reason, receipt.event_id))
    name = put or given_id(key_of(message))
    version = await stored.version_of(reception, receipt, kind, name, updates=bool(put))
    return stored.entry_answer(request, version, whole)


def _message(batch: _Batch, number: int) -> bytes:
    """An entry with those that it refers to. The same batch sent again gives the same bytes."""
    kept = [batch.entries[one] for one in (number, *sorted(batch.company(number)))]
    plain = [{name: entry[name] for name in ("fullUrl", "resource", "request") if name in entry} for entry in kept]
    return json.dumps({"resourceType": "Bundle", "type": "collection", **batch.said, "entry": plain}).encode()


def _kind(entry: Any) -> str:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return str(resource.get("resourceType")) if isinstance(resource, dict) else ""


def _names(entry: Any) -> Iterator[str]:
    """What an entry may be referred to by: its full URL, its type and id."""
    if not _kind(entry):
        return
    for name in (entry.get("fullUrl"), f"{_kind(entry)}/{entry['resource'].get('id')}"):
        if isinstance(name, str):
            yield name


def _references(value: Any) -> Iterator[str]:
    """All literal references in a resource."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            if isinstance(reference := one.get("reference"), str):
                yield reference
            todo += one.values()
        elif isinstance(one, list):
            todo += one
