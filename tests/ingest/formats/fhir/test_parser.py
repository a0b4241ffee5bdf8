import base64
import json
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.cleaning import RAW_LIMIT, TEXT_LIMIT
from ingest.formats.fhir import parser as fhir
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage, ReportFacts, StudyFacts

RADIOLOGY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}]
LABORATORY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}]
ACCESSION = {"type": {"coding": [{"code": "ACSN"}]}, "system": "urn:north:acc", "value": "A1"}
UID = {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.1"}


def diagnostic_report(**fields: object) -> dict[str, object]:
    base: dict[str, object] = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "identifier": [{"system": "urn:north:reports", "value": "R1"}],
        "status": "final",
        "category": RADIOLOGY,
        "code": {"text": "Chest X-ray, 2 views"},
        "subject": {"reference": "Patient/771"},
        "effectiveDateTime": "2026-03-01T09:00:00Z",
        "issued": "2026-03-01T10:00:00Z",
        "conclusion": "No acute disease.",
    }
    return {name: value for name, value in (base | fields).items() if value is not None}


IMAGING_STUDY = {
    "resourceType": "ImagingStudy",
    "id": "s1",
    "identifier": [UID, ACCESSION],
    "subject": {"reference": "Patient/771"},
    "started": "2026-03-01T08:59:00Z",
    "modality": [{"code": "DX"}],
    "series": [{"modality": {"code": "DX"}, "bodySite": {"display": "Chest"}}],
}
PATIENT = {
    "resourceType": "Patient",
    "id": "771",
    "identifier": [{"system": "urn:north", "value": "M771", "type": {"coding": [{"code": "MR"}]}}],
    "gender": "female",
    "birthDate": "1960-04-02",
}


def bundle(*resources: object, **fields: object) -> dict[str, object]:
    entries = [{"fullUrl": f"urn:uuid:{number}", "resource": resource} for number, resource in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries, **fields}


def form(text: bytes, kind: str = "text/plain") -> dict[str, str]:
    return {"contentType": kind, "data": base64.b64encode(text).decode()}


def parse(resource: object, **settings: str) -> ParsedMessage:
    return fhir.parse(json.dumps(resource).encode(), Origin(), FormatSettings(**settings))


def only_study(resource: object) -> StudyFacts:
    (study,) = parse(resource).studies
    return study


def only_report(resource: object) -> ReportFacts:
    (report,) = only_study(resource).reports
    return report


def refusal(raw: bytes | object) -> MessageRefusedError:
    with pytest.raises(MessageRefusedError) as caught:
        fhir.parse(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), Origin(), FormatSettings())
    return caught.value


def test_a_report_alone():
    parsed = parse(diagnostic_report())
    (study,) = parsed.studies
    (report,) = study.reports
    assert (parsed.source, parsed.external_id) == ("urn:north:reports", "R1")
    assert parsed.message_time == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (study.patient.authority, study.patient.identifier) == ("urn:north:reports", "Patient/771")
    assert (study.modality, study.procedure) == ("XR", "Chest X-ray, 2 views")
    assert study.started_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (report.report_id, report.status, report.text) == ("R1", "F", "IMPRESSION:\nNo acute disease.")
    assert report.issued_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("registered", "P"), ("partial", "P"), ("preliminary", "P"), ("unknown", "P"), ("final", "F"),
        ("amended", "C"), ("corrected", "C"), ("cancelled", "X"), ("entered-in-error", "X"), ("appended", "C"),
    ],
)  # fmt: skip
def test_statuses(status, expected):
    report = only_report(diagnostic_report(status=status))
    assert (report.status, report.addendum) == (expected, False)


@pytest.mark.parametrize("resources", [(PATIENT, IMAGING_STUDY), (IMAGING_STUDY, PATIENT)])
def test_a_bundle_brings_patient_and_study_by_reference(resources):
    report = diagnostic_report(imagingStudy=[{"reference": "ImagingStudy/s1"}])
    parsed = parse(bundle(report, *resources, timestamp="2026-03-01T11:00:00Z"))
    (study,) = parsed.studies
    assert (study.patient.authority, study.patient.identifier) == ("urn:north", "M771")
    assert (study.patient.sex, study.patient.birth_date) == ("female", date(1960, 4, 2))
    assert (study.study_uid, study.accession, study.modality, study.body_part) == ("1.2.840.1", "A1", "DX", "Chest")
    assert study.started_at == datetime(2026, 3, 1, 8, 59, tzinfo=UTC)
    assert parsed.message_time == datetime(2026, 3, 1, 11, tzinfo=UTC)


