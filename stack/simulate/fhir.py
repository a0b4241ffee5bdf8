"""Reports of the synthetic hospital as FHIR R4 resources, posted to the FHIR door."""

import base64
import json
import time
from collections.abc import Callable, Sequence
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from stack.demo.hospital_day import FACILITY
from stack.simulate.sending import ANSWER_S, PAUSE_S, Account
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
    address: str, key: str, reports: Sequence[Message], limit_s: float, account: Account, done: Callable[[], object]
) -> None:
    """Post reports one after the other, each until it is taken or refused, or the time is over."""
    deadline = time.monotonic() + limit_s
    waiting = list(reports)
    while waiting and time.monotonic() < deadline:
        account.deliveries += 1
        status = post_once(f"{address}/DiagnosticReport", key, "application/fhir+json", resource(waiting[0]))
        if status in (200, 201):
            account.accepted.add(waiting.pop(0).control_id)
            done()
        elif 400 <= status < 500 and status not in (408, 429):
            account.rejected.add(waiting.pop(0).control_id)
            done()
        else:
            account.errors += 1
            time.sleep(PAUSE_S)


def post_once(url: str, key: str, content_type: str, body: bytes) -> int:
    """The HTTP status; 0 where there is no answer."""
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {key}"}
    try:
        with urlopen(Request(url, body, headers), timeout=ANSWER_S) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
