"""What OBX-5 carries in forms other than lines of text: markup, attachments, codes, numbers, notes."""

import base64

import pytest

from ingest.errors import MessageRefusedError, Reason
from tests.ingest.formats.hl7_messages import MSH, OBR, PID, message, obx, only_report, parse

TEXT = "No pneumothorax.\n\nSmall left pleural effusion."
DOCUMENTS = {
    "HTML": "<html><p>No pneumothorax.</p><p>Small left pleural effusion.</p></html>",
    "RTF": r"{\rtf1\ansi No pneumothorax.\par Small left pleural effusion.\par}",
    "PLAIN": TEXT,
    "XML": "<ClinicalDocument><component><text><paragraph>No pneumothorax.</paragraph>"
    "<paragraph>Small left pleural effusion.</paragraph></text></component></ClinicalDocument>",
}
PDF = base64.b64encode(b"%PDF-1.4 " + b"x" * 300).decode()


def escaped(words: str) -> str:
    signs = {"\\": r"\E\ ", "|": r"\F\ ", "^": r"\S\ ", "~": r"\R\ ", "&": r"\T\ ", "\n": r"\.br\ "}
    return "".join(signs[sign].strip() if sign in signs else sign for sign in words)


def reason(*segments: str) -> Reason:
    with pytest.raises(MessageRefusedError) as caught:
        parse(message(MSH, PID, OBR, *segments))
    return caught.value.reason


@pytest.mark.parametrize("kind", list(DOCUMENTS))
@pytest.mark.parametrize("form", ["TX", "FT", "ED", "ED-A", "ED-hex", "ED-untold", "base64"])
def test_a_document_is_read_in_whatever_form_it_comes(kind, form):
    document = DOCUMENTS[kind]
    data = base64.b64encode(document.encode()).decode()
    value, type_ = {
        "TX": (escaped(document), "TX"),
        "FT": (escaped(document), "FT"),
        "ED": (f"APP^TEXT^{kind}^Base64^{data}", "ED"),
        "ED-A": (f"APP^text^{kind.lower()}^A^{escaped(document)}", "ED"),
        "ED-hex": (f"APP^TEXT^{kind}^Hex^{document.encode().hex()}", "ED"),
        "ED-untold": (f"^^^^{data}", "ED"),
        "base64": (data if kind != "PLAIN" else base64.b64encode(("x " * 100 + TEXT).encode()).decode(), "TX"),
    }[form]
    text = only_report(message(MSH, PID, OBR, obx(value, kind=type_))).text
    assert text.removeprefix("x " * 100) == TEXT


@pytest.mark.parametrize("kind", ["HTML", "RTF"])
def test_a_document_that_was_cut_into_results_is_one(kind):
    document = DOCUMENTS[kind]
    pieces = [document[start : start + 25] for start in range(0, len(document), 25)]
    if kind == "HTML":
        pieces = [f"{piece}>" for piece in document.split(">") if piece]
    lines = [obx(escaped(piece)) for piece in pieces]
    assert only_report(message(MSH, PID, OBR, *lines)).text == TEXT


def test_line_ends_of_the_message_stay_line_ends_beside_tags():
    lines = obx("FINDINGS:<br>No <b>pneumothorax</b>"), obx("Small effusion")
    assert only_report(message(MSH, PID, OBR, *lines)).text == "FINDINGS:\nNo pneumothorax\nSmall effusion"


def test_several_rtf_documents_and_lines_between_them():
    rtf = r"{\rtf1 %s\par}"
    lines = obx(escaped(rtf % "One")), obx("between"), obx(escaped(rtf % "Two"))
    assert only_report(message(MSH, PID, OBR, *lines)).text == "One\n\nbetween\n\nTwo"


@pytest.mark.parametrize("value", [rf"^AP^PDF^Base64^{PDF}", f"^^^^{PDF}", f"^IM^JPEG^Base64^{PDF[:-8]}"])
def test_a_pdf_alone_is_refused_and_beside_text_is_told(value):
    assert reason(obx(value, kind="ED")) is Reason.UNSUPPORTED_FORMAT
    assert reason(obx(PDF)) is Reason.UNSUPPORTED_FORMAT
    for other in (obx(value, kind="ED"), obx(PDF, code="9")):
        parsed = parse(message(MSH, PID, OBR, obx("Clear.", code="&IMP"), other))
        assert parsed.studies[0].reports[0].text == "IMPRESSION:\nClear."
        assert "attachment_unread" in parsed.warnings


@pytest.mark.parametrize(
    ("value", "expected"),
    [("<a xmlns='u'>Mass</a>", Reason.UNSUPPORTED_TEXT), ("^TEXT^RTF^A^none", Reason.UNSUPPORTED_TEXT)],
)
def test_markup_that_can_not_be_read_is_refused_and_beside_text_is_told(value, expected):
    kind = "ED" if "^" in value else "TX"
    assert reason(obx(value, kind=kind)) is expected
    parsed = parse(message(MSH, PID, OBR, obx("Clear.", code="&IMP"), obx(value, kind=kind)))
    assert parsed.studies[0].reports[0].text == "IMPRESSION:\nClear."
    assert {"text_unread", "attachment_unread"} & set(parsed.warnings)


