"""Misspelt and British words of every kind are read as the word they stand for; English words stay what they are."""

import pytest

from vlmkg.reading.lexicon.load import lexicon, plain_words
from vlmkg.reading.lexicon.spelling import right_spelling
from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Presence

WORDS = (
    "pneumothorax", "consolidation", "atelectasis", "cardiomegaly", "infiltrate", "calcification", "emphysema",
    "enlarged", "bronchiectasis", "scoliosis", "pacemaker", "catheter", "thickening", "opacification",
    "mediastinum", "unchanged",
)  # fmt: skip


def one_letter_less(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(2, len(word))]


def one_letter_twice(word: str) -> list[str]:
    return [word[:at] + word[at] + word[at:] for at in range(1, len(word))]


def two_letters_swapped(word: str) -> list[str]:
    pairs = [at for at in range(1, len(word) - 1) if word[at] != word[at + 1]]
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in pairs]


def another_vowel(word: str) -> list[str]:
    return [
        word[:at] + vowel + word[at + 1 :] for at in range(1, len(word)) if word[at] in "aeiou" for vowel in "aeiou"
    ]


@pytest.mark.parametrize("slip", [one_letter_less, one_letter_twice, two_letters_swapped, another_vowel])
@pytest.mark.parametrize("word", WORDS)
def test_one_slip_is_mended(word, slip):
    wrongs = {wrong for wrong in slip(word) if len(wrong) >= 7 and wrong not in plain_words()}
    read = {wrong: right_spelling(wrong) for wrong in wrongs}

    mended = [wrong for wrong, right in read.items() if right[:5] == word[:5]]
    strange = {wrong: right for wrong, right in read.items() if right != wrong and right[:5] != word[:5]}
    assert strange == {}
    assert len(mended) > 0.85 * len(wrongs)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("infilterate", "infiltrate"),
        ("enlagred", "enlarged"),
        ("cardiomegely", "cardiomegaly"),
        ("pneumothrorax", "pneumothorax"),
        ("attelectasis", "atelectasis"),
        ("consolodation", "consolidation"),
        ("efusions", "effusions"),
        ("brochiectasis", "bronchiectasis"),
        ("calcificiation", "calcification"),
        ("peumonia", "pneumonia"),
        ("oesophageal", "esophageal"),
        ("haemorrhagic", "hemorrhagic"),
        ("oedematous", "edematous"),
        ("localised", "localized"),
        ("tumours", "tumors"),
        ("ischaemic", "ischemic"),
        ("fistulae", "fistula"),
    ],
)
def test_a_wrong_word_and_its_right_one(wrong, right):
    known = lexicon().words
    assert known.get(right_spelling(wrong)) == known[right]


@pytest.mark.parametrize(
    "word", ["injection", "function", "medial", "military", "indication", "serious", "warning", "our"]
)
def test_an_english_word_is_no_misspelling(word):
    assert right_spelling(word) == word


@pytest.mark.parametrize(
    "text", ["Infilterate left lower lobe.", "Consolidaiton in the left base.", "Tumour at the hilum."]
)
def test_a_misspelt_finding_keeps_its_own_letters(text):
    found = [one for one in read_report(text).mentions if one.presence is Presence.PRESENT and one.text in text.split()]
    assert [one for one in found if text[one.start : one.end] == one.text] == found != []
