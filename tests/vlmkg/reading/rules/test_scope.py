"""What denials, doubts and words of change are about: patterns with every kind of finding and device in their slots."""

import itertools

import pytest

from tests.vlmkg.scope_patterns import Pattern, patterns, wrong_facts
from vlmkg.reading.rules.report import read_report

NOUNS = [
    {"x": "effusion", "y": "consolidation", "z": "edema", "t": "chest tube"},
    {"x": "nodule", "y": "pneumothorax", "z": "granuloma", "t": "catheter"},
    {"x": "pleural effusion", "y": "atelectasis", "z": "opacity", "t": "PICC line"},
    {"x": "airspace disease", "y": "scar", "z": "hernia", "t": "endotracheal tube"},
    {"x": "pneumomediastinum", "y": "mass", "z": "fracture", "t": "pacemaker"},
    {"x": "lymphadenopathy", "y": "oedema", "z": "bulla", "t": "drain"},
]
UNKNOWN = [
    "No {x}.",
    "There is no {x}.",
    "No evidence of {x}.",
    "Without {x}.",
    "The lungs are clear without {x}.",
    "Stable cardiomegaly without {x}.",
    "No {x} or effusion.",
    "No effusion or {x}.",
    "Negative for {x}.",
]
STRANGE = ["decompensation", "JVD", "thymogenesis", "crepitus", "rales", "bronchorrhea", "dyskinesis", "murmurs"]


DENIALS = [
    *(
        "no {x}",
        "there is no {x}",
        "no {x} is seen",
        "no evidence of {x}",
        "no {x} or {z}",
        "without {x}",
        "{x} is not seen",
    ),
    *(
        "{x} has resolved",
        "negative for {x}",
        "no {x} seen",
        "no {x} identified on this film",
        "the lungs are clear of {x}",
    ),
    *(
        "{x}: none",
        "{x} absent",
        "neither {x} nor {z}",
        "no focal {x}",
        "{x} is no longer seen",
        "no change in the {v}",
    ),
    *("no {x} in the left lung", "no large {x} or {z} is identified", "absence of {x}", "{x} not seen"),
    "no {x} on either side",
]
STATEMENTS = [
    *(
        "there is {y}",
        "{y} is seen",
        "the {y} is unchanged",
        "small {y}",
        "{y} at the left base",
        "left {y}",
        "{y} persists",
    ),
    *(
        "a small {y} is seen",
        "stable {y}",
        "{y} is noted",
        "{y} remains",
        "mild {y}",
        "{y} is present",
        "{y} has increased",
    ),
    *(
        "the {y} has improved",
        "known {y}",
        "{y} unchanged",
        "{y} in the right lung",
        "there remains {y}",
        "{y} with {t}",
    ),
    *(
        "new {y}",
        "{t} in place",
        "the {t} is unchanged",
        "{t} tip at the carina",
        "right {t}",
        "the heart is {w}",
        "heart {w}",
    ),
    *("aorta is {w}", "the left base shows {y}", "increasing {y}", "{y} again seen", "old {y}", "residual {y}"),
    *("possible {q}", "{q} is possible", "{q} cannot be excluded", "cannot exclude {q}", "likely {q}"),
]
MARKS = [". ", "; ", " - ", ", but ", " although ", ", however ", " while ", "\n"]
WORDS = {
    "x": ("consolidation", "absent"),
    "z": ("edema", "absent"),
    "v": ("nodule", "present"),
    "y": ("effusion", "present"),
    "t": ("catheter", "present"),
    "w": ("enlarged", "present"),
    "q": ("atelectasis", "uncertain"),
}


def kinds(name: str) -> list[str]:
    """The kinds of a file of patterns, each once, in order."""
    return list(dict.fromkeys(pattern.kind for pattern in patterns(name)))


@pytest.mark.parametrize("nouns", NOUNS, ids=lambda nouns: nouns["x"])
@pytest.mark.parametrize("kind", kinds("scope.txt"))
def test_patterns(kind: str, nouns: dict[str, str]) -> None:
    chosen = [pattern for pattern in patterns("scope.txt") if pattern.kind == kind]

    assert len(chosen) > 5
    assert [fact for pattern in chosen for fact in wrong_facts(pattern, nouns)] == []


@pytest.mark.parametrize("kind", kinds("scope_dictated.txt"))
def test_dictated_sentences(kind: str) -> None:
    chosen = [pattern for pattern in patterns("scope_dictated.txt") if pattern.kind == kind]

    assert len(chosen) > 5
    assert [fact for pattern in chosen for fact in wrong_facts(pattern, {})] == []


@pytest.mark.parametrize("word", STRANGE)
@pytest.mark.parametrize("text", UNKNOWN)
def test_a_denied_word_that_the_lexicon_lacks_is_absent(text: str, word: str) -> None:
    assert wrong_facts(Pattern("unknown", text, (("x", 1, "N"),)), {"x": word}) == []


@pytest.mark.parametrize("mark", MARKS)
def test_a_denial_and_a_statement_hold_for_themselves(mark: str) -> None:
    words = {slot: word for slot, (word, _) in WORDS.items()}
    pairs = list(itertools.product(DENIALS, STATEMENTS))
    wrong = []
    for one, other in pairs + [pair[::-1] for pair in pairs]:
        pattern = one + mark + other
        text = pattern.format(**words).capitalize() + "."
        read = {found.text.lower(): str(found.presence) for found in read_report(text).mentions}
        slots = [slot for slot in WORDS if f"{{{slot}}}" in pattern]
        wrong += [text for slot in slots if read.get(WORDS[slot][0]) != WORDS[slot][1]]

    assert len(pairs) == 874
    assert wrong == []
