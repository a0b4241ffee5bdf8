"""Which lines are segments, which go on with a text, and what is told of lines that nobody reads."""

import pytest

from ingest.errors import MessageRefusedError, Reason
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, only_report, parse

WORDS = ["CXR", "RUL", "LLL", "NTE", "OBX", "T12", "PID", "No effusion."]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("line", WORDS)
def test_a_line_of_a_text_that_resembles_a_segment_is_text(line, end):
    result = obx("Before").replace("Before", f"Before{end}{line}{end}After")
    assert only_report(message(MSH, PID, OBR, result)).text == f"Before\n{line}\nAfter"


def test_a_line_with_a_name_and_a_separator_is_text_where_no_segment_has_that_name():
    result = obx("Before").replace("Before", "Before\nRUL|5 mm\nAfter")
    parsed = parse(message(MSH, PID, OBR, result))
    assert parsed.studies[0].reports[0].text == "Before\nRUL|5 mm\nAfter"
    assert "unescaped_separator" in parsed.warnings


@pytest.mark.parametrize(
    ("segment", "warning"),
    [
        ("ZNO|1|There is a nodule in the right lung", "local_segment_unread"),
        ("DG1|1||J90^Pleural effusion", "clinical_segment_unread"),
        ("ABX|1|Mass", "line_unread"),
        ("and a pneumothorax", "line_unread"),
    ],
)
def test_what_is_not_read_is_told(segment, warning):
    parsed = parse(message(MSH, PID, OBR, obx("Clear."), segment))
    assert parsed.studies[0].reports[0].text == "Clear."
    assert parsed.studies[0].reports[0].status == "F"
    assert warning in parsed.warnings


@pytest.mark.parametrize("segment", ["", "PV1", "ZXX", "ZPF|1|10^IMG XR", "PV1||O", "SFT|x", "..."])
def test_segments_without_words_are_not_told(segment):
    assert parse(message(MSH, PID, OBR, obx("Clear."), segment)).warnings == ()


@pytest.mark.parametrize("cut", [1, 8, 20, 30, 40])
def test_a_segment_that_goes_on_in_add_is_whole(cut):
    whole = obx("No effusion. Small pneumothorax.")
    parts = whole[:cut], f"ADD|{whole[cut:]}"
    if cut < 20:
        return
    assert only_report(message(MSH, PID, OBR, *parts)).text == "No effusion. Small pneumothorax."


def test_several_add_segments_follow_one_another():
    parts = ["OBX|1|TX|1||No effu", "ADD|sion. Small ", "ADD|mass.||||||C"]
    report = only_report(message(MSH, PID, OBR.removesuffix("F"), *parts))
    assert (report.text, report.status) == ("No effusion. Small mass.", "C")


@pytest.mark.parametrize(
    "segments",
    [
        (MSH, PID, OBR, obx("Clear."), "DSC|4711|F"),
        (MSH + "||4711", "ADD|rest"),
        (MSH + "||4711", obx("Clear.")),
        (MSH, "ADD|rest"),
    ],
)
def test_a_part_of_a_message_is_refused(segments):
    with pytest.raises(MessageRefusedError) as caught:
        parse(message(*segments))
    assert caught.value.reason is Reason.FRAGMENT


@pytest.mark.parametrize(
    ("line", "text", "status"),
    [
        ("OBX|1|TX|1||Nodule | 5 mm||||||C", "Nodule | 5 mm", "C"),
        ("OBX|1|TX|1||One | two | three||||||C", "One | two | three", "C"),
        ("OBX|1|FT|1||Nodule | 5 mm in the lung", "Nodule | 5 mm in the lung", "F"),
        ("OBX|1|ST|1||Nodule|mm|N|||N|C", "Nodule", "C"),
        ("OBX|1|TX|1||Clear.|of the chest||||F|C", "Clear.", "C"),
    ],
)
def test_separators_in_a_text_that_nobody_escaped(line, text, status):
    parsed = parse(message(MSH, PID, OBR.removesuffix("F"), line))
    report = parsed.studies[0].reports[0]
    assert (report.text, report.status if status == "C" else "F") == (text, status)
    assert ("unescaped_separator" in parsed.warnings) is ("|" in text)


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("Nodule of ~5 mm", ["Nodule of ~5 mm"]),
        ("Clear.~5 mm nodule", ["Clear.", "5 mm nodule"]),
        ("List: ~1. Mass", ["List:", "1. Mass"]),
    ],
)
def test_a_tilde_before_a_size_is_no_line_end(value, lines):
    assert only_report(message(MSH, PID, OBR, obx(value))).text.split("\n") == lines
