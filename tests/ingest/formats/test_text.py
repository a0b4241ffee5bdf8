from datetime import UTC, datetime

import pytest

from ingest.errors import MessageRefusedError, Reason
from ingest.formats import text
from ingest.formats.cleaning import NAME_LIMIT, RAW_LIMIT, TEXT_LIMIT
from ingest.formats.origin import Origin

MODIFIED = datetime(2026, 3, 1, tzinfo=UTC)


def refusal(raw: bytes, name: str = "ward/r1") -> Reason:
    with pytest.raises(MessageRefusedError) as caught:
        text.parse(raw, Origin(name))
    return caught.value.reason


def test_a_text_is_a_report_under_its_name_with_a_patient_of_its_own():
    parsed = text.parse("\ufeffFINDINGS:\r\nClear.\r".encode(), Origin("ward/r1", modified_at=MODIFIED))
    (study,) = parsed.studies
    (report,) = study.reports
    assert (parsed.source, parsed.external_id, parsed.message_time) == ("text", "ward/r1", MODIFIED)
    assert (study.patient.authority, study.patient.identifier) == ("text", "ward/r1")
    assert (report.report_id, report.status, report.text) == ("ward/r1", "F", "FINDINGS:\nClear.")


def test_the_source_can_be_said():
    parsed = text.parse(b"Clear.", Origin("r1", source="east"))
    assert (parsed.source, parsed.studies[0].patient.authority) == ("east", "east")


@pytest.mark.parametrize("raw", [b"", b" \r\n\t", b"\x01\x02", "\ufeff".encode()])
def test_blank_texts_are_no_report(raw):
    assert refusal(raw) == Reason.NO_REPORT_TEXT


@pytest.mark.parametrize("raw", [b"effusion \xff\xfe", "Größe".encode("cp1252"), "Clear.".encode("utf-16-le")])
def test_what_is_no_utf8_is_refused(raw):
    assert refusal(raw) == Reason.BAD_ENCODING


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_is_read_in_the_set_that_its_mark_tells(charset):
    assert text.parse("Größe 2 cm".encode(charset), Origin("r")).studies[0].reports[0].text == "Größe 2 cm"


@pytest.mark.parametrize(
    "raw",
    [
        b"<html><body>No effusion<br><br>Mass</body></html>",
        b"<!DOCTYPE html><p>No effusion</p><p>Mass</p>",
        b"<p>No effusion<p>Mass",
        b"{\\rtf1\\ansi No effusion\\par Mass}",
    ],
)
def test_markup_is_no_text(raw):
    assert text.parse(raw, Origin("r")).studies[0].reports[0].text == "No effusion\n\nMass"


def test_markup_in_another_set_names_it_and_what_is_left_out_is_told():
    parsed = text.parse("<html><meta charset=cp1250><p>ą<img src=x>".encode("cp1250"), Origin("r"))
    assert (parsed.studies[0].reports[0].text, parsed.warnings) == ("ą", ("picture_unread",))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"%PDF-1.4", Reason.UNSUPPORTED_FORMAT),
        (b"<?xml version='1.0'?><report/>", Reason.UNSUPPORTED_TEXT),
    ],
)
def test_markup_that_can_not_be_read_is_refused(raw, reason):
    assert refusal(raw) == reason


def test_limits_hold_at_the_limit_and_one_past_it():
    assert text.parse(b"a" * TEXT_LIMIT, Origin("r")).studies[0].reports[0].text == "a" * TEXT_LIMIT
    assert refusal(b"a" * (TEXT_LIMIT + 1)) == Reason.TOO_LARGE
    assert refusal("é".encode() * (TEXT_LIMIT // 2 + 1)) == Reason.TOO_LARGE
    assert refusal(b"a" * (RAW_LIMIT + 1)) == Reason.TOO_LARGE
    assert text.parse(b"a", Origin("n" * NAME_LIMIT)).external_id == "n" * NAME_LIMIT
    assert refusal(b"a", "n" * (NAME_LIMIT + 1)) == Reason.UNREADABLE
    assert refusal(b"a", "") == Reason.UNREADABLE


def test_a_refusal_names_the_file_and_nothing_of_its_words():
    with pytest.raises(MessageRefusedError) as caught:
        text.parse(b"Jane Doe \xff", Origin("r1"))
    assert (caught.value.source, caught.value.external_id) == ("text", "r1")
    assert "Doe" not in str(caught.value)
