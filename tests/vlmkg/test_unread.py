import pytest

from vlmkg.pipeline import load_engine, read_reports

ENGINE = load_engine("rules")


def warnings(text: str) -> list[str]:
    return [warning.reason for warning in read_reports(ENGINE, [text])[0].warnings]


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: Clear lungs.\n\nCOMPARISON:\nNone.\nThere is a large left effusion.",
        "HISTORY: Cough. The heart is enlarged.\nFINDINGS: Clear lungs.",
        "TECHNIQUE: AP portable. Small left pneumothorax.\nFINDINGS: Clear lungs.",
        "INDICATION: Cough. Small left effusion.\nFINDINGS: Clear lungs.",
    ],
)
def test_findings_among_text_that_is_set_aside_are_warned_of(text: str) -> None:
    assert warnings(text) == ["text_set_aside"]


@pytest.mark.parametrize(
    "text",
    [
        "INDICATION: Cough, COPD.\nFINDINGS: Clear lungs.",
        "INDICATION: Evaluate for large left effusion.\nFINDINGS: Clear lungs.",
        "HISTORY: 65 year old with known lung cancer and left effusion.\nFINDINGS: Clear lungs.",
        "COMPARISON: CT chest of May. TECHNIQUE: Lateral view of the chest. FINDINGS: Clear lungs.",
        "INDICATION: There is no pneumothorax.\nFINDINGS: Clear lungs.",
        "FINDINGS: Clear lungs.\nDictated by: Dr. Mass",
    ],
)
def test_complaints_questions_and_exam_names_are_not(text: str) -> None:
    assert warnings(text) == []


@pytest.mark.parametrize("text", ["INDICATION: Cough.", "FINDINGS:", "See the other report.", "Dictated by: Dr. Who"])
def test_a_report_that_gives_nothing_is_warned_of(text: str) -> None:
    assert warnings(text) == ["nothing_read"]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_text_is_no_warning(text: str) -> None:
    assert warnings(text) == []


def test_a_reading_says_what_was_set_aside_and_why() -> None:
    text = "EXAM: CXR\nINDICATION: Cough.\nFINDINGS: Clear lungs.\nRECOMMENDATION: CT.\nDictated by: Dr. Who"
    (reading,) = read_reports(ENGINE, [text])
    assert [(one.reason, text[one.start : one.end].strip()) for one in reading.set_aside] == [
        ("heading", "EXAM:"),
        ("exam", "CXR"),
        ("heading", "INDICATION:"),
        ("indication", "Cough."),
        ("heading", "FINDINGS:"),
        ("heading", "RECOMMENDATION:"),
        ("advice", "CT."),
        ("heading", "Dictated by:"),
        ("sign_off", "Dr. Who"),
    ]
