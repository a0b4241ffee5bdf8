"""Markup is bounded for the whole message, however it is cut into documents, and for each message anew."""

import base64
import json

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.markup import budget
from ingest.formats.markup.convert import markup_signs
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from tests.ingest.formats.fhir.test_implicit_rules import bundle
from tests.ingest.formats.fhir.test_parser import diagnostic_report
from tests.ingest.formats.hl7_messages import MSH, PID, message

LIMIT = 4000
DOCUMENT = f"<html><body>{'<p>Clear.</p>' * 10}</body></html>"
SIGNS = markup_signs(DOCUMENT)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(budget, "MESSAGE_MARKUP_LIMIT", LIMIT)


def hl7(documents):
    orders = [
        part
        for number in range(documents)
        for part in (f"OBR|{number}|P{number}|A{number}|CXR^XR CHEST", f"OBX|1|FT|GDT||{DOCUMENT}{number}||||||F")
    ]
    return Format.HL7, message(MSH, PID, *orders)


def fhir_conclusions(documents):
    reports = [
        diagnostic_report(
            id=f"r{number}",
            identifier=[{"system": "urn:north:reports", "value": f"R{number}"}],
            conclusion=f"{DOCUMENT}{number}",
        )
        for number in range(documents)
    ]
    return Format.FHIR, json.dumps(bundle(*reports)).encode()


def fhir_forms(documents):
    reports = [
        diagnostic_report(
            id=f"r{number}",
            identifier=[{"system": "urn:north:reports", "value": f"R{number}"}],
            conclusion=None,
            presentedForm=[
                {"contentType": "text/html", "data": base64.b64encode(f"{DOCUMENT}{number}".encode()).decode()}
            ],
        )
        for number in range(documents)
    ]
    return Format.FHIR, json.dumps(bundle(*reports)).encode()


def read(made):
    form, raw = made
    return parse(form, raw, Origin(), FormatSettings())


@pytest.mark.parametrize("make", [hl7, fhir_conclusions, fhir_forms])
def test_many_documents_are_bounded_together(make):
    fit = LIMIT // SIGNS
    assert len(read(make(fit - 1)).studies) == fit - 1
    assert len(read(make(fit - 1)).studies) == fit - 1, "each message has a limit of its own"
    with pytest.raises(MessageRefusedError) as refused:
        read(make(3 * fit))
    assert refused.value.reason is Reason.TOO_LARGE


def test_outside_of_a_message_nothing_is_counted():
    budget.spend(10 * LIMIT)
