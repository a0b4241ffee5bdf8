"""Opens a FHIR message: its reports, its imaging studies, and the library of all its resources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.code_sets import code_set
from ingest.formats.fhir.ids import condition_of, names_by_id, put_id
from ingest.formats.fhir.references import Library, condition_identifier, library
from ingest.formats.fhir.releases import require_r4
from ingest.formats.fhir.resources import LONGEST, DiagnosticReport, ImagingStudy
from ingest.formats.json_text import ELEMENTS_LIMIT, has_many_elements, utf8_of

CLINICAL = code_set(
    "Binary Bundle ClinicalImpression Communication Composition Condition DetectedIssue DocumentReference Flag Media "
    "Observation Procedure QuestionnaireResponse RiskAssessment"
)
"""Resources that could contain findings. One that no report refers to gives a warning."""


class Placed(NamedTuple):
    """A report and the index of its entry."""

    report: DiagnosticReport
    place: int


@dataclass(frozen=True, slots=True)
class FhirMessage:
    """The resources that are read, in message order. `time` is the message's own text."""

    reports: tuple[Placed, ...]
    studies: tuple[ImagingStudy, ...]
    library: Library
    time: str

    def unread(self) -> Iterator[str]:
        """The types of clinical resources that no report refers to."""
        for resource in self.library.resources:
            inner = resource.get("contained") if resource.get("resourceType") == "DiagnosticReport" else ()
            for each in [resource, *(inner if isinstance(inner, list | tuple) else ())]:
                kind = each.get("resourceType") if isinstance(each, dict) else None
                if isinstance(kind, str) and kind in CLINICAL and id(each) not in self.library.used:
                    yield kind


class _Entry(NamedTuple):
    """A resource and the names that references within the message use.

    `resource` has an id only if the id is valid outside the message.
    """

    names: tuple[str, ...]
    resource: dict[str, Any]
    place: int


def open_message(raw: bytes, *, most_studies: int, from_file: bool = False) -> FhirMessage:
    """Open a resource or a Bundle. `from_file`: it comes from a file, not a request, so its ids are identifiers.

    Refuses bytes that are not FHIR JSON (`unreadable`), releases other than R4 (`unsupported_format`), messages with
    neither report nor imaging study (`wrong_message_type`) or more than `most_studies` of either (`too_large`).
    """
    root = _object(raw)
    if root.get("resourceType") == "Bundle":
        require_r4({name: value for name, value in root.items() if name != "contained"})
    entries = [_named(*each, from_file=from_file) for each in _entries(root)]
    if any(sum(1 for _ in _of(entries, kind)) > most_studies for kind in ("DiagnosticReport", "ImagingStudy")):
        detail = f"the message has more than {most_studies} reports or studies (VLMKG_MESSAGE_STUDIES)"
        raise MessageRefusedError(Reason.TOO_LARGE, detail)
    try:
        reports = tuple(
            Placed(DiagnosticReport.model_validate(entry.resource), entry.place)
            for entry in _of(entries, "DiagnosticReport")
        )
        studies = tuple(ImagingStudy.model_validate(entry.resource) for entry in _of(entries, "ImagingStudy"))
    except ValidationError as error:
        raise refused(error) from None
    if not reports and not studies:
        detail = "the message has neither a DiagnosticReport nor an ImagingStudy"
        raise MessageRefusedError(Reason.WRONG_MESSAGE_TYPE, detail)
    return FhirMessage(reports, studies, library([(each.names, each.resource) for each in entries]), _time(root))


def refused(error: ValidationError) -> MessageRefusedError:
    """The refusal of a resource that violates the standard. It names the element, never its value."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    places = sorted({".".join(str(part) for part in problem["loc"] if not str(part).isdigit()) for problem in problems})
    told = f"{error.title} {', '.join(places)[:200]}"
    if any(problem["type"] == "too_long" for problem in problems):
        return MessageRefusedError(Reason.TOO_LARGE, f"a list has more than {LONGEST} elements: {told}")
    return MessageRefusedError(Reason.UNREADABLE, f"not as FHIR R4 has them: {told}")


def _object(raw: bytes) -> dict[str, Any]:
    text = utf8_of(raw)
    if has_many_elements(text):
        raise MessageRefusedError(Reason.TOO_LARGE, f"the JSON has more than {ELEMENTS_LIMIT} elements")
    try:
        root = from_json(text, allow_inf_nan=False)
    except ValueError:
        reason, detail = _unreadable(raw)
        raise MessageRefusedError(reason, detail) from None
    if not isinstance(root, dict):
        raise MessageRefusedError(Reason.UNREADABLE, "the JSON is not a FHIR resource")
    return {name: _without_nulls(value) for name, value in root.items() if value is not None}


def _without_nulls(value: Any) -> Any:
    """The value without null elements: senders use them for absent elements, though R4 2.6.2 forbids them."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value if each is not None]
    return value


def _unreadable(raw: bytes) -> tuple[Reason, str]:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Reason.BAD_ENCODING, f"the JSON is not UTF-8: byte {error.start} can't be decoded"
    return Reason.UNREADABLE, "the JSON is not well formed"


def _entries(root: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int]]:
    """A Bundle's entries that have a resource, and their indices; a single resource is one entry."""
    if root.get("resourceType") != "Bundle":
        yield {"resource": root}, 0
        return
    entries = root.get("entry")
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry, place


def _named(entry: dict[str, Any], place: int, *, from_file: bool) -> _Entry:
    resource = entry["resource"]
    require_r4(resource)
    kind, own, url = resource.get("resourceType"), resource.get("id"), entry.get("fullUrl")
    names = [url] if isinstance(url, str) and url else []
    names += [f"{kind}/{own}"] if isinstance(own, str) and own else []
    name = put_id(entry) or own if names_by_id(entry, from_file=from_file) else None
    if isinstance(name, str) and name:
        names.append(f"{kind}/{name}")
    # Bundles are not nested. Only its owner finds a resource in `contained`.
    known = {key: value for key, value in resource.items() if key != "id"} | ({"id": name} if name else {})
    if not known.get("identifier") and (given := condition_identifier(condition_of(entry))):
        known["identifier"] = [{"system": given.system, "value": given.value}]
    return _Entry(tuple(names), known, place)


def _of(entries: list[_Entry], kind: str) -> Iterator[_Entry]:
    return (entry for entry in entries if entry.resource.get("resourceType") == kind)


def _time(root: dict[str, Any]) -> str:
    """The Bundle's timestamp, or the resource's last update."""
    meta = root.get("meta")
    value = root.get("timestamp") or (meta.get("lastUpdated") if isinstance(meta, dict) else None)
    return value if isinstance(value, str) else ""
