import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats import openi
from ingest.formats.origin import Origin
from vlmkg.reading.sections import find_sections

CITATION = """<?xml version="1.0" encoding="utf-8"?>
<eCitation><uId id="CXR9"/><articleDate>2013-08-01</articleDate><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Rule out pneumonia.</AbstractText>
<AbstractText Label="FINDINGS">{findings}</AbstractText>
<AbstractText Label="IMPRESSION">{impression}</AbstractText>
</Abstract><MeSH><major>Cardiomegaly</major></MeSH></eCitation>"""


def citation(findings: str = "Heart &lt; 50 %.\n  Clear   lungs.", impression: str = "Normal.") -> bytes:
    return CITATION.format(findings=findings, impression=impression).encode()


def refusal(raw: bytes) -> Reason:
    with pytest.raises(MessageRefusedError) as caught:
        openi.parse(raw, Origin())
    return caught.value.reason


def test_the_abstract_stands_under_its_headings_and_the_uid_is_everything():
    parsed = openi.parse(citation(), Origin())
    (study,) = parsed.studies
    (report,) = study.reports
    assert report.text == (
        "COMPARISON:\nNone.\n\nINDICATION:\nRule out pneumonia.\n\n"
        "FINDINGS:\nHeart < 50 %. Clear lungs.\n\nIMPRESSION:\nNormal."
    )
    assert (parsed.source, parsed.external_id, report.report_id, report.status) == ("openi", "CXR9", "CXR9", "F")
    assert (study.patient.authority, study.patient.identifier) == ("openi", "CXR9")
    assert study.started_at is None
    assert study.accession is None


def test_the_section_reader_reads_findings_and_impression_alone():
    text = openi.parse(citation(), Origin()).studies[0].reports[0].text
    read = {section.name: text[section.start : section.end].strip() for section in find_sections(text)}
    assert read == {"findings": "Heart < 50 %. Clear lungs.", "impression": "Normal."}


@pytest.mark.parametrize(("findings", "impression"), [("", "Normal."), ("Clear.", "")])
def test_one_of_findings_and_impression_is_enough(findings, impression):
    assert openi.parse(citation(findings, impression), Origin()).studies[0].reports


def test_an_indication_alone_is_no_report():
    with pytest.raises(MessageRefusedError) as caught:
        openi.parse(citation(" ", ""), Origin())
    assert caught.value.reason == Reason.NO_REPORT_TEXT
    assert (caught.value.source, caught.value.external_id) == ("openi", "CXR9")


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE e [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE e SYSTEM "e.dtd">',
    ],
)
def test_document_types_and_entities_are_unsafe(prologue):
    assert refusal(citation().replace(b"<eCitation>", prologue.encode() + b"<eCitation>")) == Reason.UNSAFE_XML


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.UNREADABLE),
        (b"<eCitation><uId id='CXR1'>", Reason.UNREADABLE),
        (b"no xml", Reason.UNREADABLE),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", Reason.UNREADABLE),
        (b"<eCitation><AbstractText Label='FINDINGS'>Clear.</AbstractText></eCitation>", Reason.UNREADABLE),
        (b"<eCitation><uId id='CXR1'/><a>\xff\xfe</a></eCitation>", Reason.BAD_ENCODING),
        (b"<html/>", Reason.UNSUPPORTED_FORMAT),
        (b"<a>" * 100_000, Reason.UNREADABLE),
        (b"<a>" * 100_000 + b"</a>" * 100_000, Reason.UNSUPPORTED_FORMAT),
        (b"<a>" + b" " * 20 * 1024 * 1024 + b"</a>", Reason.TOO_LARGE),
    ],
)
def test_everything_else_is_refused_by_reason(raw, reason):
    assert refusal(raw) == reason


def test_a_citation_in_another_declared_encoding_is_read():
    raw = citation("Cœur normal.").decode().replace("utf-8", "utf-16").encode("utf-16")
    assert "Cœur normal." in openi.parse(raw, Origin()).studies[0].reports[0].text
