"""Any bytes in, a parsed message or a refusal out; never another error, never long."""

import base64
import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.errors import MessageRefusedError
from ingest.formats.cleaning import NAME_LIMIT, TEXT_LIMIT
from ingest.formats.detect import Container, detect
from ingest.formats.origin import Format, Origin
from ingest.formats.parse import parse
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage
from tests.ingest.formats.fhir.test_parser import IMAGING_STUDY, PATIENT, bundle, diagnostic_report
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx
from tests.ingest.formats.test_openi import citation

SETTINGS = FormatSettings()
FORMATS = st.sampled_from(list(Format))
VALID = {
    Format.OPENI: citation(),
    Format.HL7: message(
        MSH, PID, OBR, obx(r"Clear.~\.br\ heart", code="&GDT"), obx("Normal.", code="&IMP"), "ZDS|1.2.3"
    ),
    Format.FHIR: json.dumps(
        bundle(diagnostic_report(imagingStudy=[{"reference": "ImagingStudy/s1"}]), IMAGING_STUDY, PATIENT)
    ).encode(),
    Format.TEXT: b"FINDINGS: Clear.",
}
SPICE = [
    b"",
    b"\0",
    b"\xff",
    b"\xe9",
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\r",
    b"\n",
    b"<",
    b"&a;",
    b'"',
    b"{",
    b"[",
    b"]]>",
    b"9" * 400,
]


def outcome(kind: Format, raw: bytes, name: str = "r1") -> ParsedMessage | MessageRefusedError:
    try:
        return parse(kind, raw, Origin(name), SETTINGS)
    except MessageRefusedError as error:
        return error


def assert_storable(parsed: ParsedMessage) -> None:
    """The ledger and the graph can hold it: UTF-8, no NUL, names of bounded length, at least one study."""
    assert parsed.studies
    assert parsed.external_id
    for study in parsed.studies:
        names = [study.patient.authority, study.patient.identifier, study.study_uid, study.accession]
        names += [study.modality, study.body_part, study.procedure, *(report.report_id for report in study.reports)]
        assert all(len(name) <= NAME_LIMIT + len(" (no patient)") for name in names if name)
        for report in study.reports:
            assert report.text or report.status == "X"
            assert len(report.text.encode()) <= TEXT_LIMIT
            assert "\0" not in report.text
            assert "\r" not in report.text


