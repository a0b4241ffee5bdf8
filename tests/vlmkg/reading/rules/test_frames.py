"""Every finding of the lexicon in fixed frames: a denied one is never there, a doubtful one never certain."""

import pytest

from vlmkg.reading.lexicon.load import lexicon
from vlmkg.reading.lexicon.words import Word
from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Presence

UNNAMED = {"finding", "findings", "etiology", "etiologies"}
"""Bare, they stand for what was named before."""

FRAMES = {
    Presence.ABSENT: [
        "No {}.",
        "There is no evidence of {}.",
        "Lungs are clear without {}.",
        "{} is not seen.",
        "No tube, {} or wire.",
        "No wire or {}.",
        "The lungs are clear of {}.",
        "No acute {} is identified.",
        "{} has resolved.",
        "No wire to suggest {}.",
        "Negative for {}.",
    ],
    Presence.UNCERTAIN: [
        "Possible {}.",
        "{} cannot be excluded.",
        "Wire that may represent {}.",
        "Wire suspicious for {}.",
        "Wire versus {}.",
        "{} is suspected.",
        "Cannot exclude {}.",
    ],
    Presence.PRESENT: ["There is {}.", "Stable {}.", "{} is seen.", "No wire, but there is {}.", "No wire, mild {}."],
}


def findings() -> list[str]:
    known = lexicon()
    names = [name for name, word in known.words.items() if word is Word.FINDING]
    names += [" ".join(name) for rows in known.phrases.values() for name, word in rows if word is Word.FINDING]
    return [name for name in names if name not in UNNAMED]


@pytest.mark.parametrize(("presence", "frame"), [(said, one) for said, frames in FRAMES.items() for one in frames])
def test_frame(presence: Presence, frame: str) -> None:
    wrong = {}
    for name in findings():
        said = {one.presence for one in read_report(frame.format(name)).mentions if one.text.lower() == name}
        if said != {presence}:
            wrong[name] = said
    assert not wrong
