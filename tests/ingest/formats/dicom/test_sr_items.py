"""Items of a content tree by every relationship and value type: what they say is written, or a warning names them."""

import pytest

from ingest.errors import MessageRefusedError
from tests.ingest.formats.dicom.test_parser import read
from tests.ingest.formats.dicom_files import (
    FINDINGS,
    IMPRESSIONS,
    code,
    code_item,
    container,
    item,
    part10,
    report,
    text_item,
)
from tests.vlmkg.rules_helpers import labels

FINDING = ("121071", "DCM", "Finding")
IMPRESSION = ("121073", "DCM", "Impression")
PRESENCE = ("705057003", "SCT", "Presence")
LATERALITY = ("272741003", "SCT", "Laterality")
SITE = ("G-C0E3", "SRT", "Finding Site")
SEVERITY = ("246112005", "SCT", "Severity")
COMMENT = ("121106", "DCM", "Comment")
PROPERTY, EVIDENCE, MODIFIER = "HAS PROPERTIES", "INFERRED FROM", "HAS CONCEPT MOD"


def written(*content, **fields) -> tuple[str, tuple[str, ...]]:
    """Text and warnings of a report with this content."""
    message = read(part10(report(*content, SpecificCharacterSet="ISO_IR 192", **fields)))
    return message.studies[0].reports[0].text, message.warnings


def prop(name, value: str, relationship: str = PROPERTY, **fields):
    return code_item(value, name, RelationshipType=relationship, **fields)


def in_findings(*content) -> tuple[str, tuple[str, ...]]:
    text, warnings = written(container(FINDINGS, *content))
    return text.removeprefix("FINDINGS:\n"), warnings


@pytest.mark.parametrize("relationship", [PROPERTY, MODIFIER, "HAS_PROPERTIES"])
@pytest.mark.parametrize("name", [PRESENCE, ("1", "99X", "Presence"), ("2", "99X", "Finding presence:")])
@pytest.mark.parametrize(("value", "presence"), [("Absent", "N"), ("Present", "P"), ("Possible", "U")])
@pytest.mark.parametrize("kind", [code_item, text_item])
def test_a_finding_is_written_with_its_presence(kind, value, presence, name, relationship):
    finding = kind("Pneumothorax", FINDING, ContentSequence=[prop(name, value, relationship)])
    if kind is text_item and relationship == MODIFIER:
        finding.ContentSequence[0].RelationshipType = PROPERTY
    text, warnings = in_findings(finding)
    assert (text, warnings) == (f"Pneumothorax: {value}.", ())
    assert labels(text)["pneumothorax"] == presence


@pytest.mark.parametrize("kind", [code_item, text_item])
def test_properties_that_say_where_and_how_large_are_written(kind):
    side = prop(LATERALITY, "Left", MODIFIER)
    properties = [prop(SEVERITY, "Small"), prop(SITE, "lower lobe", ContentSequence=[side])]
    text, warnings = in_findings(kind("Consolidation", FINDING, ContentSequence=properties))
    assert (text, warnings) == ("Consolidation: Small, Left lower lobe.", ())


@pytest.mark.parametrize("value", ["Absent", "No", "Negative", "Ruled out", "Not seen", "Unlikely"])
@pytest.mark.parametrize("kind", [code_item, text_item])
def test_a_finding_whose_unknown_property_may_deny_it_is_left_out(kind, value):
    denied = kind("Pneumothorax", FINDING, ContentSequence=[prop(("1", "99X", "Befund"), value)])
    text, warnings = in_findings(denied, text_item("Clear lungs."))
    assert text == "Clear lungs."
    assert set(warnings) & {"coded_content_left_out", "sr_property_left_out"}


def test_a_property_of_a_property_is_not_taken_for_one_of_the_finding():
    """A nodule without calcification is no absent nodule."""
    calcified = prop(("1", "99X", "Calcification"), "Absent")
    text, warnings = in_findings(code_item("Nodule", FINDING, ContentSequence=[calcified]), text_item("Clear lungs."))
    assert (text, warnings) == ("Clear lungs.", ("coded_content_left_out",))


def test_words_below_a_coded_finding_are_written_with_it():
    comment = text_item("Small, on the left.", COMMENT, RelationshipType=PROPERTY)
    assert in_findings(code_item("Pleural effusion", FINDING, ContentSequence=[comment])) == (
        "Pleural effusion: Small, on the left.",
        (),
    )


