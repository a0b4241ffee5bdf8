"""A passage is read as it is read among others: cutting a section into passages changes no reading."""

from random import Random

import pytest

from vlmkg.reading.rules import section
from vlmkg.reading.rules.report import read_with_aside
from vlmkg.reading.rules.sentence import SentenceGraph

STATEMENTS = [
    *("No effusion", "Small left effusion", "Heart size is normal", "Lungs are clear", "There is an opacity"),
    *("This may represent pneumonia", "Left knee", "Possibly scarring", "Right base", "No evid. for edema", "Nodule"),
    *("Nodule of approx. 3 cm", "Approx. Half of the lung is collapsed", "Seen by Dr. Who at 3 a.m. today", "Edema"),
    *("Effusion?", "Pneumothorax? No", "? Pneumonia", "Effusion: none", "Effusion - none", "[x] Effusion [ ] Edema"),
    *("(+) edema", "(-) effusion", "1.8 cm nodule", "1 . 8 cm nodule", "2. Mass", "Rt. apical scar"),
    *("Effusion ..... no", "edema period", "new paragraph", "Effusion no", "lung Mass", "NO MASS", "- Nodule"),
    *("Nodule - left - apical scar"),
    *("no\nedema", "Large\nPleural effusion", "No pleural\nEffusion", "e. g. Scar", "Mass (left). Clear", "Vs. prior"),
    *("Seen at 3 a.m. Today", "The cardiac silhouette and the mediastinal contours are within normal limits", "A"),
    *("Small effusion\nmass at the base", "No pleural\neffusion", "See fig. A small scar"),
    *("The mass of the p. M. scar"),
    *("Stable.", "Stable. ", "Negative for", "Pertinent negatives: edema, scar", "Uncertain: mass", "Is'nt enlarged"),
]
BETWEEN = [". ", ".  ", ". . ", ".\n", ".\n\n", "\n", "? ", "; ", " . ", ".", "... ", ".\t", " - ", ".   ", ".) ", "! "]


def texts(count: int) -> list[str]:
    """Texts of two to six statements with any mark between them."""
    rng = Random(1)
    return [
        "".join(rng.choice(STATEMENTS) + rng.choice(BETWEEN) for _ in range(rng.randint(2, 6))) for _ in range(count)
    ]


def read(text: str) -> list[tuple[SentenceGraph, list[tuple[int, int]]]]:
    """Each sentence's graph, and where its mentions stand in the text."""
    sentences, _ = section.read_section(text, 0, len(text), dashes=section.dashes_count(text))
    return [(one.graph, [(base + start, base + end) for start, end, _ in one.places]) for base, one in sentences]


def test_passages_change_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    made = texts(3_000)
    by_passages = [read(text) for text in made]
    monkeypatch.setattr(section, "_from_passages", lambda *_, **__: None)
    for text, found in zip(made, by_passages, strict=True):
        assert found == read(text), text


def test_most_plain_reports_are_read_by_passages() -> None:
    section._passage_kept.cache_clear()
    for _ in range(2):
        read_with_aside("Heart size is normal. Lungs are clear.\nNo effusion. Small nodule at the left apex.")
    assert section._passage_kept.cache_info()[:2] == (4, 4)


def test_kept_passages_are_bounded() -> None:
    assert section._passage_kept.cache_info().maxsize == section._KEPT_PASSAGES
    before = section._passage_kept.cache_info().misses
    read_with_aside("lung " * section._LONGEST_KEPT)
    assert section._passage_kept.cache_info().misses == before
