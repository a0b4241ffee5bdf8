"""Whose report it is and which one: what names a report and a patient, and what does not."""

import json

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.fhir import parser as fhir
from ingest.formats.fhir.ids import given_id
from ingest.formats.origin import Origin
from ingest.formats.settings import FormatSettings
from ingest.messages import ParsedMessage
from tests.ingest.formats.fhir.test_parser import diagnostic_report, parse, refusal

MR = {"coding": [{"code": "MR"}]}
SUBJECT = {"identifier": {"system": "urn:north", "value": "7"}}


def entry(resource: dict, method: str | None = "POST", url: str = "", **more: object) -> dict:
    request = {"request": {"method": method, "url": url or resource["resourceType"]}} if method else {}
    return {"resource": resource, **request, **more}


def bundle(*entries: dict, kind: str = "transaction", **fields: object) -> dict:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **fields}


def patient(**fields: object) -> dict:
    return {"resourceType": "Patient", **fields}


def names(parsed: ParsedMessage) -> list[tuple[str, str]]:
    return [(study.patient.authority, study.patient.identifier) for study in parsed.studies]


def report_ids(parsed: ParsedMessage) -> list[str]:
    return [report.report_id for study in parsed.studies for report in study.reports]


def from_file(resource: dict, source: str | None = None) -> ParsedMessage:
    return fhir.parse(json.dumps(resource).encode(), Origin("export/1", source), FormatSettings())


NAMELESS = diagnostic_report(identifier=None, subject=SUBJECT)


def test_an_id_in_a_post_names_no_report():
    alone = [report_ids(parse(NAMELESS | {"conclusion": words})) for words in ("Effusion.", "No effusion.")]
    assert alone[0] != alone[1]
    assert alone[0] != ["r1"]
    sent = parse(bundle(entry(NAMELESS), entry(NAMELESS)))
    first, second = report_ids(sent)
    assert second == f"{first}-1"
    assert "no_report_id" in sent.warnings


@pytest.mark.parametrize("url", ["DiagnosticReport/x9", "http://north/fhir/DiagnosticReport/x9"])
def test_an_id_in_a_put_names_the_report(url):
    sent = parse(bundle(entry(NAMELESS | {"id": "x9"}, "PUT", url)))
    assert report_ids(sent) == ["x9"]
    assert "no_report_id" not in sent.warnings