@pytest.mark.parametrize("relationship", [PROPERTY, EVIDENCE, "CONTAINS", "", "SELECTED FROM", "HAS REMARK"])
@pytest.mark.parametrize("below", ["text", "code", "container", "number", "image"])
def test_sentences_below_any_item_are_written(below, relationship):
    inner = text_item("There is a small left pleural effusion.", FINDING, RelationshipType=relationship or None)
    outer = {
        "text": text_item("The heart is normal.", FINDING),
        "code": code_item("Cardiomegaly", FINDING),
        "container": container(("1", "99X", "Body"), text_item("The heart is normal.")),
        "number": item("NUM", ("1", "99X", "Diameter")),
        "image": item("IMAGE", ("1", "99X", "Source")),
    }[below]
    outer.ContentSequence = [*outer.get("ContentSequence", []), inner]
    text, _ = in_findings(outer)
    assert "There is a small left pleural effusion." in text


def test_evidence_of_an_impression_stands_under_its_own_heading():
    evidence = [
        text_item("Bilateral pleural effusions.", FINDING, RelationshipType=EVIDENCE),
        code_item("Cardiomegaly", FINDING, RelationshipType=EVIDENCE),
        text_item("Clear in May.", ("121069", "DCM", "Previous Finding"), RelationshipType=EVIDENCE),
    ]
    heart = text_item("Heart failure is likely.", IMPRESSION, ContentSequence=evidence)
    text, _ = written(container(IMPRESSIONS, heart, text_item("Follow up.", IMPRESSION)))
    assert text == (
        "IMPRESSION:\nHeart failure is likely.\n\nFINDINGS:\nBilateral pleural effusions.\nCardiomegaly.\n\n"
        "COMPARISON:\nClear in May.\n\nIMPRESSION:\nFollow up."
    )


def test_a_reference_to_another_item_brings_no_words_and_no_warning():
    reference = item("", FINDING, RelationshipType=EVIDENCE, ReferencedContentItemIdentifier=[1, 2, 1])
    del reference.ValueType, reference.ConceptNameCodeSequence
    assert in_findings(text_item("Heart failure.", FINDING, ContentSequence=[reference])) == ("Heart failure.", ())


@pytest.mark.parametrize(
    ("kind", "warning"),
    [
        ("NUM", "sr_number_left_out"),
        ("TABLE", "sr_table_left_out"),
        ("COMPOSITE", "sr_reference_left_out"),
        ("DATE", "sr_date_left_out"),
        ("IMAGE", None),
        ("SCOORD", None),
        ("UIDREF", None),
        ("PNAME", None),
    ],
)
def test_value_types_that_are_no_words_are_named_in_a_warning(kind, warning):
    other = item(kind, ("1", "99X", "Diameter"))
    assert in_findings(other, text_item("Clear lungs.")) == ("Clear lungs.", (warning,) if warning else ())


@pytest.mark.parametrize("relationship", ["HAS OBS CONTEXT", "HAS ACQ CONTEXT", MODIFIER])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        (("121049", "DCM", "Language of Content Item and Descendants"), False),
        (("121012", "DCM", "Device Observer UID"), False),
        (("121058", "DCM", "Procedure reported"), False),
        (("1", "99X", "Patient position"), True),
    ],
)
def test_contexts_are_not_written_and_those_that_may_matter_are_named(name, told, relationship):
    context = code_item("Some value", name, RelationshipType=relationship)
    text, warnings = in_findings(context, text_item("Clear lungs."))
    assert text == "Clear lungs."
    assert bool(warnings) is told


def test_words_below_a_context_are_named():
    observer = item("PNAME", ("121008", "DCM", "Person Observer Name"), RelationshipType="HAS OBS CONTEXT")
    observer.ContentSequence = [text_item("There is a nodule.")]
    assert in_findings(observer, text_item("Clear lungs.")) == ("Clear lungs.", ("sr_context_left_out",))


def test_a_subject_that_is_not_the_patient_is_named():
    fetus = item("CODE", ("121024", "DCM", "Subject Class"), RelationshipType="HAS OBS CONTEXT")
    fetus.ConceptCodeSequence = [code("121026", "DCM", "Fetus")]
    assert in_findings(fetus, text_item("Clear lungs."))[1] == ("sr_subject_not_patient",)


@pytest.mark.parametrize(("other", "heading"), [("9.9.9", "COMPARISON"), ("1.2.3", "FINDINGS")])
def test_a_section_about_another_study_is_of_other_days(other, heading):
    name = ("121018", "DCM", "Procedure Study Instance UID")
    context = item("UIDREF", name, RelationshipType="HAS OBS CONTEXT", UID=other)
    old = container(FINDINGS, context, text_item("Large effusion."))
    assert written(old, container(IMPRESSIONS, text_item("Normal.")))[0].startswith(f"{heading}:\nLarge effusion.")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Pneumothorax", "None", "Pneumothorax: None"),
        ("Pleural effusion", "Absent.", "Pleural effusion: Absent."),
        ("Right lung", "There is a nodule.", "Right lung: There is a nodule."),
        ("Lungs", "There is a nodule.", "There is a nodule."),
        ("Report text", "Clear.", "Clear."),
        ("Finding", "Clear.", "Clear."),
    ],
)
def test_answers_are_written_behind_the_question_that_they_answer(name, value, text):
    assert in_findings(text_item(value, ("1", "99X", name))) == (text, ())


