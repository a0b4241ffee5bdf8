import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkg.reading.sections import find_sections


def read(text: str) -> list[tuple[str, str]]:
    return [(section.name, text[section.start : section.end].strip()) for section in find_sections(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heart size normal.", [("findings", "Heart size normal.")]),
        (
            "INDICATION: Cough. FINDINGS: No edema. IMPRESSION: 1. Normal",
            [("findings", "No edema."), ("impression", "1. Normal")],
        ),
        ("Impression:\nBig heart.\nFindings:\nClear.", [("impression", "Big heart."), ("findings", "Clear.")]),
        ("IMPRESSION\nNormal chest\nFINDINGS\nclear", [("impression", "Normal chest"), ("findings", "clear")]),
        ("Findings : No edema . Impression : Normal .", [("findings", "No edema ."), ("impression", "Normal .")]),
        ("FINDINGS: x\nADDENDUM #2: y", [("findings", "x"), ("addendum", "y")]),
        ("HISTORY: cough\n\nBig heart.\n\nIMPRESSION: CHF", [("findings", "Big heart."), ("impression", "CHF")]),
        ("COMPARISON: none\n\nClear lungs.", [("findings", "Clear lungs.")]),
        ("The lungs are clear.\nDictated by: Dr. Who", [("findings", "The lungs are clear.")]),
        ("TECHNIQUE: PA and lateral.", []),
        ("", []),
    ],
)
def test_sections(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


def test_exam_tables_banners_and_signatures_are_not_read() -> None:
    text = (
        "JANE ROE, M.D.\n\n********Final Report********\n\nACC#  Date Time  Exam\n\n"
        "1234567890 Jul 15 1994 03:22AM IMG1 XR CHEST\n\nClear lungs.\n\n"
        "Requested By: Roe,Jane M.D.\n\nThis document has been electronically signed by: Jane Roe, M.D. on\n"
        "Jul 15 1994 03:22AM\n"
    )
    assert read(text) == [("findings", "Clear lungs.")]


@given(st.text(alphabet=st.sampled_from("FINDINGS:impresion \n.*İß1"), max_size=200))
def test_sections_are_in_order_and_inside_the_text(text: str) -> None:
    position = 0
    for section in find_sections(text):
        assert position <= section.start <= section.end <= len(text)
        position = section.end
