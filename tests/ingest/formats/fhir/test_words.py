"""What a DiagnosticReport says in words, whatever the part: read once, or told by a warning that names the part."""

import base64

import pytest

from ingest.errors import Reason
from ingest.formats.cleaning import MARKUP_LIMIT
from ingest.formats.fhir.text import is_said, one_text
from ingest.messages import ReportFacts
from tests.ingest.formats.fhir.test_identity import bundle, entry
from tests.ingest.formats.fhir.test_parser import diagnostic_report, form, parse, refusal
from vlmkg.reading.sections import find_sections

TEXT = "FINDINGS:\nNo pneumothorax.\nSmall left effusion.\n\nIMPRESSION:\nEffusion; size 2 cm."
HTML = b"<p>FINDINGS:<br>No pneumothorax.<br>Small left effusion.</p><p>IMPRESSION:<br>Effusion; size 2 cm.</p>"
RTF = (
    rb"{\rtf1\ansi FINDINGS:\line No pneumothorax.\line Small left effusion.\par\par"
    rb" IMPRESSION:\line Effusion; size 2 cm.}"
)


def read(**fields: object) -> tuple[ReportFacts, set[str]]:
    subject = {"identifier": {"system": "urn:north", "value": "7"}}
    parsed = parse(diagnostic_report(**({"conclusion": None, "subject": subject} | fields)))
    ((report,),) = (study.reports for study in parsed.studies)
    return report, set(parsed.warnings)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (HTML, "text/html"),
        (HTML, "text/html; charset=utf-8"),
        (HTML, "text/plain"),
        (HTML, ""),
        (b"<html><body>" + HTML + b"</body></html>", "application/xhtml+xml"),
        (RTF, "text/rtf"),
        (RTF, "application/rtf"),
        (RTF, "text/plain"),
        (TEXT.encode(), ""),
        (TEXT.encode("utf-16"), "text/plain; charset=UTF-16"),
        (TEXT.encode("utf-16-le"), "text/plain; charset=UTF-16LE"),
        (TEXT.encode("utf-8-sig"), "text/plain"),
        (TEXT.replace("\n", "\\.br\\").encode(), "text/plain"),
        (TEXT.replace("\n", "\\E\\.br\\E\\").encode(), "text/plain"),
    ],
)
def test_a_form_in_any_format_says_the_same(raw, kind):
    report, warnings = read(presentedForm=[form(raw, kind)])
    assert (squeezed(report.text), warnings) == (squeezed(TEXT), set())
    assert len(find_sections(report.text)) == 2


@pytest.mark.parametrize(
    ("charset", "named", "warnings"),
    [
        ("iso-8859-15", "; charset=iso-8859-15", set()),
        ("cp1252", "; charset=iso-8859-1", set()),
        ("cp1250", "; charset=windows-1250", set()),
        ("cp1252", "", set()),
        ("utf-8", "; charset=iso-8859-1", set()),
        ("cp1252", "; charset=utf-8", {"charset_mismatch"}),
    ],
)
def test_the_letters_of_a_form(charset, named, warnings):
    text = "Größe 2 cm, kein Erguß."
    report, found = read(presentedForm=[form(text.encode(charset), f"text/plain{named}")])
    assert (report.text, found) == (text, warnings)


@pytest.mark.parametrize("data", ["RWZmdXNpb24u", "RWZm\ndXNpb24u", base64.urlsafe_b64encode(b"Effusion.").decode()])
def test_base64_in_any_of_its_ways(data):
    assert read(presentedForm=[{"contentType": "text/plain", "data": data}])[0].text == "Effusion."


