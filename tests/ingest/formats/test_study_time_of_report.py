"""Where a study's time is its report's, the event says so; else never. All ways of filling the times of a message."""

import itertools
import json

import pytest

from ingest.formats.fhir import parser as fhir
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, diagnostic_report
from tests.ingest.formats.hl7_messages import MSH, PID, message, obx, parse

WARNING = "study_time_of_report"
HL7_TIMES = {7: "20260302070000", 6: "20260302060000", 22: "20260302220000"}
FHIR_TIMES = {
    "effectiveDateTime": "2026-03-02T07:00:00Z",
    "effectivePeriod": {"start": "2026-03-02T06:00:00Z"},
    "issued": "2026-03-02T22:00:00Z",
}


def some_of(names):
    return [some for size in range(len(names) + 1) for some in itertools.combinations(names, size)]


@pytest.mark.parametrize("empty", ["", '""'])
@pytest.mark.parametrize("filled", some_of(HL7_TIMES))
def test_hl7(filled, empty):
    fields = ["OBR", "1", "P1", "A1", *[empty] * 22]
    for number in filled:
        fields[number] = HL7_TIMES[number]
    parsed = parse(message(MSH, PID, "|".join(fields), obx("Clear.")))
    assert (WARNING in parsed.warnings) == (filled == (22,))
    assert ("no_study_time" in parsed.warnings) == (not filled)


def test_an_order_has_no_study_yet():
    order = MSH.replace("ORU^R01^ORU_R01", "ORM^O01^ORM_O01")
    parsed = parse(message(order, PID, "ORC|NW|P1|A1", "OBR|1|P1|A1|" + "|" * 18 + "20260302220000"))
    assert WARNING not in parsed.warnings


@pytest.mark.parametrize("started", [None, "2026-03-02T05:00:00Z"])
@pytest.mark.parametrize("filled", some_of(FHIR_TIMES))
def test_fhir(filled, started):
    report = diagnostic_report(**{name: FHIR_TIMES[name] if name in filled else None for name in FHIR_TIMES})
    study = (
        {**IMAGING_STUDY, "started": started} if started else {k: v for k, v in IMAGING_STUDY.items() if k != "started"}
    )
    report["contained"] = [{**study, "id": "i"}]
    report["imagingStudy"] = [{"reference": "#i"}]
    parsed = fhir.parse(json.dumps(report).encode(), Origin(), FormatSettings())
    assert (WARNING in parsed.warnings) == (filled == ("issued",) and not started)
