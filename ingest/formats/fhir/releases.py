"""Detects resources of other releases than R4 by elements and shapes that R4 lacks.

An element with another name in R4 would be ignored silently: R5's DiagnosticReport.study is the imaging study.
"""

from collections.abc import Iterator
from typing import Any

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.code_sets import code_set

_ELEMENTS = {
    "DiagnosticReport": {
        "study": "R5",
        "supportingInfo": "R5",
        "composition": "R5",
        "note": "R5",
        "image": "STU3",
        "codedDiagnosis": "STU3",
    },
    "ImagingStudy": {"procedure": "R5", "uid": "STU3", "accession": "STU3"},
}
_STATUSES = {"modified": "R5"}
_READ = code_set("Bundle DiagnosticReport ImagingStudy Observation Patient ServiceRequest")


def require_r4(resource: dict[str, Any]) -> None:
    """Refuse (`unsupported_format`) an element that R4 lacks, an unknown modifier extension, and implicit rules."""
    kind = str(resource.get("resourceType"))
    for element, release in _foreign(kind, resource):
        detail = f"{kind}.{element} is of FHIR {release}: send R4"
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, detail)
    if kind in _READ and resource.get("implicitRules"):
        # R4 2.27.3: whoever does not know the rules must not process the resource.
        detail = f"{kind}.implicitRules names rules of the sender that are not known: send the resource without them"
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, detail)
    if kind in _READ and resource.get("modifierExtension"):
        detail = f"{kind}.modifierExtension changes the meaning of the resource and is not supported"
        raise MessageRefusedError(Reason.UNSUPPORTED_FORMAT, detail)
    for contained in _objects(resource.get("contained")):
        require_r4(contained)


def _foreign(kind: str, resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(element, release) of elements that R4 lacks."""
    for element, release in _ELEMENTS.get(kind, {}).items():
        if element in resource:
            yield element, release
    status = resource.get("status")
    if kind == "DiagnosticReport" and isinstance(status, str) and status in _STATUSES:
        yield "status", _STATUSES[status]
    if kind == "ImagingStudy":
        yield from _concepts_for_codings(resource)


def _concepts_for_codings(study: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """R5 has CodeableConcept and CodeableReference where R4 has Coding."""
    for owner, path in [(study, ""), *((each, "series.") for each in _objects(study.get("series")))]:
        if any("coding" in each or "text" in each for each in _objects(owner.get("modality"))):
            yield f"{path}modality", "R5"
        if any("concept" in each for each in _objects(owner.get("bodySite"))):
            yield f"{path}bodySite", "R5"


def _objects(value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]
