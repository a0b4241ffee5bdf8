"""FHIR clients that nobody here wrote: HAPI's of Java, fhirpy of Python."""

import pytest

from tests.clients.conftest import Stack, java, python, steps

pytestmark = [pytest.mark.clients, pytest.mark.timeout(400)]


def test_hapi_fhir(stack: Stack) -> None:
    said = steps(*java("HapiFhir"), stack.addresses["fhir"], stack.key)
    assert said["capabilities"] == "4.0.1"
    created, name, version = said["create"].split()
    assert (created, said["resend"]) == ("true", f"false {name}")
    updated, newer = said["update"].split()
    assert (updated, newer != version) == (name, True)
    assert said["put"] == said["put again"] == "hapi-own-1"
    assert said["conditional create"] == said["conditional create again"]
    assert (said["transaction"], said["message"]) == ("2", "ok")
    assert said["packed"]
    assert (said["nameless"], said["wordless"], said["wordless update"]) == ("422 true",) * 3
    corrected = stack.patient("hapi-created")
    assert corrected is not None
    assert (corrected.texts, corrected.statuses) == (["FINDINGS: Cardiomegaly."], ["C"])
    assert {words for words, _ in corrected.findings} == {"cardiomegaly"}
    own = stack.patient("hapi-own")
    assert own is not None
    assert own.texts == ["FINDINGS: No pleural effusion."]
    assert {presence for _, presence in own.findings} == {"ABSENT"}
    for patient, word in {
        "hapi-condition": "edema",
        "hapi-transaction": "consolidation",
        "hapi-gzip": "pneumothorax",
        "hapi-message": "fracture",
    }.items():
        found = stack.patient(patient)
        assert found is not None, patient
        assert (len(found.texts), found.studies) == (1, 1), patient
        assert any(word in words and presence == "PRESENT" for words, presence in found.findings), patient
    assert stack.patient("hapi-bad") is None


def test_fhirpy(stack: Stack) -> None:
    said = steps(*python("by_fhirpy"), stack.addresses["fhir"], stack.key)
    name, version, patient = said["save"].split()
    again, newer, still = said["save again"].split()
    assert (again, still, newer != version) == (name, patient, True)
    assert (said["own id"], said["nameless"]) == ("fhirpy-own", "required")
    saved = stack.patient("fhirpy-saved")
    assert saved is not None
    assert (saved.texts, saved.studies) == (["FINDINGS: Cardiomegaly."], 1)
    for patient, word in {"fhirpy-own": "edema", "fhirpy-bundle": "pneumothorax"}.items():
        found = stack.patient(patient)
        assert found is not None, patient
        assert any(word in words and presence == "PRESENT" for words, presence in found.findings), patient
