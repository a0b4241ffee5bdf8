"""The numbers of a study and its report: StudyInstanceUID, accession, report id."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ingest.formats.fhir.ids import is_given
from ingest.formats.fhir.references import asked_for
from ingest.formats.fhir.resources import DiagnosticReport, Identifier, ImagingStudy, Reference, ServiceRequest

_UID_SYSTEM = "urn:dicom:uid"
_OID_SYSTEM = "urn:ietf:rfc3986"
_ACCESSION_TYPE = "ACSN"
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


class Numbers(NamedTuple):
    """The identifiers of the study; None if the message does not give them."""

    study_uid: str | None
    accession: str | None


def read_numbers(
    report: DiagnosticReport | None, study: ImagingStudy | None, requests: Iterable[ServiceRequest]
) -> Numbers:
    """The study's numbers: its own, else those of logical references to it, else those of its order."""
    given: list[Identifier] = [*study.identifier] if study else []
    given += _logical(report.imaging_study) if report else []
    own = len(given)
    if report:
        given += report.identifier
        given += _logical(report.based_on)
    for request in requests:
        given += request.identifier
    # An OID of the report does not identify the study.
    uids = (_study_uid(each, oid=place < own) for place, each in enumerate(given))
    uid = next(filter(None, uids), None)
    accession = next((each.value for each in given if is_accession(each) and each.value.strip()), None)
    return Numbers(uid, accession)


def report_identifier(report: DiagnosticReport) -> Identifier | None:
    """The report's own identifier: the official one, else the first; never an old one or the accession number."""
    own = [each for each in report.identifier if each.value.strip() and not is_accession(each) and each.use != "old"]
    return min(own, key=lambda each: each.use != "official", default=None)


def own_name(report: DiagnosticReport, numbers: Numbers) -> str:
    """The report's name: its identifier, else its id, else the study's identifiers; empty if it has none.

    An id assigned here (ingest.formats.fhir.ids) comes after the study's identifiers, as at creation.
    """
    if own := report_identifier(report):
        return own.value
    names = [report.id, numbers.accession, numbers.study_uid]
    if is_given(report.id):
        names.append(names.pop(0))
    return next((name for name in names if name), "")


def is_accession(each: Identifier) -> bool:
    """Whether an identifier is an accession number: by its type, else by its system's name."""
    return _ACCESSION_TYPE in each.type.codes or "accession" in each.system.lower()


def _logical(references: Iterable[Reference]) -> list[Identifier]:
    """The identifiers in references, and in conditional references."""
    found: list[Identifier] = []
    for reference in references:
        found += [reference.identifier, *filter(None, [asked_for(reference)])]
        if reference.reference.startswith("urn:oid:"):
            found.append(Identifier(system=_UID_SYSTEM, value=reference.reference))
    return found


def _study_uid(each: Identifier, *, oid: bool) -> str | None:
    """The UID of an identifier. `oid`: also accept an OID (system RFC 3986), as for studies."""
    given = each.value.strip()
    value = given.removeprefix("urn:oid:")
    is_uid = each.system == _UID_SYSTEM or (oid and each.system == _OID_SYSTEM and value != given)
    return value if is_uid and len(value) <= 64 and _UID.fullmatch(value) else None