def test_contained_resources_and_full_urls_are_found():
    contained = diagnostic_report(
        contained=[IMAGING_STUDY, PATIENT], imagingStudy=[{"reference": "#s1"}], subject={"reference": "#771"}
    )
    assert (only_study(contained).study_uid, only_study(contained).patient.identifier) == ("1.2.840.1", "M771")
    report = diagnostic_report(imagingStudy=[{"reference": "urn:uuid:1"}], subject={"reference": "urn:uuid:2"})
    study = only_study(bundle(report, IMAGING_STUDY, PATIENT))
    assert (study.study_uid, study.patient.identifier) == ("1.2.840.1", "M771")


@pytest.mark.parametrize(
    "fields",
    [
        {"identifier": [ACCESSION]},
        {"basedOn": [{"identifier": ACCESSION}]},
        {"imagingStudy": [{"identifier": ACCESSION}]},
        {"identifier": [{"system": "http://north/accession-numbers", "value": "A1"}]},
        {
            "basedOn": [{"reference": "#order"}],
            "contained": [{"resourceType": "ServiceRequest", "id": "order", "identifier": [ACCESSION]}],
        },
    ],
)
def test_the_accession_is_found_wherever_it_stands(fields):
    assert only_study(diagnostic_report(**fields)).accession == "A1"


@pytest.mark.parametrize(
    ("fields", "uid"),
    [
        ({"imagingStudy": [{"identifier": {"system": "urn:ietf:rfc3986", "value": "urn:oid:1.2.840.7"}}]}, "1.2.840.7"),
        ({"imagingStudy": [{"reference": "urn:oid:1.2.840.7"}]}, "1.2.840.7"),
        ({"identifier": [{"system": "urn:ietf:rfc3986", "value": "urn:oid:1.2.840.7"}]}, None),
    ],
)
def test_an_oid_of_the_study_is_its_uid_and_one_of_the_report_is_not(fields, uid):
    assert only_study(diagnostic_report(**fields)).study_uid == uid


def test_the_study_uid_of_a_logical_reference_is_found():
    assert only_study(diagnostic_report(imagingStudy=[{"identifier": UID}])).study_uid == "1.2.840.1"


def test_the_report_id_is_the_official_identifier_else_the_studys_number_else_given():
    own = [{"value": "R1"}, {"use": "official", "value": "R2"}, ACCESSION]
    assert only_report(diagnostic_report(identifier=own)).report_id == "R2"
    assert only_report(diagnostic_report(identifier=[ACCESSION])).report_id == "A1"
    nameless = diagnostic_report(identifier=None, subject={"identifier": {"system": "urn:north", "value": "7"}})
    parsed = parse(nameless)
    assert parsed.external_id == sha256(json.dumps(nameless).encode()).hexdigest()[:32]
    assert parsed.warnings == ("no_report_id",)


@pytest.mark.parametrize(
    ("subject", "authorities", "expected"),
    [
        ({"identifier": {"system": "urn:east", "value": "E1"}}, "", ("urn:east", "E1")),
        ({"identifier": {"value": "E1"}}, "", ("urn:north:reports", "E1")),
        ({"reference": "Patient/771", "identifier": {"system": "urn:east", "value": "E1"}}, "", ("urn:north", "M771")),
        (
            {"reference": "Patient/771", "identifier": {"system": "urn:east", "value": "E1"}},
            "urn:east",
            ("urn:east", "E1"),
        ),
        ({"reference": "Patient/9"}, "", ("urn:north:reports", "Patient/9")),
        ({"reference": "urn:uuid:99"}, "", ("urn:north:reports (no patient)", "R1")),
        ({"reference": "#nobody"}, "", ("urn:north:reports (no patient)", "R1")),
        (None, "", ("urn:north:reports (no patient)", "R1")),
    ],
)
def test_the_patients_identifier(subject, authorities, expected):
    parsed = parse(bundle(diagnostic_report(subject=subject), PATIENT), patient_authorities=authorities)
    patient = parsed.studies[0].patient
    assert (patient.authority, patient.identifier) == expected
    assert ("no_patient_id" in parsed.warnings) == expected[0].endswith("(no patient)")


