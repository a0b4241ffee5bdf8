"""Forms as hospitals fill them in: each shape, finding, answer, case and spacing says what was ticked."""

from itertools import pairwise, product

import pytest

from vlmkg.reading.rules.report import read_report, read_with_aside
from vlmkg.schema import Presence

FINDINGS = ("effusion", "pneumothorax", "cardiomegaly", "consolidation", "pulmonary edema", "rib fracture")
NO = ("none", "no", "No", "NONE", "absent", "nil", "negative")
YES = ("yes", "present", "Yes", "small", "mild", "moderate, left")
CASES = (str.lower, str.capitalize, str.upper)

LINES = (
    "{}: {}",
    "{} : {}",
    "{} - {}",
    "{} ........ {}",
    "{}.......{}",
    "{} . . . . . {}",
    "{} … {}",
    "{} ______ {}",
    "{} ------ {}",
    "{} | {}",
    "| {} | {} |",
    "{}\t{}",
    "{}          {}",
    "{} = {}",
    "{} -> {}",
    "- {}: {}",
)


def read(text: str) -> dict[str, set[str]]:
    """What is said of each finding, by the last word of its name."""
    said: dict[str, set[str]] = {}
    for one in read_report(text).mentions:
        said.setdefault(one.text.lower(), set()).add(one.presence.value)
    return said


def noun(finding: str) -> str:
    return finding.rsplit(maxsplit=1)[-1].lower()


@pytest.mark.parametrize("line", LINES)
def test_titles_with_answers(line):
    wrong = {}
    for (first, second), no, yes, case in product([*pairwise(FINDINGS)], NO, YES, CASES):
        text = "\n".join(
            [line.format(case(first), no), line.format(case(second), yes), line.format(case("abscess"), no)]
        )
        said = read(text)
        expected = {noun(first): {"absent"}, noun(second): {"present"}, "abscess": {"absent"}}
        if {name: said.get(name) for name in expected} != expected:
            wrong[text] = said
    assert wrong == {}


TICKED = ("[x]", "[X]", "[ x ]", "(x)", "☒", "☑", "[✓]")
EMPTY = ("[ ]", "[]", "( )", "☐", "[_]")
FORMS = (
    ("{yes} {a}\n{no} {b}\n{yes} {c}", "present", "nothing", "present"),
    ("{yes} {a} {no} {b} {yes} {c}", "present", "nothing", "present"),
    ("{a} {yes}\n{b} {no}\n{c} {yes}", "present", "nothing", "present"),
    ("{a} {yes} {b} {no} {c} {yes}", "present", "nothing", "present"),
    (
        "{a}: {no} none {yes} small\n{b}: {yes} none {no} small\n{c}: {no} none {no} small",
        "present",
        "absent",
        "nothing",
    ),
    ("{a}: {yes} Yes {no} No\n{b}: {no} Yes {yes} No\n{c}: {yes} Yes {no} No", "present", "absent", "present"),
    ("{a}: Yes {yes} No {no}\n{b}: Yes {no} No {yes}\n{c}: Yes {no} No {yes}", "present", "absent", "absent"),
    ("{yes} No {a}\n{no} No {b}\n{yes} {c}", "absent", "nothing", "present"),
)


