"""Rules of the sender that nobody here knows are not passed over, wherever they stand (FHIR R4 2.27.3)."""

import json

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir import parser as fhir
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, diagnostic_report

RULES = {"implicitRules": "urn:north:rules"}
PATIENT = {"resourceType": "Patient", "id": "771"}
REQUEST = {"resourceType": "ServiceRequest", "id": "q"}
OBSERVATION = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources], **more}


def parse(resource):
    return fhir.parse(json.dumps(resource).encode(), Origin(), FormatSettings())


PLACES = {
    "alone": lambda rules: diagnostic_report(**rules),
    "a lone study": lambda rules: {**IMAGING_STUDY, **rules},
    "the Bundle": lambda rules: bundle(diagnostic_report(), **rules),
    "a report of a Bundle": lambda rules: bundle(diagnostic_report(**rules)),
    **{
        f"{one['resourceType']} of a Bundle": lambda rules, one=one: bundle(diagnostic_report(), {**one, **rules})
        for one in (PATIENT, REQUEST, OBSERVATION, IMAGING_STUDY)
    },
    "contained": lambda rules: diagnostic_report(contained=[{**REQUEST, **rules}]),
}


@pytest.mark.parametrize("place", PLACES)
def test_unknown_rules_are_refused(place):
    with pytest.raises(MessageRefusedError, match="implicitRules") as refused:
        parse(PLACES[place](RULES))
    assert refused.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("nothing", [{}, {"implicitRules": None}, {"implicitRules": ""}])
@pytest.mark.parametrize("place", PLACES)
def test_without_rules_it_is_read(place, nothing):
    assert parse(PLACES[place](nothing)).studies
