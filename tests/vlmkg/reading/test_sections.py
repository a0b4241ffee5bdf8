import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vlmkg.section_texts import ASIDE, DRESSES, NAMES, STATEMENTS, heading
from vlmkg.reading.rules.report import read_report
from vlmkg.reading.sections import find_sections, find_set_aside, partition
from vlmkg.report_parts import READ, Part


def read(text: str) -> list[tuple[str, str]]:
    return [(section.name, text[section.start : section.end].strip()) for section in find_sections(text)]


def facts(text: str) -> list[tuple[str, str]]:
    return [(one.text.lower(), one.presence.value) for one in read_report(text).mentions]


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
        ("Large effusion.\nIMPRESSION: CHF", [("findings", "Large effusion."), ("impression", "CHF")]),
        ("Nodule. Location: left apex.", [("findings", "Nodule. Location: left apex.")]),
        ("cough COMPARISON: none FINDINGS: clear", [("findings", "cough"), ("findings", "clear")]),
        (
            "FINDINGS The heart is big. IMPRESSION Normal.",
            [("findings", "The heart is big."), ("impression", "Normal.")],
        ),
        ("FINDINGS COULD REPRESENT EDEMA.", [("findings", "FINDINGS COULD REPRESENT EDEMA.")]),
        ("PROVISIONAL FINDINGS: CHF", [("impression", "CHF")]),
        ("PROVISIONAL FINDINGS: CHF\nFINDINGS: Clear", [("findings", "Clear")]),
        (
            "FINDINGS: Clear.\nIMPRESSION: 1. CHF. 2. Follow-up: CT.",
            [("findings", "Clear."), ("impression", "1. CHF. 2.")],
        ),
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


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("part", ASIDE)
@pytest.mark.parametrize("gap", ["\n", "\n\n", " "])
def test_what_follows_the_text_of_a_heading_is_read(part: Part, dress: str, gap: str) -> None:
    """No heading says where the findings begin: their first statement does."""
    for name in NAMES[part]:
        for number, words in enumerate(ASIDE[part]):
            if gap == " " and "\n" not in DRESSES[dress].gap and dress in {"Markdown", "bold below"}:
                continue
            first, second = STATEMENTS[number % len(STATEMENTS)], STATEMENTS[(number + 3) % len(STATEMENTS)]
            stop = "" if words.endswith("?") else "."
            text = f"{heading(name, dress, words + stop)}{gap}{first} {second}"
            assert facts(text) == facts(f"{first} {second}"), text


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("part", [Part.FINDINGS, Part.IMPRESSION])
def test_a_part_that_is_read_is_read_under_any_name(part: Part, dress: str) -> None:
    for name in NAMES[part]:
        for spelled in (name, name.upper(), name.lower()):
            if dress not in {"colon", "colon below", "bold"} and spelled.islower():
                continue
            text = (
                f"{heading('Indication', dress, 'Large effusion?')}\n{heading(spelled, dress, 'Small left effusion.')}"
            )
            assert facts(text) == facts("Small left effusion."), text


@pytest.mark.parametrize(
    "title", ["XR CHEST 2 VIEWS", "CXR", "Chest PA/LAT", "Chest X-ray", "Portable chest radiograph"]
)
@pytest.mark.parametrize("mark", [":", ": \n", " -", "\n", "\n\n"])
def test_the_name_of_an_exam_as_a_heading_is_set_aside_and_its_text_read(title: str, mark: str) -> None:
    text = f"{title}{mark} Small left effusion. No pneumothorax."
    assert facts(text) == facts("Small left effusion. No pneumothorax.")
    assert [one.reason for one in find_set_aside(text)] == ["exam"]


@pytest.mark.parametrize(
    "title",
    ["Lungs", "Lines and tubes", "PLEURA", "Mediastinum", "Bones/soft tissues", "Heart", "Chest wall", "Effusion"],
)
@pytest.mark.parametrize("mark", [":", " -", ": "])
@pytest.mark.parametrize(
    "before", ["Comparison: None.", "Indication: cough", "Technique: AP.", "Clinical details: ?PE."]
)
def test_a_heading_over_a_body_part_begins_the_findings(title: str, mark: str, before: str) -> None:
    text = f"{before}\n{title}{mark} small left effusion."
    assert ("effusion", "present") in facts(text), text
    assert find_sections(text)[0].start <= text.index(title)


@pytest.mark.parametrize("title", ["Zone review", "Gadget", "Systematic overview", "KEY POINTS"])
def test_text_under_a_heading_that_nobody_knows_is_read(title: str) -> None:
    assert ("effusion", "present") in facts(f"Indication: cough\n{title}: small left effusion.")
    assert ("effusion", "present") in facts(f"{title}\nSmall left effusion.")


@pytest.mark.parametrize(
    "words", ["Shortness of breath, pneumonia?", "Effusion", "Left pneumothorax after a fall.", "CHF"]
)
@pytest.mark.parametrize("name", [*NAMES[Part.INDICATION], *NAMES[Part.HISTORY]])
def test_what_an_indication_names_is_no_finding(name: str, words: str) -> None:
    for text in (
        f"{name}: {words}",
        f"{name}:\n{words}\n\nFindings: Clear lungs.",
        f"{name}: {words}\nImpression: Clear.",
    ):
        assert not {"pneumonia", "effusion", "pneumothorax", "chf"} & {word for word, _ in facts(text)}, text


