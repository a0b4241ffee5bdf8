"""Words that no lexicon holds: where a finding stands they are findings, elsewhere they are nothing."""

import pytest

from vlmkg.reading.lexicon.guess import guess
from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.report import read_report

UNKNOWN = ("zorbulus", "myrgle", "quantex", "flimmer", "brathin")

FRAMES = (
    ("No {}.", "absent"),
    ("There is no {} or effusion.", "absent"),
    ("Small {} at the left base.", "present"),
    ("There is a {} in the right apex.", "present"),
    ("Possible {}.", "uncertain"),
    ("Opacity suspicious for {}.", "uncertain"),
    ("Pleural {} is seen.", "present"),
    ("Calcified {}, unchanged.", "present"),
)


def said(text: str, word: str) -> set[str]:
    return {one.presence.value for one in read_report(text).mentions if one.text.lower() == word}


@pytest.mark.parametrize(("frame", "presence"), FRAMES)
def test_an_unknown_word_in_a_findings_place_is_read(frame, presence):
    assert {word: said(frame.format(word), word) for word in UNKNOWN} == {word: {presence} for word in UNKNOWN}


@pytest.mark.parametrize(
    "text", ["The {} was called.", "Compared with {}.", "{} Hospital.", "Seen by {}.", "As {} as before, no effusion."]
)
def test_an_unknown_word_elsewhere_is_nothing(text):
    assert [word for word in UNKNOWN if said(text.format(word), word)] == []


def test_a_general_word_is_no_finding():
    words = [word for word in lexicon().plain if word not in lexicon().words and guess(word) is Word.OTHER]
    found = [word for word in words if said(f"No {word}.", word) or said(f"Small {word}.", word)]
    assert len(words) > 300
    assert found == []