def test_an_id_that_was_given_here_names_the_report_as_when_it_was_created():
    created = parse(NAMELESS)
    given = given_id(created.external_id)
    again = parse(bundle(entry(NAMELESS | {"id": given, "status": "amended"}, "PUT", f"DiagnosticReport/{given}")))
    assert report_ids(again) == report_ids(created) == [given]
    accession = {"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}
    numbered = NAMELESS | {"identifier": [accession]}
    put = parse(bundle(entry(numbered | {"id": given}, "PUT", f"DiagnosticReport/{given}")))
    assert report_ids(put) == report_ids(parse(numbered)) == ["A1"]


def test_an_id_in_an_exported_file_names_the_report():
    assert report_ids(from_file(NAMELESS)) == ["r1"]
    assert report_ids(from_file(bundle(entry(NAMELESS, None), kind="searchset"))) == ["r1"]
    assert report_ids(from_file(bundle(entry(NAMELESS)))) != ["r1"]


def test_a_conditional_update_names_the_report():
    sent = parse(bundle(entry(NAMELESS, "PUT", "DiagnosticReport?identifier=urn:north:reports%7CR7")))
    assert (sent.source, report_ids(sent)) == ("urn:north:reports", ["R7"])


@pytest.mark.parametrize("reference", ["Patient/1", "urn:uuid:1"])
@pytest.mark.parametrize("full_url", [None, "urn:uuid:1", "http://localhost/fhir/Patient/1"])
def test_a_posted_patient_without_an_identifier_is_nobody_else(reference, full_url):
    """Two people are both `Patient/1` in the Bundles of their reports."""
    people = []
    for number in ("R1", "R2"):
        person = entry(patient(id="1", name=[{"text": number}]), **({"fullUrl": full_url} if full_url else {}))
        subject = {"reference": reference}
        report = diagnostic_report(identifier=[{"system": "urn:north:reports", "value": number}], subject=subject)
        sent = parse(bundle(person, entry(report)))
        people += names(sent)
        if full_url is None and reference.startswith("urn"):
            continue
        assert "no_patient_id" in sent.warnings
    assert people[0] != people[1]


def test_a_patient_by_put_is_the_same_one_again():
    sent = [
        parse(bundle(entry(patient(id="1"), "PUT", "Patient/1"), entry(diagnostic_report(subject={"reference": to}))))
        for to in ("Patient/1", "Patient/1/_history/2")
    ]
    assert names(sent[0]) == names(sent[1]) == [("urn:north:reports", "Patient/1")]


def test_a_relative_reference_is_of_its_sender_alone():
    of_nobody = diagnostic_report(identifier=[{"value": "R1"}], subject={"reference": "Patient/1"})
    assert names(parse(of_nobody)) == [("fhir (no patient)", "R1")]
    assert names(from_file(of_nobody, "east")) == [("east", "Patient/1")]
    sent = parse(diagnostic_report(subject={"reference": "Patient/1"}))
    assert (names(sent), sent.warnings) == ([("urn:north:reports", "Patient/1")], ("patient_by_reference",))


@pytest.mark.parametrize(
    "server",
    [
        "http://localhost:8080/fhir", "http://127.0.0.1/fhir", "http://10.1.2.3/fhir", "http://[::1]/fhir", "http://fhir/r4",
        "http://example.org/fhir", "https://a.example.com", "http://hapi.local/fhir", "http://[/fhir",
    ],
)  # fmt: skip
def test_an_address_that_everybody_has_names_nobody(server):
    of_nobody = diagnostic_report(identifier=[{"value": "R1"}], subject={"reference": f"{server}/Patient/1"})
    assert names(parse(of_nobody)) == [("fhir (no patient)", "R1")]
    held = entry(patient(id="1"), None, fullUrl=f"{server}/Patient/1")
    assert names(parse(bundle(held, entry(of_nobody, None), kind="collection"))) == [("fhir (no patient)", "R1")]
    known = diagnostic_report(subject={"reference": f"{server}/Patient/1"})
    assert names(parse(known)) == [("urn:north:reports", f"{server}/Patient/1")]


def test_an_absolute_reference_names_the_patient_of_one_server():
    of_nobody = diagnostic_report(
        identifier=[{"value": "R1"}], subject={"reference": "https://fhir.north.se/r4/Patient/1"}
    )
    assert names(parse(of_nobody)) == [("fhir", "https://fhir.north.se/r4/Patient/1")]


@pytest.mark.parametrize("separator", ["|", "%7C"])
def test_a_conditional_reference_is_the_patient_with_that_number(separator):
    reference = {"reference": f"Patient?identifier=urn:north{separator}7"}
    assert names(parse(diagnostic_report(subject=reference))) == [("urn:north", "7")]
    known = patient(identifier=[{"system": "urn:north", "value": "7"}], gender="male")
    found = parse(bundle(entry(known), entry(diagnostic_report(subject=reference)))).studies[0].patient
    assert (found.identifier, found.sex) == ("7", "male")


@pytest.mark.parametrize("condition", ["name=Doe", "_id=1", "identifier=", "identifier=a|1&active=true"])
def test_a_condition_on_something_else_is_refused(condition):
    report = diagnostic_report(subject={"reference": f"Patient?{condition}"})
    assert refusal(report).reason == Reason.UNREADABLE


def test_a_conditional_create_names_a_patient_who_has_no_identifier():
    person = entry(patient(), fullUrl="urn:uuid:1")
    person["request"]["ifNoneExist"] = "identifier=urn:north|7"
    report = entry(diagnostic_report(subject={"reference": "urn:uuid:1"}))
    assert names(parse(bundle(person, report))) == [("urn:north", "7")]


OLD = {"use": "old", "type": MR, "system": "urn:north", "value": "OLD"}
ENDED = {"type": MR, "system": "urn:north", "value": "OLD", "period": {"end": "2015-01-01"}}
NOW = {"system": "urn:east", "value": "NOW"}


@pytest.mark.parametrize("over", [OLD, ENDED, ENDED | {"period": {"end": "2015"}}])
@pytest.mark.parametrize("current", [NOW, NOW | {"use": "usual"}, NOW | {"period": {"start": "2015-01-02"}}])
@pytest.mark.parametrize("order", [1, -1])
def test_an_identifier_that_is_over_names_nobody_where_one_holds(over, current, order):
    person = patient(id="1", identifier=[over, current][::order])
    report = diagnostic_report(subject={"reference": "Patient/1"})
    sent = parse(bundle(entry(person), entry(report)), patient_authorities="urn:north")
    assert (names(sent), sent.warnings) == ([("urn:east", "NOW")], ())
    alone = parse(bundle(entry(person | {"identifier": [over]}), entry(report)))
    assert (names(alone), alone.warnings) == ([("urn:north", "OLD")], ("patient_id_ended",))


def test_a_period_that_ends_after_the_message_holds():
    lasting = {"type": MR, "system": "urn:north", "value": "M1", "period": {"end": "2030-01-01"}}
    report = diagnostic_report(subject={"identifier": lasting})
    assert parse(report).warnings == ()
    later = parse(bundle(entry(report), timestamp="2031-01-01T00:00:00Z"))
    assert later.warnings == ("patient_id_ended",)


def test_a_number_without_a_system_is_the_senders_with_a_warning():
    sent = parse(diagnostic_report(subject={"identifier": {"value": "100"}}))
    assert (names(sent), sent.warnings) == ([("urn:north:reports", "100")], ("patient_id_without_system",))


@pytest.mark.parametrize(
    "subject", [{"reference": "Group/1"}, {"reference": "http://a/Device/1"}, {"type": "Location"}]
)
def test_what_is_said_of_no_patient_is_refused(subject):
    assert refusal(diagnostic_report(subject=subject)).reason == Reason.NO_PATIENT


@pytest.mark.parametrize("subject", [None, {"display": "somebody"}])
def test_a_report_that_names_neither_itself_nor_a_patient_is_refused(subject):
    nameless = diagnostic_report(identifier=None, id=None, subject=subject)
    assert refusal(nameless).reason == Reason.NO_PATIENT
    assert parse(diagnostic_report(id=None, subject=subject)).warnings == ("no_patient_id",)


@pytest.mark.parametrize(
    ("field", "resource"),
    [
        ("study", {"study": [{"reference": "ImagingStudy/1"}]}),
        ("supportingInfo", {"supportingInfo": [{"reference": {"reference": "Observation/1"}}]}),
        ("status", {"status": "modified"}),
        ("note", {"note": [{"text": "x"}]}),
        ("codedDiagnosis", {"codedDiagnosis": [{"text": "x"}]}),
        ("modifierExtension", {"modifierExtension": [{"url": "urn:north:negated", "valueBoolean": True}]}),
    ],
)
def test_another_release_is_refused_by_name(field, resource):
    error = refusal(diagnostic_report() | resource)
    assert error.reason == Reason.UNSUPPORTED_FORMAT
    assert f"DiagnosticReport.{field}" in str(error)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("modality", {"modality": [{"coding": [{"code": "DX"}]}]}),
        ("series.modality", {"series": [{"modality": {"coding": [{"code": "DX"}]}}]}),
        ("series.bodySite", {"series": [{"bodySite": {"concept": {"text": "Chest"}}}]}),
        ("procedure", {"procedure": [{"concept": {"text": "Chest"}}]}),
    ],
)
def test_an_imaging_study_of_another_release_is_refused_by_name(path, fields):
    study = {"resourceType": "ImagingStudy", "identifier": [{"system": "urn:dicom:uid", "value": "1.2.3"}], **fields}
    assert f"ImagingStudy.{path} " in str(refusal(study))
    assert f"ImagingStudy.{path} " in str(refusal(diagnostic_report(contained=[study | {"id": "s"}])))


