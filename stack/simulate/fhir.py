"""Reports of the synthetic hospital as FHIR R4 resources, posted to the FHIR listener."""

import base64
import json
from collections.abc import Callable, Sequence

from stack.simulate.hospital_day import FACILITY
from stack.simulate.posting import post_each
from stack.simulate.sending import Account, Pace
from stack.simulate.traffic import Message, study_uid, text_of

STATUS = {"P": "preliminary", "F": "final", "C": "corrected"}
GENDER = {"F": "female", "M": "male"}
ACCESSION = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}


def resource(message: Message) -> bytes:
    """One version of a report as a DiagnosticReport that contains its patient and its ImagingStudy."""
    report = message.report
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"system": "SYN", "value": report.patient.mrn}],
        "gender": GENDER[report.patient.sex],
        "birthDate": f"{report.patient.birth_year}-01-01",
    }
    study = {
        "resourceType": "ImagingStudy",
        "id": "s",
        "status": "available",
        "subject": {"reference": "#p"},
        "identifier": [
            {"system": "urn:dicom:uid", "value": f"urn:oid:{study_uid(report)}"},
            {"type": ACCESSION, "value": report.accession},
        ],
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CR"}],
    }
    text = base64.b64encode(text_of(report).encode()).decode()
    made = {
        "resourceType": "DiagnosticReport",
        "contained": [patient, study],
        "identifier": [{"system": FACILITY, "value": f"R{report.accession}"}],
        "status": STATUS[report.status],
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"text": "XR CHEST 2 VIEWS"},
        "subject": {"reference": "#p"},
        "issued": report.sent_at.isoformat(),
        "imagingStudy": [{"reference": "#s"}],
        "presentedForm": [{"contentType": "text/plain", "data": text}],
    }
    return json.dumps(made).encode()


def post(
    address: str,
    key: str,
    reports: Sequence[Message],
    limit_s: float,
    pace: Pace,
    account: Account,
    done: Callable[[], object],
) -> None:
    """Post reports until each is accepted or refused, or until the time limit."""
    headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {key}"}
    post_each(f"{address}/DiagnosticReport", headers, reports, resource, limit_s, pace, account, done)
