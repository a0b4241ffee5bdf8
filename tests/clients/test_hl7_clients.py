"""HL7 v2 clients that nobody here wrote: HAPI's of Java, the Python package hl7."""

import pytest

from tests.clients.conftest import Stack, java, python, steps

pytestmark = [pytest.mark.clients, pytest.mark.timeout(400)]


@pytest.mark.parametrize(("kind", "patient"), [("hapi", "hapi-hl7"), ("package", "hl7-package")])
def test_results_corrections_and_resends(stack: Stack, kind: str, patient: str) -> None:
    command = java("HapiHl7") if kind == "hapi" else python("by_hl7")
    said = steps(*command, *stack.host_and_port("mllp"))
    prefix = "HAPI" if kind == "hapi" else "PKG"
    assert said["result"] == said["resend"] == f"AA {prefix}-1"
    assert said["correction"] == f"AA {prefix}-2"
    assert (said["wordless"], said["training"]) == (f"AA {prefix}-3", f"AR {prefix}-4")
    found = stack.patient(patient, "CLIENTS")
    assert found is not None
    assert (found.texts, found.statuses, found.studies) == (["FINDINGS: Cardiomegaly."], ["C"], 1)
    assert {words for words, _ in found.findings} == {"cardiomegaly"}
    assert stack.patient(f"{patient.partition('-')[0]}-bad", "CLIENTS") is None