def test_a_coded_answer_is_written_behind_its_question():
    assert in_findings(code_item("Absent", ("1", "99X", "Pneumothorax"))) == ("Pneumothorax: Absent.", ())


@pytest.mark.parametrize("kind", ["TEXT", "CONTAINER", None])
def test_words_on_the_root_are_written(kind):
    text, _ = written(text_item("Clear lungs.", FINDING), ValueType=kind, TextValue="There is a nodule.")
    assert text == "FINDINGS:\nThere is a nodule.\nClear lungs."


def test_words_without_a_value_type_are_written():
    words = text_item("Clear lungs.", FINDING)
    del words.ValueType
    assert in_findings(words)[0] == "Clear lungs."


def test_a_number_of_another_scheme_is_no_heading():
    """121070 is Findings in DICOM's own scheme alone."""
    own = container(
        ("121070", "99PACS", "Clinical Information"), text_item("Rule out pneumonia.", ("1", "99X", "Text"))
    )
    assert written(own, container(FINDINGS, text_item("Clear lungs.")))[0].startswith("CLINICAL INFORMATION:")


@pytest.mark.parametrize("attribute", ["CodeValue", "LongCodeValue", "URNCodeValue"])
def test_a_heading_by_any_kind_of_code_value(attribute):
    section = container(("", "DCM", "Befund"), text_item("Clear lungs.", ("1", "99X", "Text")))
    del section.ConceptNameCodeSequence[0].CodeValue
    setattr(section.ConceptNameCodeSequence[0], attribute, "121072")
    assert written(section)[0] == "IMPRESSION:\nClear lungs."


def test_items_without_a_full_stop_do_not_run_together():
    assert in_findings(text_item("Heart size normal"), text_item("No effusion")) == (
        "Heart size normal\n\nNo effusion",
        (),
    )


def test_what_follows_a_text_with_headings_of_its_own_stands_under_its_own():
    whole = text_item("Clear lungs.\nCOMPARISON: Large effusion in May.")
    assert in_findings(whole, text_item("There is a nodule."))[0] == (
        "Clear lungs.\nCOMPARISON: Large effusion in May.\n\nFINDINGS:\nThere is a nodule."
    )


def test_a_report_of_numbers_alone_says_that_there_was_something():
    with pytest.raises(MessageRefusedError, match="codes, numbers"):
        written(container(FINDINGS, item("NUM", ("1", "99X", "Diameter"))))


@pytest.mark.parametrize(
    "words",
    [
        "<p>No pneumothorax</p><p>Small left effusion</p>",
        "No pneumothorax<br/><br/>Small left effusion",
        "<html><body><div>No pneumothorax</div><div>Small left effusion</div></body></html>",
        "{\\rtf1\\ansi No pneumothorax\\par Small left effusion}",
    ],
)
def test_markup_in_a_text_is_read_as_such(words):
    text, _ = in_findings(text_item(words))
    assert text.split() == ["No", "pneumothorax", "Small", "left", "effusion"]
    assert "pneumothorax\n\nSmall" in text


def test_a_text_that_is_xml_of_an_unknown_kind_is_refused_by_its_name():
    with pytest.raises(MessageRefusedError, match="unsupported_text") as refusal:
        in_findings(text_item("<?xml version='1.0'?><Vendor><p>No effusion</p></Vendor>"))
    assert (refusal.value.source, refusal.value.external_id) == ("dicom", "1.2.3.9")


@pytest.mark.parametrize("name", [FINDING, ("T", "99X", "Text"), ("1", "99X", "Section")])
@pytest.mark.parametrize("words", ["Small left effusion.", "No pneumothorax."])
@pytest.mark.parametrize("above", ["Old rib fracture.", "The heart is enlarged."])
def test_a_text_below_a_text_is_one_of_its_own_however_short(above, words, name):
    below = text_item(words, name, RelationshipType=PROPERTY)
    assert in_findings(text_item(above, FINDING, ContentSequence=[below])) == (f"{above}\n{words}", ())


@pytest.mark.parametrize("words", ["Small left effusion.", "There is a small left effusion."])
def test_a_finding_below_a_coded_one_is_one_of_its_own(words):
    below = text_item(words, FINDING, RelationshipType=PROPERTY)
    assert in_findings(code_item("Cardiomegaly", FINDING, ContentSequence=[below])) == (f"Cardiomegaly.\n{words}", ())


def test_a_sentence_below_a_coded_finding_that_may_deny_it_is_written_without_it():
    below = text_item("It was ruled out on the lateral view.", ("1", "99X", "Befund"), RelationshipType=PROPERTY)
    assert in_findings(code_item("Pneumothorax", FINDING, ContentSequence=[below])) == (
        "It was ruled out on the lateral view.",
        ("coded_content_left_out",),
    )
