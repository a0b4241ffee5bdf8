import pytest

from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, only_report, only_study
from vlmkg.reading.sections import find_sections


def text_of(*results: str) -> str:
    return only_report(message(MSH, PID, OBR, *results)).text


def lines(code: str, *texts: str) -> list[str]:
    return [obx(text, kind="ST", code=code) for text in texts]


def read(text: str) -> list[tuple[str, str]]:
    return [(section.name, text[section.start : section.end].strip()) for section in find_sections(text)]


def test_repetitions_and_break_sequences_end_lines():
    assert text_of(obx(r"FINDINGS:~Clear.\.br\Normal heart.\.sp2\No effusion.")) == (
        "FINDINGS:\nClear.\nNormal heart.\nNo effusion."
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"5 \T\ 6", "5 & 6"), (r"a \F\ b", "a | b"), (r"\S\18F-FDG", "^18F-FDG"), (r"\R\2 cm", "~2 cm"),
        (r"C:\E\x", "C:\\x"), (r"\H\mass\N\ seen", "mass seen"), (r"37\XB0\C", "37°C"), (r"a\X0D0A\b", "a\nb"),
        (r"\Zlocal\clear", "clear"), (r"\E\F\E\ stays", r"\F\ stays"), (r"50\100 lost", r"50\100 lost"),
        ("a^b&c", "a^b&c"), (r"\.in+4\indented", "indented"),
    ],
)  # fmt: skip
def test_escape_sequences(written, meant):
    assert text_of(obx(written)) == meant


def test_impression_lines_without_a_heading_get_one():
    text = text_of(*lines("&GDT", "The lungs are clear."), *lines("&IMP", "No acute", "disease."))
    assert read(text) == [("findings", "The lungs are clear."), ("impression", "No acute\ndisease.")]


def test_headings_of_the_senders_own_are_not_doubled():
    text = text_of(*lines("&GDT", "FINDINGS: Clear."), *lines("&IMP", "IMPRESSION: ", "Normal."))
    assert text == "FINDINGS: Clear.\nIMPRESSION:\nNormal."


def test_findings_below_the_exams_name_and_an_indication_are_found():
    general = lines("&GDT", "EXAMINATION: Chest", "INDICATION: rule out", "pneumonia", "", "The lungs are clear.", "")
    text = text_of(*general, *lines("&IMP", "Normal."))
    assert read(text) == [("findings", "The lungs are clear."), ("impression", "Normal.")]


def test_findings_straight_below_the_exams_name_are_found():
    text = text_of(*lines("&GDT", "EXAM: Chest 2 views", "The lungs are clear."), *lines("&IMP", "Normal."))
    assert read(text) == [("findings", "The lungs are clear."), ("impression", "Normal.")]


def test_a_description_of_the_exams_name_alone_gets_no_empty_findings():
    text = text_of(*lines("&GDT", "EXAMINATION: Chest", ""), *lines("&IMP", "IMPRESSION:", "Normal.", "Dictated by: X"))
    assert text.count("FINDINGS") == 0
    assert read(text) == [("impression", "Normal.")]


def test_a_signature_on_top_of_an_impression_does_not_hide_it():
    text = text_of(*lines("&GDT", "Clear."), *lines("&IMP", "Dictated by: A. Smith, M.D.", "Small effusion."))
    assert ("impression", "Small effusion.") in read(text)


@pytest.mark.parametrize(
    ("code", "heading"),
    [
        ("71020&IMP^CHEST", "IMPRESSION"), ("19005-8^Impression^LN", "IMPRESSION"), ("IMPRESSION", "IMPRESSION"),
        ("59776-5^Findings^LN", "FINDINGS"), ("1^FINDINGS:", "FINDINGS"), ("18785-6^Reason^LN", "INDICATION"),
        ("&REC", "RECOMMENDATION"),
    ],
)  # fmt: skip
def test_codes_and_words_of_obx_3_name_sections(code, heading):
    assert text_of(*lines(code, "Some words."), obx("FINDINGS: Clear.")).startswith(f"{heading}:\nSome words.")


def test_a_question_of_the_referrer_is_not_read_as_a_finding():
    text = text_of(*lines("INDICATION", "Pneumonia?"), *lines("FINDINGS", "The lungs are clear."))
    assert read(text) == [("findings", "The lungs are clear.")]


def test_an_addendum_stands_beside_the_report():
    study = only_study(message(MSH, PID, OBR, *lines("&GDT", "Clear."), *lines("&ADT", "Rib fracture.")))
    assert [(report.text, report.addendum) for report in study.reports] == [
        ("FINDINGS:\nClear.", False),
        ("ADDENDUM:\nRib fracture.", True),
    ]
    assert {report.report_id for report in study.reports} == {"A1"}
    assert read(study.reports[1].text) == [("addendum", "Rib fracture.")]


def test_an_addendum_can_come_alone():
    (report,) = only_study(message(MSH, PID, OBR, *lines("&ADT", "ADDENDUM: Rib fracture."))).reports
    assert (report.text, report.addendum) == ("ADDENDUM: Rib fracture.", True)


def test_results_that_forgot_their_type_are_words():
    assert text_of(obx("Clear.", kind="")) == "Clear."


def test_control_characters_never_reach_the_text():
    assert text_of(obx("a\x00b\x07c")) == "a b c"