@pytest.mark.parametrize(("form", "a", "b", "c"), FORMS)
def test_tick_boxes(form, a, b, c):
    wrong = {}
    for yes, no, case, at in product(TICKED, EMPTY, CASES, range(len(FINDINGS))):
        names = [case(FINDINGS[(at + step) % len(FINDINGS)]) for step in range(3)]
        text = form.format(yes=yes, no=no, a=names[0], b=names[1], c=names[2])
        said = read(text)
        expected = {noun(name): {want} for name, want in zip(names, (a, b, c), strict=True)}
        if {name: said.get(name, {"nothing"}) for name in expected} != expected:
            wrong[text] = said
    assert wrong == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{A}: 0 {B}: 1 {C}: 0", "NPN"),
        ("{A}: 0, {B}: 1, {C}: 1", "NPP"),
        ("{A}: N\n{B}: Y\n{C}: N", "NPN"),
        ("{A} (Y/N): N. {B} (Y/N): Y. {C} (Y/N): Y.", "NPP"),
        ("{A}: -\n{B}: +\n{C}: -", "NPN"),
        ("(-) {A} (+) {B} (-) {C}", "NPN"),
        ("{A} (-) {B} (+) {C} (-)", "NPN"),
        ("{A} (-), {B} (+), {C} (-)", "NPN"),
        ("{A} no {B} yes {C} no", "NPN"),
        ("{A} absent, {B} present, {C} absent", "NPN"),
        ("{A}: no {B}: yes {C}: no", "NPN"),
        ("{A}? No. {B}? Yes. {C}? No.", "NPN"),
        ("{A}-no, {B}-yes, {C}-no", "NPN"),
        ("Pertinent negatives: {A}, {C}. Positives: {B}.", "NPN"),
        ("PERTINENT NEGATIVES:\n- {A}\n- {C}\n\n{B} is seen.", "NPN"),
        ("Negatives: {A} and {C}. Positive findings: {B}.", "NPN"),
        ("Not seen: {A}, {C}.\nSeen: {B}.", "NPN"),
        ("Absent: {A}, {C}. Present: {B}.", "NPN"),
        ("{A}: yes / no\n{B}: yes\n{C}: no", "-PN"),
        ("{A}: N/A. {B}: yes. {C}: not assessed.", "-P-"),
        ("{A}: ***\n{B}: small\n{C}: ___", "-P-"),
        ("{A}: [none / small / large]\n{B}: small\n{C}: none", "-PN"),
        ("No {A} period new paragraph {B} is seen comma unchanged period No {C} period", "NPN"),
        ("no {A} comma no {C} full stop {B} is stable full stop", "NPN"),
        ("QUESTION: {A}? ANSWER: No.\nQUESTION: {B}? ANSWER: Yes.\nQUESTION: {C}? ANSWER: No.", "NPN"),
        ("Q: {A}\nA: no\nQ: {B}\nA: yes\nQ: {C}\nA: none", "NPN"),
        ("Q1: {A}? A1: No. Q2: {B}? A2: Yes. Q3: {C}? A3: No.", "NPN"),
        ("Q. Any {A}?\nA. None.\nQ. Any {B}?\nA. Present, mild.\nQ. Any {C}?\nA. No.", "NPN"),
        ("Is {A} present: No. Is {B} present: Yes. Is {C} present: No.", "NPN"),
        ("{A} present? N\n{B} present? Y\n{C} seen? No", "NPN"),
        ("{A}? No. {B}? Yes. {C}? Possibly.", "NPU"),
        ("{A} (0), {B} (1), {C} (0)", "NPN"),
        ("{A} -\n{B} +\n{C} +/-", "NPU"),
        ("{A}/No, {B}/Yes, {C}/No", "NPN"),
        ("{A};absent;\n{B};present;\n{C};absent;", "NPN"),
        ("Negative for: {A}; {C}. Positive for: {B}.", "NPN"),
        ("Pertinent negatives include {A} and {C}. Positives: {B}.", "NPN"),
        ("1) No {A} 2) {B} 3) No {C}", "NPN"),
        ("a) no {A} b) {B} c) no {C}", "NPN"),
        ("* No {A} * Small {B} * No {C}", "NPN"),
        ("No {A} stop Small {B} stop No {C} stop", "NPN"),
        ("no {A} question mark no period {B} question mark yes period no {C} period", "NPN"),
        ("number one no {A} number two mild {B} number three no {C}", "NPN"),
        ("no {A} impression small {B} no {C}", "NPN"),
        ("{A}: Y / N -> N\n{B}: Y / N -> Y\n{C}: Y/N -> N", "NPN"),
        ("{A}: yes/no = no. {B}: yes/no = yes. {C}: yes/no = no.", "NPN"),
        ("{A} present/absent. {B}: small. {C}: no.", "-PN"),
        ("Please circle: {A} / {C} / neither.\nResult: small {B}.", "-P-"),
        ("{A}? None. {B}? Trace, left. {C}? None.", "NPN"),
        ("{A} | no | no\n{B} | no | yes\n{C} | none | none", "NPN"),
        ("[ ] {A} [v] {B} [ ] {C}", "-P-"),
        ('For "{A}" read "no {A}". Small {B}. No {C}.', "NPN"),
        ('"{A}" should read "no {A}". Small {B}. No {C}.', "NPN"),
        ('The report should read "no {A}" instead of "{A}". Small {B}. No {C}.', "NPN"),
        ("There is a large {A} scratch that no {A}. Small {B}. No {C}.", "NPN"),
        ("No {C}. Large {A}, delete that, no {A} on the left. Small {B}.", "NPN"),
        ("There is know {A}. Small {B}. Know {C}.", "NPN"),
    ],
)
def test_codes_signs_and_lists(text, expected):
    wrong = {}
    letters = {"present": "P", "absent": "N", "uncertain": "U"}
    for at, case in product(range(len(FINDINGS)), CASES):
        names = [case(FINDINGS[(at + step) % len(FINDINGS)]) for step in range(3)]
        filled = text.format(A=names[0], B=names[1], C=names[2])
        said = read(filled)
        found = "".join("".join(letters[one] for one in said.get(noun(name), ())) or "-" for name in names)
        if found != expected:
            wrong[filled] = found
    assert wrong == {}