PDF = form(b"%PDF-1.4 ...", "application/pdf")
PICTURE = form(b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg")
LINK = {"contentType": "text/plain", "url": "http://north/Binary/1"}


@pytest.mark.parametrize(
    ("attachment", "reason", "warning"),
    [
        (PDF, Reason.UNSUPPORTED_FORMAT, "attachment_unread"),
        (PDF | {"contentType": ""}, Reason.UNSUPPORTED_FORMAT, "attachment_unread"),
        (PDF | {"contentType": "text/plain"}, Reason.UNSUPPORTED_FORMAT, "attachment_unread"),
        (PICTURE, Reason.UNSUPPORTED_FORMAT, "attachment_unread"),
        (PICTURE | {"contentType": ""}, Reason.UNSUPPORTED_FORMAT, "attachment_unread"),
        (form(b"<a/>", "application/xml"), Reason.UNSUPPORTED_TEXT, "attachment_unread"),
        (LINK, Reason.NO_REPORT_TEXT, "attachment_elsewhere"),
    ],
)
def test_a_form_that_is_not_read_is_refused_alone_and_told_beside_words(attachment, reason, warning):
    assert refusal(diagnostic_report(conclusion=None, presentedForm=[attachment])).reason == reason
    report, warnings = read(presentedForm=[attachment], conclusion="Effusion.")
    assert (report.text, warnings) == ("IMPRESSION:\nEffusion.", {warning})


def test_a_form_in_a_binary_of_the_message_is_read():
    report = diagnostic_report(conclusion=None, presentedForm=[{"contentType": "text/plain", "url": "urn:uuid:9"}])
    held = {"resourceType": "Binary", "contentType": "text/plain", "data": base64.b64encode(b"Effusion.").decode()}
    parsed = parse(bundle(entry(report), entry(held, fullUrl="urn:uuid:9")))
    assert parsed.studies[0].reports[0].text == "Effusion."
    assert parsed.warnings == ("patient_by_reference",)


def test_forms_that_show_the_same_are_read_once():
    forms = [form(b"See attachment."), form(HTML, "text/html"), form(TEXT.encode()), form(RTF, "text/rtf")]
    report, warnings = read(presentedForm=forms)
    assert (squeezed(report.text), warnings) == (f"See attachment. {squeezed(TEXT)}", set())


def test_the_markup_of_all_forms_has_one_bound():
    forms = [form(f"Effusion {number}.{'<p>' * (MARKUP_LIMIT // 4)}".encode(), "text/html") for number in range(5)]
    assert read(presentedForm=forms[:4])[0].text.startswith("Effusion 0.")
    assert refusal(diagnostic_report(conclusion=None, presentedForm=forms)).reason == Reason.TOO_LARGE


def test_of_several_languages_english_is_read():
    german = form("Kleiner Erguß.".encode()) | {"language": "de-AT"}
    english = form(b"Small effusion.") | {"language": "en-GB"}
    report, warnings = read(presentedForm=[german, english])
    assert (report.text, warnings) == ("Small effusion.", {"attachment_in_another_language"})
    assert read(presentedForm=[german])[0].text == "Kleiner Erguß."


@pytest.mark.parametrize(
    "conclusion", ["<p>No pneumothorax</p><p>Left effusion</p>", "No pneumothorax<br/><br/>Left effusion"]
)
def test_markup_in_the_conclusion_is_no_words(conclusion):
    assert read(conclusion=conclusion)[0].text == "IMPRESSION:\nNo pneumothorax\n\nLeft effusion"


@pytest.mark.parametrize(
    ("body", "conclusion", "added"),
    [
        ("INDICATION: Pneumonia.\nFINDINGS: Opacity.", "Pneumonia.", True),
        ("HISTORY: Known effusion\nFINDINGS: Blunted angle.", "Known effusion", True),
        ("FINDINGS: No effusion.", "Effusion", True),
        ("FINDINGS: Effusion is not seen.", "Effusion", True),
        ("FINDINGS: There is no\neffusion.", "Effusion", True),
        ("FINDINGS: Clear.\nIMPRESSION: Effusion.", "Effusion", False),
        ("FINDINGS: Clear. Effusion.\nHeart normal.", "effusion.", False),
        ("IMPRESSION:\n1. Small\n   effusion.\n2. Edema.", "Small effusion", False),
        ("Clear lungs. Effusion.", "Effusion.", False),
    ],
)
def test_a_conclusion_is_said_by_whole_sentences_of_what_is_read_alone(body, conclusion, added):
    report, _ = read(presentedForm=[form(body.encode())], conclusion=conclusion)
    assert report.text.endswith(f"IMPRESSION:\n{conclusion}") == added


@pytest.mark.parametrize(
    "body",
    [
        "Clear lungs. Small effusion.",
        "Small effusion.\nCOMPARISON: none.",
        "HISTORY: cough\n\nSmall effusion.",
        "INDICATION: cough\n\nSmall effusion.\n\nHeart normal.",
        "TECHNIQUE: two views\nFINDINGS: Small effusion.",
        "EXAM: chest\nCHEST: Small effusion.",
    ],
)
def test_what_is_read_of_a_body_is_read_of_it_beside_a_conclusion_too(body):
    text = one_text(body, [("IMPRESSION", "Edema.")])
    alone = [squeezed(body[start:end]) for _, start, end in find_sections(body)]
    beside = [squeezed(text[start:end]) for _, start, end in find_sections(text)]
    assert beside == [*alone, "Edema."]


def test_long_words_are_said_whatever_stands_round_them():
    words = " ".join(f"word{number}" for number in range(300))
    assert is_said(words, [f"Dear {words} yours"])
    assert not is_said(words, ["word1 word2"])


def observation(**fields: object) -> dict:
    return {"resourceType": "Observation", "status": "final", **fields}


FINDING = {"coding": [{"system": "http://loinc.org", "code": "59776-5"}]}
EXAM = {"text": "Chest X-ray, 2 views"}
HISTORY = {"coding": [{"system": "http://loinc.org", "code": "11329-0"}]}


@pytest.mark.parametrize(
    ("fields", "expected", "warnings"),
    [
        ({"valueString": "Small effusion."}, "FINDINGS:\nSmall effusion.", set()),
        ({"valueString": "Small effusion.", "code": FINDING}, "FINDINGS:\nSmall effusion.", set()),
        ({"valueString": "<p>Small effusion.</p>", "code": {"text": "Findings"}}, "FINDINGS:\nSmall effusion.", set()),
        ({"valueString": "Old effusion.", "code": HISTORY}, "HISTORY:\nOld effusion.", set()),
        ({"valueString": "Edema.", "code": {"text": "Impression"}}, "IMPRESSION:\nEdema.", set()),
        ({"valueString": "Small effusion.", "code": EXAM}, "FINDINGS:\nSmall effusion.", set()),
        ({"valueString": "absent", "code": {"text": "Pneumothorax"}}, "", {"result_unread"}),
        ({"valueBoolean": False, "code": {"text": "Pneumothorax"}}, "", {"result_unread"}),
        ({"valueQuantity": {"value": 3}, "code": FINDING}, "", {"result_unread"}),
        ({"valueString": "Edema.", "status": "entered-in-error"}, "", set()),
        ({"valueString": "Edema.", "note": [{"text": "or not"}]}, "FINDINGS:\nEdema.", {"result_unread"}),
    ],
)  # fmt: skip
def test_results_that_stand_for_themselves_are_read(fields, expected, warnings):
    own = [{"id": "o", **observation(**fields)}]
    report, found = read(contained=own, result=[{"reference": "#o"}], conclusion="See results.")
    text = f"{expected}\n\nIMPRESSION:\nSee results." if expected else "IMPRESSION:\nSee results."
    joined = text.replace("Edema.\n\nIMPRESSION:\nSee", "Edema.\n\nSee") if expected.startswith("IMP") else text
    assert (report.text, found) == (joined, warnings)


def test_results_that_repeat_the_form_are_not_read_again():
    own = [{"id": "o", **observation(valueString="Small left effusion.", code=FINDING)}]
    report, _ = read(contained=own, result=[{"reference": "#o"}], presentedForm=[form(TEXT.encode())])
    assert report.text == TEXT


@pytest.mark.parametrize("last", ["result", "conclusion"])
def test_a_sentence_under_two_headings_is_said_under_both(last):
    own = [observation(id="o", code={"text": "Findings"}, valueString="Lungs clear. Mild cardiomegaly.")]
    fields = {"conclusion": "Mild cardiomegaly."}
    if last == "result":
        own.append(observation(id="p", code={"text": "Impression"}, valueString="Mild cardiomegaly."))
        fields = {"conclusion": None}
    again = observation(id="q", code={"text": "Findings"}, valueString="Mild cardiomegaly.")
    results = [{"reference": f"#{each['id']}"} for each in [*own, again]]
    report, _ = read(contained=[*own, again], result=results, **fields)
    assert squeezed(report.text) == "FINDINGS: Lungs clear. Mild cardiomegaly. IMPRESSION: Mild cardiomegaly."


def test_results_of_a_panel_are_followed_and_circles_are_not():
    one = {"id": "a", **observation(hasMember=[{"reference": "#b"}, {"reference": "#a"}])}
    two = {"id": "b", **observation(valueString="Edema.", hasMember=[{"reference": "#a"}])}
    report, warnings = read(contained=[one, two], result=[{"reference": "#a"}])
    assert (report.text, warnings) == ("FINDINGS:\nEdema.", set())


def test_a_conclusion_that_stands_in_a_history_by_results_is_read():
    own = [{"id": "o", **observation(valueString="Effusion.", code=HISTORY)}]
    report, _ = read(contained=own, result=[{"reference": "#o"}], conclusion="Effusion.")
    assert report.text == "HISTORY:\nEffusion.\n\nIMPRESSION:\nEffusion."


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"presentedForm": [form(b"Effusion %d." % number) for number in range(51)]}, "attachment_unread"),
        ({"conclusionCode": [{"text": f"Effusion {number}"} for number in range(1001)]}, "conclusion_code_unread"),
        (
            {
                "contained": [
                    {"id": f"o{number}", **observation(valueString=f"Edema {number}.")} for number in range(1001)
                ],
                "result": [{"reference": f"#o{number}"} for number in range(1001)],
            },
            "result_unread",
        ),
    ],
)
def test_of_very_many_parts_those_that_are_left_out_are_told(fields, warning):
    assert warning in read(**fields)[1]


