"""Sends reports by fhirpy: ADDRESS KEY. One line a step: its name, a tab, what was answered."""

import base64
import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome


def say(step: str, *words: object) -> None:
    """Print a step."""
    print(step, " ".join(map(str, words)), sep="\t")


def form(text: str) -> list[dict[str, str]]:
    """The words as a presented form."""
    return [{"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}]


def fields(patient: str, text: str) -> dict[str, object]:
    """A report that has no identifier of its own."""
    return {
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}],
        "code": {"text": "XR CHEST 2 VIEWS"},
        "subject": {"identifier": {"system": "urn:clients", "value": patient}},
        "issued": "2026-01-10T11:30:00Z",
        "presentedForm": form(text),
    }


client = SyncFHIRClient(sys.argv[1], authorization=f"Bearer {sys.argv[2]}")
report = client.resource("DiagnosticReport", **fields("fhirpy-saved", "FINDINGS: Small left pleural effusion."))
report.save()
say("save", report["id"], report["meta"]["versionId"], report["subject"]["identifier"]["value"])
report["status"] = "amended"
report["presentedForm"] = form("FINDINGS: Cardiomegaly.")
report.save()
say("save again", report["id"], report["meta"]["versionId"], report["subject"]["identifier"]["value"])
own = client.resource("DiagnosticReport", id="fhirpy-own", **fields("fhirpy-own", "FINDINGS: Pulmonary edema."))
own.save()
say("own id", own["id"])

person = {"resourceType": "Patient", "identifier": [{"system": "urn:clients", "value": "fhirpy-bundle"}]}
told = fields("", "FINDINGS: Right pneumothorax.") | {"resourceType": "DiagnosticReport"}
told["subject"] = {"reference": "urn:uuid:6f9a0000-0000-4000-8000-000000000001"}
bundle = client.resource(
    "Bundle",
    type="transaction",
    entry=[
        {
            "fullUrl": "urn:uuid:6f9a0000-0000-4000-8000-000000000001",
            "resource": person,
            "request": {"method": "POST", "url": "Patient"},
        },
        {"resource": told, "request": {"method": "POST", "url": "DiagnosticReport"}},
    ],
)
bundle.save()
say("bundle", bundle["type"], len(bundle["entry"]))
try:
    client.resource("DiagnosticReport", status="final", presentedForm=form("FINDINGS: Effusion.")).save()
    say("nameless", "taken")
except OperationOutcome as error:
    say("nameless", error.resource["issue"][0]["code"])
