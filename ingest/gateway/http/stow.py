"""STOW-RS (PS3.18 10.5): stores instances over HTTP, each separately, with a result for each."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ingest.errors import MessageRefusedError, OutageError, Reason
from ingest.formats.cleaning import DICOM_LIMIT
from ingest.formats.dicom.elements import DamagedError
from ingest.formats.dicom.object import words_of
from ingest.formats.dicom.parser import SOP_CLASS, SOP_INSTANCE, STUDY_UID
from ingest.formats.origin import Format
from ingest.gateway.dicom.storage import (
    CANNOT_UNDERSTAND,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    STATUSES,
    SUCCESS,
)
from ingest.gateway.door import Reception, keep_soon, receive_soon
from ingest.gateway.http.body import BodyTooLargeError, stream_of
from ingest.gateway.http.locations import address_of
from ingest.gateway.http.multipart import MalformedError, MediaType, Part, PartTooLargeError, media_type, read_parts
from ingest.gateway.rate import Rate
from ingest.ledger.events.record import Receipt
from ingest.receiving.space import NoSpaceError
from ingest.receiving.submit import ReceivedMessage, refuse

DICOM, DICOM_JSON, RELATED = "application/dicom", "application/dicom+json", "multipart/related"

LONGEST_BOUNDARY = 200
"""The maximum length of a boundary. RFC 2046 5.1.1 allows 70 characters; Orthanc's plugin sends 73."""

AT_ONCE = 8
"""The number of instances of one request that are stored at the same time. They share commits and are all in memory."""

_INSTANCES = frozenset({DICOM, "", "application/octet-stream"})
"""Accepted media types of parts. A part without one has the type of the whole request (RFC 2387 3.1)."""

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Stored:
    """One instance with its UIDs, as far as known, and its status as in C-STORE."""

    sop_class: str
    instance: str
    status: int


async def store(request: Request, reception: Reception, limit: int, rate: Rate) -> Response:
    """Answer `POST /dicomweb/studies[/{uid}]`: 200, 202, 400, 409, 413, 415, 500 or 507."""
    study = request.path_params.get("uid")
    if study is not None and (len(study) > 64 or not _UID.fullmatch(study)):
        return _problem(400, "the study in the address is not a UID")
    kind = media_type(request.headers.get("content-type", ""))
    if not _is_supported(kind):
        return _problem(415, "send multipart/related; type=application/dicom with a boundary")
    if reception.space.is_short():
        return _problem(507, str(NoSpaceError()))
    try:
        return _answer(
            await _store_all(
                _slowly(_parts(request, kind, limit), rate, address_of(request)),
                reception.of(address_of(request)),
                study,
            )
        )
    except (BodyTooLargeError, PartTooLargeError):
        return _problem(413, "the request, or one of its instances, is too large; instances before it were stored")
    except (MalformedError, ClientDisconnect):
        return _problem(
            400, "the body is not multipart/related, as its header states; instances before the error were stored"
        )


def _is_supported(kind: MediaType) -> bool:
    if kind.name == RELATED:
        boundary = kind.parameters.get("boundary", "")
        return kind.parameters.get("type", DICOM).lower() == DICOM and 0 < len(boundary) <= LONGEST_BOUNDARY
    return kind.name == DICOM


async def _parts(request: Request, kind: MediaType, limit: int) -> AsyncIterator[Part]:
    if kind.name == RELATED:
        async for part in read_parts(stream_of(request, limit), kind.parameters["boundary"], DICOM_LIMIT):
            yield part
    else:
        yield Part(DICOM, b"".join([chunk async for chunk in stream_of(request, DICOM_LIMIT)]))


async def _slowly(parts: AsyncIterator[Part], rate: Rate, address: str) -> AsyncIterator[Part]:
    """The parts, at the rate that the address may send. Unread data stays in the socket."""
    async for part in parts:
        await rate.wait(address, 1)
        yield part


async def _store_all(parts: AsyncIterator[Part], reception: Reception, study: str | None) -> list[_Stored]:
    tasks: list[asyncio.Task[_Stored]] = []
    try:
        async for part in parts:
            tasks.append(asyncio.create_task(_store(part, reception, study)))
            if len(tasks) >= AT_ONCE:
                await tasks[-AT_ONCE]
    finally:
        stored = await asyncio.gather(*tasks)
    return stored


async def _store(part: Part, reception: Reception, study: str | None) -> _Stored:
    message = ReceivedMessage(part.content, Format.DICOM)
    named = ("", "")
    try:
        sop_class, instance, of_study = _names(part, study)
        named = sop_class, instance
        if part.media_type not in _INSTANCES:
            return _Stored(*named, CANNOT_UNDERSTAND)
        receipt = await (_receive_other if study not in {None, of_study} else receive_soon)(reception, message)
    except OutageError:
        return _Stored(*named, OUT_OF_RESOURCES)
    except Exception as error:  # noqa: BLE001 - the instance is kept and says so
        receipt = await keep_soon(reception, message, error)
    status = STATUSES[Reason(receipt.reason)] if receipt.reason in STATUSES else SUCCESS
    return _Stored(*named, status)


def _names(part: Part, study: str | None) -> Sequence[str]:
    """Class, instance and study of an instance. An unreadable one is reported when it is received."""
    try:
        return words_of(part.content, (SOP_CLASS, SOP_INSTANCE, STUDY_UID))
    except (DamagedError, MessageRefusedError):
        return "", "", study or ""


async def _receive_other(reception: Reception, message: ReceivedMessage) -> Receipt:
    detail = "the object belongs to another study than the address"
    error = MessageRefusedError(Reason.IDENTITY_MISMATCH, detail, source="dicom")
    return await asyncio.to_thread(refuse, reception.receiver, message, error)


def _answer(stored: list[_Stored]) -> Response:
    if not stored:
        return _problem(400, "the request has no instance")
    good = [one for one in stored if one.status == SUCCESS]
    bad = [one for one in stored if one.status != SUCCESS]
    if bad:
        log.warning("stow.not_stored", failed=len(bad), stored=len(good))
    content: dict[str, Any] = {}
    if good:
        content["00081199"] = {"vr": "SQ", "Value": [_reference(one) for one in good]}
    if bad:
        failed = [_reference(one) | {"00081197": {"vr": "US", "Value": [one.status]}} for one in bad]
        content["00081198"] = {"vr": "SQ", "Value": failed}
    status = 200 if not bad else 202 if good else 409
    for cause, code in ((OUT_OF_RESOURCES, 507), (PROCESSING_FAILURE, 500)):
        if not good and all(one.status == cause for one in bad):
            status = code
    return JSONResponse(content, status, media_type=DICOM_JSON)


def _reference(one: _Stored) -> dict[str, Any]:
    """Referenced SOP Class UID and Instance UID. Invalid UIDs are left out, because they would be payload."""
    named = {"00081150": one.sop_class, "00081155": one.instance}
    return {tag: {"vr": "UI", "Value": [value]} for tag, value in named.items() if _UID.fullmatch(value)}


def _problem(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)