def test_results_that_are_not_in_the_message_are_told():
    report, warnings = read(result=[{"reference": "Observation/1"}, {"display": "x"}], conclusion="Edema.")
    assert (report.text, warnings) == ("IMPRESSION:\nEdema.", {"result_elsewhere"})


@pytest.mark.parametrize(
    ("concept", "expected", "warnings"),
    [
        ({"text": "Pleural effusion"}, "Normal heart.\n\nPleural effusion.", set()),
        ({"coding": [{"display": "Pleural effusion (disorder)"}]}, "Normal heart.\n\nPleural effusion.", set()),
        ({"coding": [{"code": "60046008"}]}, "Normal heart.", {"conclusion_code_unread"}),
        ({"text": "Normal heart"}, "Normal heart.", set()),
    ],
)  # fmt: skip
def test_a_coded_conclusion_is_read_by_its_words(concept, expected, warnings):
    report, found = read(conclusion="Normal heart.", conclusionCode=[concept])
    assert (report.text, found) == (f"IMPRESSION:\n{expected}", warnings)


def narrative(status: str, words: str) -> dict:
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'}


def test_an_additional_narrative_is_read_beside_a_form():
    report, _ = read(text=narrative("additional", "<p>Edema.</p>"), presentedForm=[form(b"Effusion.")])
    assert report.text == "Effusion.\n\nEdema."
    again, _ = read(text=narrative("additional", "<p>Effusion.</p>"), presentedForm=[form(b"Effusion.")])
    assert again.text == "Effusion."


