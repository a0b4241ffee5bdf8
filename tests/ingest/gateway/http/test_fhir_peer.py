"""FHIR by a peer that is not of our making: `fhir.resources` writes what is sent, and reads what is answered.

It knows R4B, of which the resources that are taken here differ from R4 in nothing that is read.
"""

import base64
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.imagingstudy import ImagingStudy
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from sqlalchemy import select

from ingest.ledger.states import State
from ingest.ledger.storage.tables import report_texts
from tests.ingest.gateway.http.conftest import OpenHttp
from tests.ingest.gateway.http.test_fhir_door import FHIR

TEXT = "FINDINGS: Small left pleural effusion. No pneumothorax.\nIMPRESSION: Effusion; Erguß."
RADIOLOGY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}


def report(**fields: Any) -> DiagnosticReport:
    """A radiology report as the library makes it."""
    form = {"contentType": "text/plain", "data": base64.b64encode(TEXT.encode()).decode()}
    defaults = {
        "identifier": [{"system": "urn:north:reports", "value": "R1"}],
        "status": "final",
        "category": [RADIOLOGY],
        "code": {"text": "Chest X-ray, 2 views"},
        "subject": {"reference": "urn:uuid:1"},
        "imagingStudy": [{"reference": "urn:uuid:2"}],
        "issued": "2026-03-01T10:00:00+01:00",
        "presentedForm": [form],
    }
    return DiagnosticReport.model_validate(defaults | fields)


def study() -> ImagingStudy:
    uid = {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.1"}
    return ImagingStudy.model_validate(
        {
            "status": "available",
            "identifier": [uid],
            "subject": {"reference": "urn:uuid:1"},
            "modality": [{"code": "DX"}],
        }
    )


def patient() -> Patient:
    return Patient.model_validate(
        {"identifier": [{"system": "urn:north", "value": "M771"}], "gender": "female", "birthDate": "1960-04-02"}
    )


def bundle(kind: str, *resources: Any) -> Bundle:
    entries = [
        {
            "fullUrl": f"urn:uuid:{number}",
            "resource": resource,
            "request": {"method": "POST", "url": resource.get_resource_type()},
        }
        for number, resource in enumerate(resources)
    ]
    return Bundle.model_validate({"type": kind, "entry": entries})


async def post(http: OpenHttp, path: str, resource: Any) -> httpx2.Response:
    return await http.client.post(path, content=resource.model_dump_json(), headers=FHIR)


def texts(http: OpenHttp) -> list[str]:
    with http.reception.receiver.ledger.read() as connection:
        return list(connection.execute(select(report_texts.c.text)).scalars())


async def test_a_report_that_it_writes_is_read_as_it_was_written(http: OpenHttp) -> None:
    response = await post(http, "/fhir/DiagnosticReport", report())
    assert (response.status_code, texts(http)) == (201, [TEXT])


@pytest.mark.parametrize("kind", ["transaction", "batch"])
async def test_bundles_and_their_answers(http: OpenHttp, kind: str) -> None:
    response = await post(http, "/fhir", bundle(kind, report(), patient(), study()))
    answer = Bundle.model_validate(response.json())
    assert (response.status_code, answer.type) == (200, f"{kind}-response")
    assert len(answer.entry) == 3
    assert answer.entry[0].response.status.startswith("201")
    assert texts(http) == [TEXT]


async def test_what_is_refused_has_an_outcome_that_it_reads(http: OpenHttp) -> None:
    laboratory = report(category=[{"coding": [{"code": "LAB"}]}], imagingStudy=None)
    for resource in (report(presentedForm=None), laboratory, patient()):
        response = await post(http, "/fhir/DiagnosticReport", resource)
        assert response.status_code in (400, 422)
        assert OperationOutcome.model_validate(response.json()).issue[0].severity == "error"


async def test_it_reads_what_the_door_states_of_itself(http: OpenHttp) -> None:
    found = CapabilityStatement.model_validate((await http.client.get("/fhir/metadata")).json())
    assert [resource.type for resource in found.rest[0].resource] == ["DiagnosticReport", "ImagingStudy"]


EXAMPLES = {
    "diagnosticreport-example-f201-brainct": ("DiagnosticReport", 201),
    "diagnosticreport-example-ultrasound": ("DiagnosticReport", 201),
    "imagingstudy-example-xr": ("ImagingStudy", 201),
    "imagingstudy-example": ("ImagingStudy", 201),
    "servicerequest-example-di": ("DiagnosticReport", 400),
    "bundle-example": ("", 400),
}
"""The standard's own examples, where they are sent, and the status: a request and a searchset are not what is taken."""


@pytest.mark.shared_data
@pytest.mark.parametrize("name", EXAMPLES)
async def test_the_standard_s_own_examples(http: OpenHttp, shared_data: Path, name: str) -> None:
    """As they stand, and as the library writes them."""
    raw = (shared_data / "feeds" / "fhir" / f"{name}.json").read_bytes()
    kind, status = EXAMPLES[name]
    path = f"/fhir/{kind}".rstrip("/")
    response = await http.client.post(path, content=raw, headers=FHIR)
    assert response.status_code == status
    if status == 201:
        again = get_fhir_model_class(kind).model_validate_json(raw)
        assert (await post(http, path, again)).status_code in (200, 201)
        assert {event.state for event in http.events()} == {State.RECEIVED}
    else:
        assert OperationOutcome.model_validate(response.json())