def test_what_nobody_ticked_is_set_aside():
    text = "[x] Effusion\n[ ] Pneumothorax\nEdema: yes / no"
    assert [text[start:end].strip() for start, end in read_with_aside(text)[1]] == [
        "[ ] Pneumothorax",
        "Edema: yes / no",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stable over a period of two years. Small effusion.", {"effusion": {"present"}}),
        ("Heart size normal...no effusion...small nodule.", {"effusion": {"absent"}, "nodule": {"present"}}),
        ("Impression: 1. Small effusion.", {"effusion": {"present"}}),
        ("Nodule: 4 mm. Effusion: 1.5 cm.", {"nodule": {"present"}, "effusion": {"present"}}),
        ("Stool in the colon. No mass.", {"mass": {"absent"}}),
    ],
)
def test_plain_reports_are_no_forms(text, expected):
    said = read(text)
    assert {name: said.get(name) for name in expected} == expected


def test_a_mention_stands_on_its_own_letters():
    text = "Effusion ..... small | left\n[x] Nodule (RUL) 0.5 cm\nEdema: 0"
    for one in read_report(text).mentions:
        assert text[one.start : one.end] == one.text != ""
        assert one.presence in Presence


SIGNED = {"(-)": "absent", "(+)": "present", "[-]": "absent", "[+]": "present"}
LAST = {
    "(±)": "uncertain",
    "(+/-)": "uncertain",
    "possible": "uncertain",
    "not seen": "absent",
    "small, left": "present",
}


@pytest.mark.parametrize("title", ["{}: {}", "{} {}", "{}:{}", "{} = {}"])
@pytest.mark.parametrize("between", [". ", "; ", " | "])
def test_signs_behind_their_items_are_theirs_whatever_the_last_item_has(title, between):
    wrong = []
    for (one, first), (two, second), (last, third) in product(SIGNED.items(), SIGNED.items(), LAST.items()):
        if ":" not in title and last in {"small, left"}:
            continue
        rows = [title.format("Effusion", one), title.format("nodule", two), title.format("cavity", last)]
        said = read(between.join(rows) + ".")
        if any(
            said.get(name) != {meant}
            for name, meant in zip(("effusion", "nodule", "cavity"), (first, second, third), strict=True)
        ):
            wrong.append((between.join(rows), said))
    assert wrong == []
