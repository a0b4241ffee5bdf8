"""Structured reports as texts, statuses and versions."""

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.messages import ReportFacts, ReportStatus
from tests.ingest.formats.dicom.test_parser import read
from tests.ingest.formats.dicom_files import (
    FINDINGS,
    IMPRESSIONS,
    code_item,
    container,
    item,
    part10,
    predecessor,
    report,
    text_item,
)
from vlmkg.reading.sections import find_sections

SECTION = ("1", "99X", "Section")


def reports(*content, **fields) -> tuple[ReportFacts, ...]:
    return read(part10(report(*content, **fields))).studies[0].reports


def text(*content) -> str:
    return reports(*content)[0].text


def read_words(*content) -> str:
    """What of the text the engine will read."""
    written = text(*content)
    return " ".join(written[section.start : section.end].strip() for section in find_sections(written))


def test_a_report_under_its_headings():
    (found,) = reports()
    assert found.text == "FINDINGS:\nNo pneumothorax.\n\nIMPRESSION:\nNormal chest."
    assert (found.report_id, found.status, found.addendum) == ("1.2.3.9", ReportStatus.FINAL, False)
    assert found.issued_at.isoformat() == "2026-01-02T12:00:00+00:00"


def test_the_report_belongs_to_study_patient_and_accession_and_says_no_modality():
    study = read(part10(report())).studies[0]
    assert (study.study_uid, study.accession, study.modality, study.images) == ("1.2.3", "A1", None, ())
    assert (study.patient.authority, study.patient.identifier) == ("HOSP", "P1")


@pytest.mark.parametrize("implicit", [True, False])
def test_nested_sections_and_both_encodings(implicit):
    content = container(("1", "99X", "Body"), container(FINDINGS, container(SECTION, text_item("Clear lungs."))))
    raw = part10(report(content), "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1")
    assert read(raw).studies[0].reports[0].text == "FINDINGS:\nClear lungs."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (("121060", "DCM", "History"), "Pneumonia in 2019."),
        (("121068", "DCM", "Previous Findings"), "Large effusion."),
        (("9", "99X", "Findings of prior exam"), "Large effusion."),
        (("121109", "DCM", "Indications for Procedure"), "Pneumonia?"),
        (("18834-2", "LN", "Comparison"), "Effusion in May."),
        (("9", "99X", "Reason for exam"), "Rule out fracture."),
    ],
)
def test_what_tells_of_other_days_is_written_but_not_read(name, words):
    old = container(name, text_item(words, FINDINGS), container(FINDINGS, text_item(words)))
    new = container(FINDINGS, text_item("Clear lungs."))
    assert words in text(old, new)
    assert read_words(old, new) == read_words(new, old) == "Clear lungs."


def test_words_without_a_heading_are_findings_wherever_they_stand():
    history = container(("121060", "DCM", "History"), text_item("Cough."))
    assert read_words(history, text_item("Clear lungs.", SECTION)) == "Clear lungs."
    assert text(text_item("Clear lungs.", SECTION)) == "Clear lungs."


def test_a_finding_within_an_impression_is_impression():
    assert text(container(IMPRESSIONS, text_item("Normal."))) == "IMPRESSION:\nNormal."


def test_a_coded_finding_that_stands_alone_is_written():
    assert text(container(FINDINGS, code_item("Cardiomegaly"))) == "FINDINGS:\nCardiomegaly."


def test_observers_and_answers_to_questions_are_not_written():
    observer = item("PNAME", ("121008", "DCM", "Person Observer Name"), PersonName="Synthetic^Reader")
    context = text_item("Ward 3", RelationshipType="HAS OBS CONTEXT")
    answer = code_item("Yes", ("1", "99X", "Contrast"))
    assert text(observer, context, answer, text_item("Clear lungs.", FINDINGS)) == "FINDINGS:\nClear lungs."


@pytest.mark.parametrize(
    ("completion", "verification", "preliminary", "status"),
    [
        ("COMPLETE", "VERIFIED", None, ReportStatus.FINAL),
        ("COMPLETE", "UNVERIFIED", None, ReportStatus.PRELIMINARY),
        ("COMPLETE", "UNVERIFIED", "FINAL", ReportStatus.FINAL),
        ("COMPLETE", "UNVERIFIED", "PRELIMINARY", ReportStatus.PRELIMINARY),
        ("PARTIAL", "VERIFIED", None, ReportStatus.PRELIMINARY),
        (None, None, None, ReportStatus.PRELIMINARY),
    ],
)
def test_flags_are_the_status(completion, verification, preliminary, status):
    flags = {"CompletionFlag": completion, "VerificationFlag": verification, "PreliminaryFlag": preliminary}
    assert reports(**flags)[0].status == status


def test_the_issued_time_is_the_last_verification():
    verifiers = [item("X", SECTION, VerificationDateTime=time) for time in ("20260102130000", "20260102140000")]
    assert reports(VerifyingObserverSequence=verifiers)[0].issued_at.hour == 14


@pytest.mark.parametrize("study", ["1.2.3", "", None])
@pytest.mark.parametrize("series", [True, False])
def test_predecessors_are_withdrawn_with_or_without_the_study_and_series_of_their_reference(study, series):
    before = predecessor("1.2.3.7", study)
    if not series:
        before.ReferencedSOPSequence = before.ReferencedSeriesSequence[0].ReferencedSOPSequence
        del before.ReferencedSeriesSequence
    found = reports(PredecessorDocumentsSequence=[before, predecessor("1.2.3.9")])
    assert [(each.report_id, each.status) for each in found[1:]] == [("1.2.3.7", ReportStatus.WITHDRAWN)]


def test_a_predecessor_of_another_study_stays_and_is_told():
    message = read(part10(report(PredecessorDocumentsSequence=[predecessor("1.2.9.7", "1.2.9")])))
    assert [each.report_id for each in message.studies[0].reports] == ["1.2.3.9"]
    assert message.warnings == ("predecessor_of_other_study",)


def test_a_report_without_words_is_refused_by_its_name():
    with pytest.raises(MessageRefusedError) as refusal:
        reports(item("NUM", SECTION))
    assert (refusal.value.reason, refusal.value.external_id) == (Reason.NO_REPORT_TEXT, "1.2.3.9")


def test_words_keep_their_backslashes_lines_and_signs():
    assert text(text_item("Size 3\\4.\r\nSecond line: ≥ 3 mm ", FINDINGS, SpecificCharacterSet="ISO_IR 192")) == (
        "FINDINGS:\nSize 3\\4.\nSecond line: ≥ 3 mm"
    )