@pytest.mark.parametrize(
    ("result", "text", "warning"),
    [
        (obx("PE^Left effusion^L", kind="CWE", code="&IMP"), "IMPRESSION:\nLeft effusion.", None),
        (obx("PE^^L^^Left effusion?", kind="CE", code="19005-8"), "IMPRESSION:\nLeft effusion?", None),
        (obx("1^One^L~2^Two^L", kind="CNE", code="&GDT"), "FINDINGS:\nOne.\nTwo.", None),
        (obx("4^Suspicious^BIRADS", kind="CWE", code="BIRADS"), "", "coded_value_unread"),
        (obx("5", kind="NM", code="SIZE"), "", "number_unread"),
        (obx("", kind="NM", code="SIZE"), "", None),
        (obx("20260101", kind="DT", code="DAY"), "", None),
        (obx("a^b^AP^PDF", kind="RP", code="LINK"), "", "attachment_unread"),
        (obx("17^UK^ZB", kind="RP", code="LINK"), "", None),
    ],
)
def test_results_that_are_no_text(result, text, warning):
    parsed = parse(message(MSH, PID, OBR, obx("Clear."), result))
    assert parsed.studies[0].reports[0].text == f"Clear.\n{text}".strip()
    assert parsed.warnings == ((warning,) if warning else ())


@pytest.mark.parametrize(
    ("segments", "text", "warning"),
    [
        ((obx("Clear."), "NTE|1|L|Addendum: mass."), "Clear.\n\nAddendum: mass.", None),
        (
            (obx("Cough.", code="11329-0"), "NTE|1||Mass?", obx("Clear.")),
            "HISTORY:\nCough.\nMass?\nFINDINGS:\nClear.",
            None,
        ),
        (("NTE|1|L|Clear.", "NTE|2|L|No mass."), "Clear.\nNo mass.", None),
        (("NTE|1|P|Mass?", obx("Clear.")), "Clear.", "note_unread"),
        (("NTE|1|L|Mass?", obx("Clear.")), "Clear.", "note_unread"),
    ],
)
def test_notes(segments, text, warning):
    parsed = parse(message(MSH, PID, OBR, *segments))
    assert parsed.studies[0].reports[0].text == text
    assert parsed.warnings == ((warning,) if warning else ())


def test_a_note_of_the_placer_alone_is_no_report():
    assert reason("NTE|1|P|Mass?") is Reason.NO_REPORT_TEXT
    assert "note_unread" in parse(message(MSH, PID, "NTE|1||Deaf.", OBR, obx("Clear."))).warnings


@pytest.mark.parametrize(
    "code", ["11329-0", "55115-0^Request", "H^Clinical History", "121060^History^DCM", "X^Reason for exam"]
)
def test_what_is_coded_as_history_ends_with_its_result(code):
    lines = obx("Cough.~~Mass?", code=code), obx("Left effusion.")
    text = only_report(message(MSH, PID, OBR, *lines)).text
    assert text.split("\n")[1:] == ["Cough.", "Mass?", "FINDINGS:", "Left effusion."]


def test_what_follows_with_its_own_heading_gets_no_other():
    lines = obx("Cough.", code="11329-0"), obx("IMPRESSION: Clear.")
    assert only_report(message(MSH, PID, OBR, *lines)).text == "HISTORY:\nCough.\nIMPRESSION: Clear."


@pytest.mark.parametrize(
    ("charset", "value", "words"),
    [
        ("UNICODE UTF-8", r"caf\XC3\\XA9\ 5 \XC2B5\m", "café 5 µm"),
        ("8859/1", r"caf\XE9\ 5 \XB5\m", "café 5 µm"),
        ("8859/1", r"5 \X20AC\, \X2019\, \X4E2D\,\X000d\x", "5 €, ’, 中,\nx"),
        ("8859/1", r"a\X0D\\X0A\b\X0D0A\c\X7C\d", "a\nb\nc|d"),
        ("", r"a\E\.br\E\b\E\R\E\c", "a\nb\\R\\c"),
        ("", r"a\X00E9\\X00E8\b", "aéèb"),
    ],
)
def test_escapes_as_senders_write_them(charset, value, words):
    header = MSH + "|" * 6 + charset if charset else MSH
    assert only_report(message(header, PID, OBR, obx(value))).text == words


@pytest.mark.parametrize(
    ("value", "report"), [("Small left pleural effusion", True), ("Not detected", False), ("5", False)]
)
def test_a_sentence_is_no_value_though_it_has_units(value, report):
    order = "OBR|1|P1|A1|1234^HOUSE CODE^L"
    segments = message(MSH, PID, order, obx(value, kind="ST", units="mm"))
    if report:
        assert only_report(segments).text == value
    else:
        with pytest.raises(MessageRefusedError):
            parse(segments)