_LINES = st.sampled_from(
    [
        *STATEMENTS,
        *(f"{name}: {words}." for part, texts in ASIDE.items() for name in NAMES[part] for words in texts),
        *(f"{name}:" for names in NAMES.values() for name in names),
        *(f"{name.upper()}" for names in NAMES.values() for name in names),
        *("", " ", "----", "Dictated by: Dr. Who", "JANE ROE, M.D.", "Kein Erguss, kein Pneumothorax.", "MRN: 12345"),
    ]
)
_TEXTS = st.one_of(
    st.lists(_LINES, max_size=10).map("\n".join),
    st.text(alphabet=st.sampled_from("FINDINGS:impresion \n.*İß1-"), max_size=200),
    st.text(max_size=100),
)


@given(_TEXTS)
@settings(max_examples=400)
def test_every_character_stands_in_one_stretch(text: str) -> None:
    position = 0
    for start, end, _ in partition(text):
        assert start == position < end
        position = end
    assert position == len(text)
    covered = {at for one in find_sections(text) for at in range(one.start, one.end)}
    aside = {at for one in find_set_aside(text) for at in range(one.start, one.end)}
    assert not covered & aside
    assert all(not text[at].strip() for at in set(range(len(text))) - covered - aside)


_PARTS = st.lists(
    st.sampled_from([*ASIDE, Part.FINDINGS, Part.IMPRESSION]), min_size=1, max_size=5, unique=True
).flatmap(
    lambda parts: st.tuples(*(st.tuples(st.just(part), st.sampled_from(ASIDE.get(part, STATEMENTS))) for part in parts))
)


@given(_PARTS, st.sampled_from(sorted(DRESSES)), st.data())
@settings(max_examples=300)
def test_other_headings_of_the_same_meaning_change_nothing(parts, dress: str, data: st.DataObject) -> None:
    plain = "\n\n".join(heading(NAMES[part][0], "colon", words) for part, words in parts)
    names = [data.draw(st.sampled_from(NAMES[part])) for part, _ in parts]
    names = [name.upper() if data.draw(st.booleans()) else name for name in names]
    gap = data.draw(st.sampled_from(["\n", "\n\n", "\n\n\n", " \n\t\n"]))
    other = gap.join(heading(name, dress, words) for name, (_, words) in zip(names, parts, strict=True))
    assert facts(other) == facts(plain)
    wanted = [word for part, words in parts if part in READ for word in facts(words)]
    assert facts(plain) == wanted


ANSWERED = ("QUESTION", "Question", "Clinical question", "CLINICAL QUERY", "Query")


@pytest.mark.parametrize("asked", ANSWERED)
@pytest.mark.parametrize(("answer", "presence"), [("No.", "absent"), ("Yes.", "present"), ("Yes, small.", "present")])
@pytest.mark.parametrize("joint", [" ", "\n", "\n\n"])
def test_a_question_is_read_with_an_answer_that_says_yes_or_no(
    asked: str, answer: str, presence: str, joint: str
) -> None:
    for statement, noun in (("nodule?", "nodule"), ("Is there an effusion?", "effusion")):
        text = f"{asked}: {statement}{joint}ANSWER: {answer}"
        assert (noun, presence) in facts(text), text


def test_a_question_with_a_whole_answer_is_set_aside() -> None:
    assert facts("QUESTION: Effusion?\nANSWER: No effusion.") == [("effusion", "absent")]


SIGNED = (
    "Interpreted by: Dr. A. Sample.",
    "Dictated by: Dr Who.",
    "I have personally reviewed the images and agree.",
    "ATTESTATION: I have reviewed the images.",
    "Reviewed by Dr. B. Sample.",
)


@pytest.mark.parametrize("signed", SIGNED)
@pytest.mark.parametrize(
    "statement", ["Small left effusion.", "There is a nodule in the right apex.", "No left effusion."]
)
def test_findings_behind_a_signature_on_its_line_are_read(signed: str, statement: str) -> None:
    assert facts(f"{signed} {statement}") == facts(statement)


@pytest.mark.parametrize(
    "line",
    [
        "Verified by: Dr. Small Mass, 12:00",
        "Ordering physician: Dr. Left Port",
        "Ordering physician: Left Port",
        "Status: Final",
        "Location: Right ward",
        "Signed by: Dr. Clear",
        "Technologist: Small, Jane",
    ],
)
def test_names_behind_a_heading_are_no_findings(line: str) -> None:
    assert facts(f"{line}\nFINDINGS: No edema.") == [("edema", "absent")]


@pytest.mark.parametrize("heading", ["Status", "STATUS", "Verified", "Report status"])
@pytest.mark.parametrize("statement", ["The lungs are clear.", "Improving left lower lobe atelectasis."])
@pytest.mark.parametrize("joint", [": ", "\n"])
def test_findings_under_a_heading_of_bookkeeping_are_read(heading: str, statement: str, joint: str) -> None:
    assert facts(f"{heading}{joint}{statement}") == facts(statement)


@pytest.mark.parametrize("word", ["Prior", "Previous", "Recent"])
@pytest.mark.parametrize("heading", ["INDICATION", "HISTORY", "Clinical details"])
def test_what_was_before_belongs_to_the_history(word: str, heading: str) -> None:
    text = f"{heading}: Known right effusion. {word} left pneumothorax. Now with cough.\n\nNo edema. Small nodule."

    assert not {"pneumothorax"} & {name for name, _ in facts(text)}
    assert {("edema", "absent"), ("nodule", "present")} <= set(facts(text))


def test_the_details_of_a_request_are_not_read() -> None:
    text = "REQUEST: CXR\nDETAILS: Asthma, ?pneumothorax\nREPORT: No pneumothorax."

    assert facts(text) == [("pneumothorax", "absent")]
    assert facts("Impression: Effusion.\nDetails: The effusion is small.")[-1] == ("small", "present")
