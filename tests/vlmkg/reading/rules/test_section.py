"""Memory changes no reading: neither that of passages, nor that of whole sections."""

from random import Random

import pytest

from vlmkg.reading.rules import section
from vlmkg.reading.rules.report import read_with_aside
from vlmkg.reading.rules.section import PlacedAt
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
    *("The mass of the p. M. scar", "Heart size is\nnormal", "There is a small left\n  effusion", "It has\nresolved"),
    *(
        "No edema on the last film",
        "It is no longer\nseen",
        "There are none\ntoday",
        "Lungs are clear without\na\nmass",
    ),
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
    monkeypatch.setattr(section, "_from_passages", lambda *_: None)
    section._whole_kept.cache_clear()
    for text, found in zip(made, by_passages, strict=True):
        assert found == read(text), text


BEFORE = [
    "",
    "FINDINGS:\n",
    "FINDINGS: ",
    "FINDINGS:",
    "Chest film of a man with cough and fever for days, in bed.\n\nOpinion: no ",
]
BEHIND = ["", "\n\nIMPRESSION: Stable.", "\n", "\nno: mass", " " * 60, "\n2. Nodule: 3 mm\n" + "long line " * 8]


def test_kept_sections_change_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section is kept with what stands right around it; read with the whole report around it, it reads alike."""
    rng = Random(2)
    made = [(rng.choice(BEFORE), text, rng.choice(BEHIND)) for text in texts(2_000)]

    def read_all() -> list[tuple[list[PlacedAt], list[section.Span]]]:
        found = []
        for before, text, behind in made:
            whole = before + text + behind
            sentences, unstated = section.read_section(
                whole, len(before), len(before) + len(text), dashes=section.dashes_count(whole)
            )
            found.append(([(base, one) for base, one in sentences], list(unstated)))
        return found

    kept = read_all()
    monkeypatch.setattr(section, "_LONGEST_KEPT_SECTION", -1)
    for parts, (sentences, unstated), (wanted, not_stated) in zip(made, kept, read_all(), strict=True):
        assert placed(sentences) == placed(wanted), parts
        assert unstated == not_stated, parts


def placed(sentences: list[PlacedAt]) -> list[tuple[SentenceGraph, list[tuple[int, int, str]]]]:
    """Each sentence's graph, and where its mentions stand."""
    return [
        (one.graph, [(base + start, base + end, said) for start, end, said in one.places]) for base, one in sentences
    ]


def test_most_plain_reports_are_read_by_passages() -> None:
    section._passage_kept.cache_clear()
    section._whole_kept.cache_clear()
    for end in (" No mass.", " No edema."):
        read_with_aside(f"Heart size is normal. Lungs are\nclear. No effusion. Nodule at the left apex.{end}")
    assert section._passage_kept.cache_info()[:2] == (4, 6)


def test_a_section_that_was_read_before_is_not_read_again() -> None:
    section._whole_kept.cache_clear()
    for indication in ("Cough", "Fever"):
        read_with_aside(
            f"INDICATION: {indication}.\n\nFINDINGS:\n1. Effusion: none\n2. Lungs are clear without\na mass."
        )
    assert section._whole_kept.cache_info()[:2] == (1, 1)


def test_memory_is_bounded() -> None:
    assert section._whole_kept.cache_info().maxsize == section._KEPT_SECTIONS
    assert section._passage_kept.cache_info().maxsize == section._KEPT_PASSAGES
    before = section._passage_kept.cache_info().misses
    read_with_aside("lung " * section._LONGEST_KEPT)
    assert section._passage_kept.cache_info().misses == before