def test_the_presented_form_is_the_report():
    report = only_report(
        diagnostic_report(presentedForm=[form(b"FINDINGS: Clear.\r\nIMPRESSION: No acute\r\ndisease.")])
    )
    assert report.text == "FINDINGS: Clear.\nIMPRESSION: No acute\ndisease."


def test_a_conclusion_that_the_form_lacks_is_an_impression():
    report = only_report(diagnostic_report(presentedForm=[form(b"The lungs are clear.")]))
    assert report.text == "FINDINGS:\nThe lungs are clear.\n\nIMPRESSION:\nNo acute disease."


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("épanchement".encode(), "text/plain"),
        ("épanchement".encode(), 'text/plain; charset="UTF-8"'),
        ("épanchement".encode("cp1252"), "text/plain;charset=iso-8859-1"),
    ],
)
def test_the_forms_character_set(raw, kind):
    assert only_report(diagnostic_report(presentedForm=[form(raw, kind)], conclusion=None)).text == "épanchement"


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [
        ({"contentType": "text/plain", "data": "%%%"}, Reason.UNREADABLE),
        (form(b"\xff\xfe"), Reason.NO_REPORT_TEXT),
        (form(b"\x00", "text/plain; charset=utf-16"), Reason.BAD_ENCODING),
        (form(b"a" * (TEXT_LIMIT + 1)), Reason.TOO_LARGE),
        (form(b"%PDF", "application/pdf"), Reason.UNSUPPORTED_FORMAT),
    ],
)
def test_forms_that_can_not_be_used(attachment, reason):
    assert refusal(diagnostic_report(presentedForm=[attachment], conclusion=None)).reason == reason


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


@pytest.mark.parametrize(
    ("status", "inside", "expected"),
    [
        ("additional", "<p>Clear&nbsp;lungs.</p><p>Normal <b>heart</b>.</p>", "Clear lungs.\n\nNormal heart."),
        ("generated", "<h3>Findings</h3>\n<p>Clear\n lungs.</p>", "Findings\nClear lungs."),
        ("generated", "<pre>FINDINGS:\nClear.</pre>", "FINDINGS:\nClear."),
        ("additional", "<table><tr><td>Heart</td><td>normal</td></tr></table>", "Heart: normal"),
        ("additional", "5 &lt; 6<br/>&#181;m", "5 < 6\nµm"),
    ],
)
def test_a_narrative_that_says_more_than_the_fields_is_read(status, inside, expected):
    text = {"status": status, "div": DIV.format(inside)}
    assert only_report(diagnostic_report(text=text, conclusion=None)).text == expected


def test_a_generated_narrative_is_not_read():
    text = {"status": "generated", "div": DIV.format("<p>Generated Narrative</p><p><b>subject</b>: Jane Doe</p>")}
    assert only_report(diagnostic_report(text=text)).text == "IMPRESSION:\nNo acute disease."


def test_a_narrative_that_is_not_well_formed_is_read():
    text = {"status": "additional", "div": "<div><p>Clear.<br>Heart & lungs normal.</div>"}
    expected = "FINDINGS:\nClear.\nHeart & lungs normal.\n\nIMPRESSION:\nNo acute disease."
    assert only_report(diagnostic_report(text=text)).text == expected


def test_a_document_type_in_the_narrative_is_unsafe():
    text = {"status": "additional", "div": '<!DOCTYPE d [<!ENTITY a "b">]><div>&a;</div>'}
    assert refusal(diagnostic_report(text=text)).reason == Reason.UNSAFE_XML


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_withdrawal_needs_no_words(status):
    report = only_report(diagnostic_report(status=status, conclusion=None))
    assert (report.status, report.text) == ("X", "")