def test_elements_that_are_null_are_not_there():
    report = diagnostic_report() | {"basedOn": None, "category": [None, *diagnostic_report()["category"]]}
    assert parse(report).studies == parse(diagnostic_report()).studies


def test_a_refusal_of_a_number_is_one_of_shape():
    with pytest.raises(MessageRefusedError, match=r"identifier\.value"):
        parse(diagnostic_report(identifier=[{"value": 100}]))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"versionId": "1"}, {"versionId": "2"}),
        ({"versionId": "9"}, {"versionId": "10"}),
        ({"versionId": 1}, {"versionId": 2}),
        ({}, {"versionId": "1"}),
        ({"lastUpdated": "2026-03-01T10:00:00Z"}, {"lastUpdated": "2026-03-01T10:00:01Z"}),
        ({"lastUpdated": "2026-03-01T10:00:00Z", "versionId": "3"}, {"lastUpdated": "2026-03-01T10:00:01Z"}),
    ],
)
def test_of_two_versions_issued_at_one_time_the_later_has_the_later_message_time(earlier, later, wrapped):
    times = []
    for meta in (earlier, later):
        report = diagnostic_report(meta=meta)
        times.append(parse(bundle(entry(report, "PUT", "DiagnosticReport/1")) if wrapped else report).message_time)
    assert times[0] < times[1]


@pytest.mark.parametrize("version", ["", "a7", "2026-03-01", "99999999999999999999"])
def test_a_version_that_is_no_number_changes_no_time(version):
    assert parse(diagnostic_report(meta={"versionId": version})).message_time == parse(diagnostic_report()).message_time
