"""What may stand in a copy, word by word."""

import pytest

from ingest.research.words import known_words
from vlmkg.vocabulary import load_vocabulary

KNOWN = known_words()


@pytest.mark.parametrize(
    "text",
    [
        "effusion", "Pleural  effusion".replace("  ", " "), "right upper lobe", "T12", "5 mm", "2.2 x 1.6 cm", "fourth",
        "10mm", "13 - 14 mm", "Baker cyst", "kerley b lines", "march fracture", "may", "cardiac silhouette", "catheter",
    ],
)  # fmt: skip
def test_words_of_radiology_stay(text: str) -> None:
    assert KNOWN.mask(text) == text
    assert list(KNOWN.unknown(text)) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Quackenbush", "___"),
        ("Quackenbush nodule", "___ nodule"),
        ("D'Artagnan", "___'___"),
        ("Baker", "___"),  # a name, where it names no cyst
        ("Jones opacity", "___ opacity"),
        ("Paloma", "___"),  # ends as a tumour does
        ("5551234", "___"),
        ("MRN4711", "___"),
        ("2019", "___"),
        ("94", "___"),  # may be an age
        ("03/14", "___/___"),
        ("3/14/19", "___/___/___"),
        ("14.03.19", "___.___.___"),
        ("10:30", "___:___"),
        ("12 34 56", "___ ___ ___"),
        ("12-34-56", "___-___-___"),
        ("May 5", "___ ___"),
        ("5th of March", "___ of ___"),
        ("opacity\nZoë", "opacity ___"),
        ("_", "___"),
    ],
)
def test_names_numbers_and_dates_do_not(text: str, masked: str) -> None:
    assert KNOWN.mask(text) == masked
    assert list(KNOWN.unknown(text))


def test_every_name_of_the_vocabulary_but_for_its_numbers_is_known() -> None:
    names = {concept.name for concept in load_vocabulary().concepts if not any(map(str.isdigit, concept.name))}
    assert [name for name in names if KNOWN.mask(name) != " ".join(name.split())] == []


def test_words_that_a_person_looked_through_are_kept() -> None:
    reviewed = known_words(["platelike", "Foley"])
    assert reviewed.mask("foley zebulon") == "foley ___"
