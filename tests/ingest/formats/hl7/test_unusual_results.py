"""Results that say that there is no result, that came out of HTML, or that name the study in another place."""

import pytest

from ingest.errors import MessageRefusedError, Reason
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, only_report, only_study, parse

SEEN = "Small left effusion."


@pytest.mark.parametrize("status", ["X", "N"])
def test_a_line_without_a_result_is_not_read(status):
    parsed = parse(message(MSH, PID, OBR, obx(SEEN), obx("Right pneumothorax.", status=status)))
    assert parsed.studies[0].reports[0].text == SEEN
    assert parsed.warnings == ("text_unread",)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Nodule &lt; 5 mm", "Nodule < 5 mm"),
        ("Heart &amp; lungs normal", "Heart & lungs normal"),
        ("No effusion.&nbsp;Old fracture", "No effusion.\xa0Old fracture"),
        ("pH &#8805; 7", "pH \u2265 7"),
        ("R&amp;D; A&E; AT&T;", "R&D; A&E; AT&T;"),
        ("Heart & lungs", "Heart & lungs"),
    ],
)
def test_entities_without_tags_are_characters(sent, read):
    assert only_report(message(MSH, PID, OBR, obx(sent.replace("&", "\\T\\")))).text == read
    assert only_report(message(MSH, PID, OBR, obx(sent))).text == read


@pytest.mark.parametrize("name", ["findings", "Impression", "ns:text", "RESULT_1"])
def test_elements_of_unknown_names_are_refused_and_not_read_as_words(name):
    with pytest.raises(MessageRefusedError) as caught:
        parse(message(MSH, PID, OBR, obx(f"<{name}>{SEEN}</{name}>"), obx("Old rib fracture.")))
    assert caught.value.reason is Reason.UNSUPPORTED_TEXT


@pytest.mark.parametrize("text", ["Nodule <small> in the apex", "Nodule <5 mm, mass >3 cm", "<DOE> was called", "a</b"])
def test_signs_alone_are_no_elements(text):
    assert "\n" not in only_report(message(MSH, PID, OBR, obx(text))).text


def test_a_set_that_is_never_left_is_told():
    parsed = parse(message(MSH, PID, OBR, obx(SEEN + r" \M2442\ No pneumothorax.")))
    assert parsed.studies[0].reports[0].text.startswith(SEEN)
    assert "undecodable_character" in parsed.warnings


@pytest.mark.parametrize(
    "segment",
    [
        "IPC|A1|RP1|1.2.840.99.1|SPS1|CR",
        "ZDS|1.2.840.99.1^RIS^Application^DICOM",
        "OBX|2|HD|113014^DICOM Study^DCM||1.2.840.99.1||||||F",
        "OBX|2|ST|110180^Study Instance UID^DCM||1.2.840.99.1||||||F",
    ],
)
def test_places_of_the_study_uid(segment):
    study = only_study(message(MSH, PID, OBR, obx(SEEN), segment))
    assert (study.study_uid, study.reports[0].text) == ("1.2.840.99.1", SEEN)


@pytest.mark.parametrize(("sent", "sex"), [("F", "female"), ("Male", "male"), ("FEMALE", "female"), ("x", None)])
def test_sex_by_letter_or_word(sent, sex):
    assert only_study(message(MSH, PID.removesuffix("F") + sent, OBR, obx(SEEN))).patient.sex == sex


@pytest.mark.parametrize("birth", ["1960", "196004", "19600402", "1960-04-02"])
def test_the_year_of_birth_needs_no_day(birth):
    patient = only_study(message(MSH, PID.replace("19600402", birth), OBR, obx(SEEN))).patient
    assert patient.birth_date is not None
    assert patient.birth_date.year == 1960