def test_a_narrative_of_extensions_is_told():
    text = narrative("extensions", "Edema.")
    assert read(text=text, conclusion="Effusion.")[1] == {"narrative_unread"}


CANCELLED = {"resourceType": "ImagingStudy", "id": "s", "status": "cancelled"}
LINKED = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:north", "value": "7"}],
    "link": [{"other": {"reference": "Patient/8"}, "type": "replaced-by"}],
}


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"media": [{"comment": "Effusion", "link": {"reference": "Media/1"}}]}, "media_comment_unread"),
        ({"extension": [{"url": "urn:north:addendum", "valueString": "Effusion"}]}, "extension_unread"),
        ({"_conclusion": {"extension": [{"url": "urn:x", "valueString": "Effusion"}]}}, "extension_unread"),
        ({"contained": [{"resourceType": "Condition", "id": "c"}]}, "condition_unread"),
        ({"contained": [{"resourceType": "Observation", "id": "o"}]}, "observation_unread"),
        ({"effectiveDateTime": "1 March 2026"}, "unreadable_time study_time_of_report"),
        ({"effectiveDateTime": "2026-03-01T09:00:00"}, "time_without_zone"),
        ({"imagingStudy": [{"reference": "#s"}], "contained": [CANCELLED]}, "study_status_unread"),
        ({"subject": {"reference": "#p"}, "contained": [LINKED]}, "patient_link_unread"),
    ],
)
def test_what_is_not_read_is_told_by_name(fields, warning):
    assert read(conclusion="Edema.", **fields)[1] == set(warning.split())


def test_clinical_resources_that_nothing_leads_to_are_told_by_name():
    others = [{"resourceType": kind} for kind in ("DocumentReference", "Composition", "Organization")]
    parsed = parse(bundle(entry(diagnostic_report()), *map(entry, others)))
    assert set(parsed.warnings) == {"patient_by_reference", "document_reference_unread", "composition_unread"}


@pytest.mark.parametrize(
    ("text", "addendum"),
    [
        ("ADDENDUM: Small effusion.", True),
        ("Addendum 1: Small effusion. Discussed.", True),
        ("*** ADDENDUM ***\nSmall effusion.", True),
        ("FINDINGS: Clear.\nADDENDUM: Small effusion.", False),
        ("ADDENDUM: Small effusion.\nFINDINGS: Clear.", False),
        ("Clear lungs. Small effusion was added.", False),
    ],
)
def test_an_appended_report_replaces_unless_it_is_the_addendum_alone(text, addendum):
    report, _ = read(status="appended", presentedForm=[form(text.encode())])
    assert (report.status, report.addendum) == ("C", addendum)