@settings(max_examples=100, deadline=None)
@given(FORMATS, st.binary(max_size=300), st.text(max_size=20))
@example(Format.TEXT, b"a", "\ud800")
def test_any_bytes(kind, raw, name):
    result = outcome(kind, raw, name)
    if isinstance(result, ParsedMessage):
        assert_storable(result)
    assert isinstance(detect(raw, "x"), Format | Container)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(list(VALID)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(SPICE)), max_size=6),
)
def test_valid_messages_with_damage(kind, damage):
    raw = VALID[kind]
    for place, width, spice in damage:
        start = int(place * len(raw))
        raw = raw[:start] + spice + raw[start + width :]
    result = outcome(kind, raw)
    if isinstance(result, ParsedMessage):
        assert_storable(result)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["#a", "Patient/1", "final"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["resourceType", "identifier", "system", "value", "coding", "code", "text", "reference", "id", "entry", "div",
         "valueString", "period", "end", "data", "contentType", "url", "display", "versionId", "lastUpdated"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.sampled_from(
    [
        "identifier",
        "subject",
        "category",
        "code",
        "text",
        "contained",
        "imagingStudy",
        "basedOn",
        "presentedForm",
        "issued",
        "meta",
        "status",
        "id",
        "conclusion",
        "conclusionCode",
        "result",
        "media",
        "extension",
        "effectivePeriod",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(FIELDS, JSON, max_size=4))
def test_fhir_resources_with_any_fields(fields):
    result = outcome(Format.FHIR, json.dumps(diagnostic_report(**fields)).encode())
    if isinstance(result, ParsedMessage):
        assert_storable(result)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["&GDT", "&IMP", "&ADT", "", "IMPRESSION"]))
def test_every_unicode_text_in_hl7(text, code):
    result = outcome(Format.HL7, "\r".join([MSH, PID, OBR, obx(text, code=code)]).encode("utf-8", "replace"))
    if isinstance(result, ParsedMessage):
        assert_storable(result)


MEGA = 1024 * 1024
HEADER = message(MSH, PID, OBR)[:-1]
LARGE = {
    "text": (Format.TEXT, b"a" * 50 * MEGA),
    "text of control characters": (Format.TEXT, b"\x01" * MEGA),
    "xml depth": (Format.OPENI, b"<a>" * MEGA),
    "xml attributes": (Format.OPENI, b"<a " + b"".join(b"a%d='' " % n for n in range(100_000)) + b"/>"),
    "json depth": (Format.FHIR, b"[" * 20 * MEGA),
    "json list": (Format.FHIR, b"[" + b"[]," * MEGA + b"[]]"),
    "hl7 segments": (Format.HL7, HEADER + b"\rOBX|1" * 3 * MEGA),
    "hl7 line ends": (Format.HL7, HEADER + b"\r" * 19 * MEGA + b"OBX|1|TX|1||a"),
    "hl7 repetitions": (Format.HL7, HEADER + b"\rOBX|1|TX|1||" + b"~" * 19 * MEGA),
    "hl7 components": (Format.HL7, HEADER + b"\rOBX|1|TX|" + b"^&" * 9 * MEGA + b"||a"),
    "hl7 escapes": (Format.HL7, HEADER + b"\rOBX|1|TX|1||" + b"\\" * 19 * MEGA),
    "hl7 identifiers": (Format.HL7, message(MSH, PID + "~A" * 9 * MEGA, OBR, obx("a"))),
    "hl7 lines": (Format.HL7, HEADER + b"\rOBX|1|ST|&GDT||EXAM: a||||||F" * 20_000),
    "fhir narrative": (
        Format.FHIR,
        json.dumps(diagnostic_report(text={"status": "additional", "div": "<div>" * MEGA})).encode(),
    ),
    "fhir form": (
        Format.FHIR,
        json.dumps(
            diagnostic_report(
                presentedForm=[{"contentType": "text/plain", "data": base64.b64encode(b"a" * 14 * MEGA).decode()}]
            )
        ).encode(),
    ),
    "fhir results": (
        Format.FHIR,
        json.dumps(
            diagnostic_report(
                contained=[
                    {"resourceType": "Observation", "id": str(n), "valueString": f"Effusion {n}."}
                    for n in range(50_000)
                ],
                result=[{"reference": f"#{n}"} for n in range(50_000)],
            )
        ).encode(),
    ),
    "fhir codes": (
        Format.FHIR,
        json.dumps(diagnostic_report(conclusionCode=[{"text": f"Effusion {n}"} for n in range(100_000)])).encode(),
    ),
    "fhir forms": (
        Format.FHIR,
        json.dumps(
            diagnostic_report(
                presentedForm=[
                    {"contentType": "text/plain", "data": base64.b64encode(b"Effusion %d." % n).decode()}
                    for n in range(50_000)
                ]
            )
        ).encode(),
    ),
    "fhir line ends": (
        Format.FHIR,
        json.dumps(
            diagnostic_report(
                conclusion="Effusion." + "\n" * 500_000 + "Effusion",
                presentedForm=[
                    {
                        "contentType": "text/plain",
                        "data": base64.b64encode(b"HISTORY: a\n" + b"\n " * 400_000 + b"b").decode(),
                    }
                ],
            )
        ).encode(),
    ),
    "fhir studies": (
        Format.FHIR,
        json.dumps(
            bundle(
                *[
                    {"resourceType": "ImagingStudy", "identifier": [{"system": "urn:dicom:uid", "value": f"1.2.{n}"}]}
                    for n in range(20_000)
                ]
            )
        ).encode(),
    ),
    "fhir conditional references": (
        Format.FHIR,
        json.dumps(
            bundle(
                *[{"resourceType": "Patient", "identifier": [{"system": "s", "value": str(n)}]} for n in range(8_000)],
                *[
                    diagnostic_report(
                        identifier=[{"system": "s", "value": str(n)}],
                        subject={"reference": f"Patient?identifier=s|{7_999 - n}"},
                    )
                    for n in range(8_000)
                ],
            )
        ).encode(),
    ),
    "fhir entries": (
        Format.FHIR,
        json.dumps(bundle(*[{"resourceType": "Patient", "id": str(n)} for n in range(100_000)])).encode(),
    ),
}


@pytest.mark.parametrize("case", LARGE)
def test_large_and_deep_messages_end_in_seconds(case):
    kind, raw = LARGE[case]
    started = time.process_time()
    result = outcome(kind, raw)
    assert time.process_time() - started < 5
    if isinstance(result, ParsedMessage):
        assert_storable(result)
