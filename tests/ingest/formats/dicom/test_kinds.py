"""Objects that are neither a film nor a report: each is refused by its name, and none becomes a finding."""

import pytest
from pydicom.uid import UID_dictionary

from ingest.errors import MessageRefusedError, Reason
from ingest.formats.dicom.sop_classes import CDA, COMPANIONS, DOCUMENTS, IMAGES, NOT_READ, REPORTS
from ingest.messages import ReportStatus
from tests.ingest.formats.dicom.test_parser import read
from tests.ingest.formats.dicom_files import film, part10, report

STORAGE = [uid for uid, (name, kind, *_) in UID_dictionary.items() if kind == "SOP Class" and "Storage" in name]
READ = IMAGES.keys() | REPORTS.keys() | DOCUMENTS.keys()

NARRATIVE = (
    '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section>'
    '<code code="18782-3" codeSystem="2.16.840.1.113883.6.1"/><title>Findings</title><text><paragraph>No pneumothorax'
    "</paragraph><paragraph>Größe 2 cm</paragraph></text></section></component></structuredBody></component>"
    "</ClinicalDocument>"
)


def refusal(raw: bytes) -> MessageRefusedError:
    with pytest.raises(MessageRefusedError) as refused:
        read(raw)
    return refused.value


@pytest.mark.parametrize("sop_class", [uid for uid in STORAGE if uid not in READ])
def test_every_other_class_of_the_standard_is_refused_by_its_name(sop_class):
    error = refusal(part10(report(SOPClassUID=sop_class)))
    assert (error.reason, error.external_id) == (Reason.UNSUPPORTED_FORMAT, "1.2.3.9")
    assert UID_dictionary[sop_class][0] in error.detail


def test_an_unknown_class_is_refused_without_repeating_it():
    error = refusal(part10(report(SOPClassUID="1.2.826.0.1.3680043.8.498.1")))
    assert error.reason == Reason.UNSUPPORTED_FORMAT
    assert "private class" in error.detail
    assert "3680043" not in error.detail


def test_the_names_are_those_of_the_standard():
    for uid, name in {**IMAGES, **REPORTS, **DOCUMENTS, **COMPANIONS, **NOT_READ}.items():
        assert UID_dictionary[uid][0] == name


def encapsulated(document: bytes, media_type: str | None = "text/XML", sop_class: str = CDA, **fields) -> bytes:
    document += b"\0" * (len(document) % 2)
    fields = {"ContentSequence": None, "ValueType": None, "ConceptNameCodeSequence": None} | fields
    return part10(
        report(
            SOPClassUID=sop_class,
            EncapsulatedDocument=document,
            MIMETypeOfEncapsulatedDocument=media_type,
            **fields,
        )
    )


@pytest.mark.parametrize("media_type", ["text/XML", "text/xml", "application/hl7-cda+xml", None])
@pytest.mark.parametrize("padding", [b"", b" ", b"\n\n\n"])
def test_an_encapsulated_cda_document_is_read(media_type, padding):
    message = read(encapsulated(NARRATIVE.encode() + padding, media_type))
    (found,) = message.studies[0].reports
    assert "No pneumothorax" in found.text
    assert "Größe 2 cm" in found.text
    assert "<" not in found.text
    assert found.status == ReportStatus.FINAL
    assert message.warnings == ("encapsulated_document_read",)


@pytest.mark.parametrize(
    ("document", "media_type", "reason"),
    [
        (b"<ClinicalDocument/>", "text/XML", Reason.NO_REPORT_TEXT),
        (b"<ClinicalDocument><component>", "text/XML", Reason.UNSUPPORTED_TEXT),
        (b"%PDF-1.4 binary", "application/pdf", Reason.UNSUPPORTED_FORMAT),
        (b"<Vendor/>", "text/XML", Reason.UNSUPPORTED_TEXT),
        (b"", None, Reason.UNSUPPORTED_TEXT),
    ],
)
def test_other_encapsulated_documents_are_refused_by_their_name(document, media_type, reason):
    error = refusal(encapsulated(document, media_type))
    assert (error.reason, error.external_id) == (reason, "1.2.3.9")


@pytest.mark.parametrize(
    ("field", "warning"),
    [
        ("PatientComments", "patient_comments_left_out"),
        ("ImageComments", "image_comments_left_out"),
        ("StudyComments", "study_comments_left_out"),
        ("InterpretationText", "interpretation_left_out"),
    ],
)
@pytest.mark.parametrize("make", [film, report])
def test_words_outside_of_the_content_are_named(make, field, warning):
    assert read(part10(make(**{field: "Small left effusion"}))).warnings == (warning,)
    assert read(part10(make(**{field: "  "}))).warnings == ()


def test_the_accession_number_of_the_only_request_counts_where_the_report_has_none():
    one, other = report(AccessionNumber="A7"), report(AccessionNumber="A8")
    requests = [_only_accession(one), _only_accession(other)]
    assert read(part10(report(AccessionNumber="", ReferencedRequestSequence=requests[:1]))).studies[0].accession == "A7"
    assert read(part10(report(ReferencedRequestSequence=requests[:1]))).studies[0].accession == "A1"
    assert read(part10(report(AccessionNumber="", ReferencedRequestSequence=requests))).studies[0].accession is None


def _only_accession(dataset):
    found = dataset.__class__()
    found.AccessionNumber = dataset.AccessionNumber
    return found
