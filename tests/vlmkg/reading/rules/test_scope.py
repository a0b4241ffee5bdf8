"""What denials, doubts and words of change are about: patterns with every kind of finding and device in their slots."""

import pytest

from tests.vlmkg.scope_patterns import Pattern, patterns, wrong_facts

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
