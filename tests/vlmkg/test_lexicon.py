from importlib.resources import files

import pytest

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon, misspellings, plurals
from vlmkg.reading.lexicon.words import Word

FOLDERS = ("anatomy", "observation")
SHARED = {
    "attributes.txt",
    "causes.txt",
    "complete.txt",
    "fresh.txt",
    "meanings.txt",
    "shadows.txt",
    "near_synonyms.txt",
    "normality.txt",
    "place_nouns.txt",
    "lung_tissues.txt",
}


def entries() -> list[tuple[str, str]]:
    found = []
    for folder in FOLDERS:
        for file in files("vlmkg.reading.lexicon").joinpath(folder).iterdir():
            if file.name.endswith(".txt") and file.name not in SHARED:
                lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
                found += [
                    (name.strip(), f"{folder}/{file.name}")
                    for line in lines
                    for name in line.split(",")
                    if name.strip()
                ]
    return found


def test_each_term_stands_in_one_file() -> None:
    seen: dict[str, str] = {}
    for name, file in entries():
        assert seen.setdefault(name.lower(), file) == file, name


def test_terms_are_lower_case_and_short() -> None:
    assert [name for name, _ in entries() if name != name.lower() or len(name) > 40] == []


def test_roles_of_cues_are_known_and_none_is_empty() -> None:
    words = set(lexicon().words.values()) | {word for rows in lexicon().phrases.values() for _, word in rows}
    assert {Word.NEGATION, Word.HEDGE, Word.SUGGEST, Word.SUGGEST_MAYBE, Word.RECOMMEND, Word.EXAM, Word.TALK} <= words
    assert Word.OTHER not in words


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("mass", "masses"),
        ("opacity", "opacities"),
        ("granuloma", "granulomata"),
        ("diagnosis", "diagnoses"),
        ("hilum", "hila"),
        ("lung", "lungs"),
    ],
)
def test_plurals(noun: str, plural: str) -> None:
    assert plural in plurals(noun)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("mildly", Word.DEGREE),
        ("posterolaterally", Word.POSITION),
        ("subhepatic", Word.PLACE),
        ("pseudonodule", Word.FINDING),
        ("myelopathy", Word.FINDING),
        ("thyroidectomy", Word.FINDING),
        ("yesterday", Word.OTHER),
        ("x" * 100, Word.OTHER),
        ("diagnosis", Word.FINDING),
    ],
)
def test_guess(word: str, expected: Word) -> None:
    assert guess(word) is expected


def test_a_misspelling_is_no_other_word() -> None:
    known = lexicon()
    in_phrases = {token for rows in known.phrases.values() for phrase, _ in rows for token in phrase}
    for wrong, right in misspellings().items():
        assert wrong not in known.words
        assert right in known.words or right in in_phrases
