"""Findings as a FHIR R4 Bundle: an Observation per finding, a DiagnosticReport per report, without the report's words.

Patients are named by their pseudonym as a logical reference. `Observation.value` says whether the finding is present,
uncertain or absent, so that no reader takes a denied finding for one. http://hl7.org/fhir/R4/observation.html
"""

import uuid
from collections.abc import Iterator
from typing import Any

from api.exports.rows import PatientFindings, Row

OPENING = '{"resourceType":"Bundle","type":"collection","entry":['
CLOSING = "]}"

PRESENCES = "urn:vlmkg:presence"
PATIENTS = "urn:vlmkg:patient"
SYSTEMS = {"radlex": "http://www.radlex.org", "vlmkg": "urn:vlmkg:concept", "local": "urn:vlmkg:local-term"}
"""The code systems, by their names in the graph."""

_STATUS = {"P": "preliminary", "F": "final", "C": "corrected"}
_SIDES = {"LEFT": "left", "RIGHT": "right", "BILATERAL": "bilateral"}


def entries_of(found: PatientFindings) -> Iterator[dict[str, Any]]:
    """The entries of one patient: reports, each before its observations; findings of films without one."""
    by_report: dict[tuple[str, str], list[Row]] = {}
    for finding in found.findings:
        report = finding["report"]
        by_report.setdefault((finding["study"]["studyKey"], report["reportKey"] if report else ""), []).append(finding)
    for (study_key, report_key), findings in by_report.items():
        if report_key:
            yield _entry(f"{study_key}/{report_key}", _report(found.patient, findings))
        for finding in findings:
            yield _entry(finding["id"], _observation(found.patient, finding))


def _entry(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": _url(name), "resource": resource}


def _url(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:vlmkg:{name}')}"


def _report(patient: Row, findings: list[Row]) -> dict[str, Any]:
    report, study = findings[0]["report"], findings[0]["study"]
    return _filled(
        resourceType="DiagnosticReport",
        identifier=[{"system": "urn:vlmkg:report", "value": report["reportId"]}],
        status=_STATUS.get(report["status"], "unknown"),
        code={"coding": [{"system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study"}]},
        subject=_subject(patient),
        effectiveDateTime=study["startedAt"],
        issued=report["issuedAt"],
        result=[{"reference": _url(finding["id"])} for finding in findings],
    )


def _observation(patient: Row, finding: Row) -> dict[str, Any]:
    concept, report = finding["concept"], finding["report"]
    presence = finding["presence"].lower()
    code: dict[str, Any] = {"text": concept["name"] if concept else finding["text"]}
    if concept:
        system = SYSTEMS.get(concept["system"], SYSTEMS["local"])
        code["coding"] = [{"system": system, "code": concept["code"], "display": concept["name"]}]
    side = _SIDES.get(finding["laterality"])
    notes = [finding["text"], f"read by: {finding['witness'].lower()}", f"review: {finding['review'].lower()}"]
    if finding["severity"]:
        notes.append(f"severity: {finding['severity']}")
    if finding["disputed"]:
        notes.append("model and rules disagree")
    return _filled(
        resourceType="Observation",
        identifier=[{"system": "urn:vlmkg:finding", "value": finding["id"]}],
        status=_STATUS.get(report["status"], "unknown") if report else "preliminary",
        category=[_imaging()],
        code=code,
        subject=_subject(patient),
        effectiveDateTime=finding["studiedAt"],
        valueCodeableConcept={"coding": [{"system": PRESENCES, "code": presence}], "text": presence},
        bodySite={"text": side} if side else None,
        note=[{"text": note} for note in notes],
    )


def _imaging() -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {"coding": [{"system": system, "code": "imaging"}]}


def _subject(patient: Row) -> dict[str, Any]:
    return {"type": "Patient", "identifier": {"system": PATIENTS, "value": patient["patientId"]}}


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
