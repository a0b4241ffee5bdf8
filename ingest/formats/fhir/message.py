"""One FHIR message opened: its reports, its imaging studies, and the library of all its resources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir.resources import DiagnosticReport, ImagingStudy, Library, library


@dataclass(frozen=True, slots=True)
class FhirMessage:
    """The resources that are read, in message order. `time` is as the message has it."""

    reports: tuple[DiagnosticReport, ...]
    studies: tuple[ImagingStudy, ...]
    library: Library
    time: str


def open_message(raw: bytes) -> FhirMessage:
    """Open a resource or a Bundle. Refuses what is no FHIR JSON (`unreadable`) and what holds neither report nor
    imaging study (`wrong_message_type`)."""
    root = _object(raw)
    entries = list(_entries(root))
    try:
        reports = tuple(DiagnosticReport.model_validate(each) for each in _of(entries, "DiagnosticReport"))
        studies = tuple(ImagingStudy.model_validate(each) for each in _of(entries, "ImagingStudy"))
    except ValidationError as error:
        raise refused(error) from None
    if not reports and not studies:
        detail = "the message holds neither a DiagnosticReport nor an ImagingStudy"
        raise MessageRefusedError(Reason.WRONG_MESSAGE_TYPE, detail)
    return FhirMessage(reports, studies, library(entries), _time(root))


def refused(error: ValidationError) -> MessageRefusedError:
    """The refusal of a resource that is not as the standard has it: where, never what."""
    places = sorted(
        {".".join(str(part) for part in problem["loc"] if not str(part).isdigit()) for problem in error.errors()}
    )
    return MessageRefusedError(Reason.UNREADABLE, f"not as FHIR R4 has them: {error.title} {', '.join(places)[:200]}")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        root = from_json(raw.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError:
        reason, detail = _unreadable(raw)
        raise MessageRefusedError(reason, detail) from None
    if not isinstance(root, dict):
        raise MessageRefusedError(Reason.UNREADABLE, "the JSON is no FHIR resource")
    return root


def _unreadable(raw: bytes) -> tuple[Reason, str]:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Reason.BAD_ENCODING, f"the JSON is not UTF-8: byte {error.start} can't be decoded"
    return Reason.UNREADABLE, "the JSON is not well formed"


def _entries(root: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(full URL, resource) of a Bundle's entries, or of the resource that stands alone."""
    if root.get("resourceType") != "Bundle":
        yield "", root
        return
    entries = root.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(resource := entry.get("resource"), dict):
            url = entry.get("fullUrl")
            yield url if isinstance(url, str) else "", resource


def _of(entries: list[tuple[str, dict[str, Any]]], kind: str) -> Iterator[dict[str, Any]]:
    return (resource for _, resource in entries if resource.get("resourceType") == kind)


def _time(root: dict[str, Any]) -> str:
    """The Bundle's timestamp, else the resource's last update."""
    meta = root.get("meta")
    value = root.get("timestamp") or (meta.get("lastUpdated") if isinstance(meta, dict) else None)
    return value if isinstance(value, str) else ""