def test_several_reports_of_a_bundle_are_several_studies():
    second = diagnostic_report(identifier=[{"value": "R2"}], conclusion="Effusion.")
    silent = diagnostic_report(identifier=[{"value": "R3"}], conclusion=None)
    blood = diagnostic_report(identifier=[{"value": "L1"}], category=LABORATORY)
    parsed = parse(bundle(diagnostic_report(), second, silent, blood))
    assert [study.reports[0].report_id for study in parsed.studies] == ["R1", "R2"]
    assert set(parsed.warnings) == {"report_without_text", "not_radiology_part", "patient_by_reference"}


def test_an_imaging_study_alone_is_a_study_that_waits():
    study = only_study(IMAGING_STUDY)
    assert (study.study_uid, study.accession, study.reports) == ("1.2.840.1", "A1", ())
    assert parse(IMAGING_STUDY).external_id == "1.2.840.1"
    assert refusal({**IMAGING_STUDY, "identifier": []}).reason == Reason.UNREADABLE


@pytest.mark.parametrize(
    "fields",
    [
        {"category": LABORATORY},
        {"category": None, "code": {"text": "Complete blood count"}, "result": [{"reference": "#hb"}]},
        {"category": [{"coding": [{"code": "LP29693-6"}]}]},
    ],
)
def test_a_laboratory_report_is_no_radiology(fields):
    error = refusal(diagnostic_report(**fields))
    assert (error.reason, error.external_id) == (Reason.NOT_RADIOLOGY, "R1")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.UNREADABLE),
        (b"{", Reason.UNREADABLE),
        (b"[]", Reason.UNREADABLE),
        (b'"text"', Reason.UNREADABLE),
        (b'{"a": NaN}', Reason.UNREADABLE),
        (b'{"a": "\\ud800"}', Reason.UNREADABLE),
        (b'{"a": "\xff"}', Reason.BAD_ENCODING),
        (b'{"resourceType": "DiagnosticReport", "status": "final", "conclusion": "x"}', Reason.NO_PATIENT),
        (b"{}", Reason.WRONG_MESSAGE_TYPE),
        (b'{"resourceType": ["DiagnosticReport"]}', Reason.WRONG_MESSAGE_TYPE),
        (b'{"resourceType": "ServiceRequest"}', Reason.WRONG_MESSAGE_TYPE),
        (b'{"resourceType": "Bundle"}', Reason.WRONG_MESSAGE_TYPE),
        (
            b'{"resourceType": "Bundle", "entry": [1, {"resource": 2}, {"resource": {"id": []}}]}',
            Reason.WRONG_MESSAGE_TYPE,
        ),
        (b'{"resourceType": "DiagnosticReport"}', Reason.UNREADABLE),
        (
            b'{"resourceType": "DiagnosticReport", "status": "done", "identifier": [{"value": "1"}]}',
            Reason.UNREADABLE,
        ),
        (b'{"resourceType": "DiagnosticReport", "status": "final", "identifier": "x"}', Reason.UNREADABLE),
        (b'{"a":' * 100_000, Reason.UNREADABLE),
        (b"[" * 1_000_000, Reason.TOO_LARGE),
        (b" " * (RAW_LIMIT + 1), Reason.TOO_LARGE),
    ],
)
def test_everything_else_is_refused_by_reason(raw, reason):
    assert refusal(raw).reason == reason


def test_a_refusal_says_where_and_not_what():
    error = refusal(diagnostic_report(identifier=[{"value": {"Jane": "Doe"}}]))
    assert "identifier.value" in str(error)
    assert "Doe" not in str(error)


def test_the_source_can_be_said():
    raw = json.dumps(diagnostic_report()).encode()
    assert fhir.parse(raw, Origin(source="east"), FormatSettings()).source == "east"


BRAIN = "IMPRESSION:\nCT brains: large tumor sphenoid/clivus.\n\nMalignant tumor of craniopharyngeal duct."


def test_the_standards_own_examples(shared_data):
    folder = shared_data / "feeds/fhir"
    brain = only_study(json.loads((folder / "diagnosticreport-example-f201-brainct.json").read_bytes()))
    assert (brain.modality, brain.reports[0].text) == ("CT", BRAIN)
    wrist = only_study(json.loads((folder / "imagingstudy-example-xr.json").read_bytes()))
    assert (wrist.accession, wrist.modality) == ("W12342398", "DX")
    assert refusal((folder / "bundle-example.json").read_bytes()).reason == Reason.WRONG_MESSAGE_TYPE
