import pytest

from ingest.formats.detect import Container, detect, detect_archive
from ingest.formats.origin import Format

TAR = b"\0" * 257 + b"ustar"


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"MSH|^~\\&|A", "report.txt", Format.HL7),
        (b"\x0bMSH|^~\\&|A", "x", Format.HL7),
        (b"\xef\xbb\xbfFHS|^~\\&|", "x.dat", Format.HL7),
        (b"\r\nBHS|^~\\&|", "x", Format.HL7),
        (b"MSHA report of", "x.txt", Format.TEXT),
        (b"<?xml version='1.0'?>", "x", Format.OPENI),
        (b"\n<eCitation>", "x.dat", Format.OPENI),
        (b"<!DOCTYPE a>", "x", Format.OPENI),
        (b"<5 mm nodule", "x.txt", Format.TEXT),
        (b"<brief> note", "x.txt", Format.TEXT),
        (b'{"resourceType": "Bundle"', "x", Format.FHIR),
        (b'{"id": "1", "raw": "MSH|^~', "feed", Container.JSON_LINES),
        (b'{"raw": "\\u000bMSH|^~', "feed", Container.JSON_LINES),
        (b'{"a": 1}', "feed.jsonl", Container.JSON_LINES),
        (b"{see below}", "x.txt", Format.TEXT),
        (b"\0" * 128 + b"DICM", "x", Format.DICOM),
        (b"The lungs are clear.", "r.txt", Format.TEXT),
        (b"The lungs are clear.", "r.TXT", Format.TEXT),
        (b"The lungs are clear.", "LICENSE", Format.UNKNOWN),
        (b"The lungs are clear.", "notes.md", Format.UNKNOWN),
        (b"\x89PNG\r\n\x1a\n", "film.png", Format.UNKNOWN),
        (b"", "a.xml", Format.OPENI),
        (b"", "a.hl7", Format.HL7),
        (b"", "a.txt", Format.TEXT),
        (b"garbage", "a.json", Format.FHIR),
        (b"garbage", "a.dcm", Format.DICOM),
        (b"\x1f\x8b\x08", "x.xml", Container.GZIP),
        (b"PK\x03\x04", "x", Container.ZIP),
        (b"PK\x05\x06", "x", Container.ZIP),
        (TAR, "x", Container.TAR),
        (b"", "a.tgz", Container.GZIP),
        (b"", "a.zip", Container.ZIP),
        (b"garbage", "a.tar", Container.TAR),
    ],
)
def test_content_decides_and_the_name_where_it_says_nothing(head, name, kind):
    assert detect(head, name) == kind


def test_lines_of_json_are_no_archive():
    assert detect_archive(b'{"raw": "MSH|', "a.jsonl") is None
