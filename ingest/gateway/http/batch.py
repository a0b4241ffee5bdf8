"""Batch Bundles (FHIR R4 3.1.0.11.1): each entry is a separate message with its own answer.

A report is stored with the entries that it refers to, such as its Patient. Without them it would belong to another
patient.
"""

import asyncio
from collections.abc import Mapping, Sequence, Set
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingest.blobs import key_of
from ingest.errors import OutageError
from ingest.formats.fhir.bundle_splitting import TAKEN, Company, company, kind_of
from ingest.formats.fhir.ids import given_id, put_id
from ingest.formats.origin import Format
from ingest.gateway.door import Reception
from ingest.gateway.http import creation, outcomes, stored
from ingest.gateway.http.conditions import Lookups, UnsupportedConditionError
from ingest.gateway.http.outcomes import FHIR_JSON, outcome, problem
from ingest.gateway.rate import Rate
from ingest.receiving.space import NoSpaceError
from ingest.receiving.submit import ReceivedMessage

MOST_COMPANY = 10_000
"""The maximum number of entries that the reports and studies of one batch refer to, counted per reference.

Each is stored with every report that refers to it.
"""

AT_ONCE = 64
"""The number of entries received together: as many as share a commit."""

_CONDITION = "ifNoneExist must be `identifier=system|value`"
_COMPANY = "stored only for the resources that refer to it"
_ALONE = "not stored: no report or study refers to this resource"

Answer = dict[str, Any]


async def take(request: Request, reception: Reception, bundle: Mapping[str, Any], rate: Rate) -> Response:
    """Answer a Bundle of type batch: 200 with the status of each entry in order; 413 if it has too many."""
    said = {"timestamp": bundle["timestamp"]} if "timestamp" in bundle else {}
    taken = [number for number, entry in enumerate(bundle["entry"]) if kind_of(entry) in TAKEN]
    most = reception.receiver.formats.message_studies
    if len(taken) > most:
        return problem(413, "too-costly", f"a batch has at most {most} reports and studies (VLMKG_MESSAGE_STUDIES)")
    batch, beside = await reception.large.do(reception.sender, lambda: _with_company(bundle["entry"], said, taken))
    if len(beside) > MOST_COMPANY:
        return problem(413, "too-costly", f"the reports of a batch refer to at most {MOST_COMPANY} entries")
    await rate.wait(reception.sender, max(len(taken) - 1, 0))
    kept, lookups = set(beside), Lookups(reception)
    answers: list[Answer] = []
    for start in range(0, len(batch.entries), AT_ONCE):
        some = range(start, min(start + AT_ONCE, len(batch.entries)))
        answers += await asyncio.gather(*(_take(request, lookups, batch, number, kept) for number in some))
    content = {"resourceType": "Bundle", "type": "batch-response", "entry": answers}
    return JSONResponse(content, media_type=FHIR_JSON)


def _with_company(entries: Sequence[Any], said: Mapping[str, Any], taken: Sequence[int]) -> tuple[Company, list[int]]:
    """The entries and their references; and the entries referred to, once per reference, up to the limit."""
    batch = company(entries, said)
    return batch, list(islice((one for number in taken for one in batch.of(number)), MOST_COMPANY + 1))


async def _take(request: Request, lookups: Lookups, batch: Company, number: int, kept: Set[int]) -> Answer:
    if unfit := _unfit(batch.entries[number], kept=number in kept):
        return unfit
    try:
        return await _create(request, lookups, batch, number)
    except UnsupportedConditionError:
        return stored.failed_entry(400, outcome("not-supported", _CONDITION))
    except NoSpaceError as error:
        return stored.failed_entry(507, outcome("no-store", str(error)))
    except OutageError:
        return stored.failed_entry(503, outcome("transient", "the resource can't be stored now: send it again"))


def _unfit(entry: Any, *, kept: bool) -> Answer | None:
    """The answer to an entry that is not a message. `kept`: it is stored with a report or study that refers to it."""
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not kind_of(entry) or not isinstance(asked, dict):
        return stored.failed_entry(400, outcome("invalid", "the entry lacks its resource or its request"))
    if asked.get("method") not in {"POST", "PUT"}:
        return stored.failed_entry(405, outcome("not-supported", "the entry must use POST or PUT"))
    if kind_of(entry) in TAKEN:
        return None
    if kept:
        return stored.failed_entry(200, outcome("informational", _COMPANY, "information"))
    return stored.failed_entry(422, outcome("not-supported", _ALONE))


async def _create(request: Request, lookups: Lookups, batch: Company, number: int) -> Answer:
    entry, reception = batch.entries[number], lookups.reception
    resource, asked = entry["resource"], entry["request"]
    whole = resource if stored.preference(request) == "representation" else None
    kind, put = kind_of(entry), put_id(entry) if asked["method"] == "PUT" else ""
    condition = asked.get("ifNoneExist")
    if condition is not None and (found := await lookups.existing(kind, str(condition))):
        return stored.entry_answer(request, found.version, found.resource if whole else None)
    message = batch.message(number)
    receipt = await creation.receive_if_newest(reception, ReceivedMessage(message, Format.FHIR), asked.get("ifMatch"))
    if receipt is None:
        return stored.failed_entry(412, outcome("conflict", creation.CHANGED))
    if receipt.reason:
        return stored.failed_entry(*outcomes.refused(receipt.reason, receipt.event_id))
    name = put or given_id(key_of(message))
    version = await stored.version_of(reception, receipt, kind, name, updates=bool(put))
    return stored.entry_answer(request, version, whole)
