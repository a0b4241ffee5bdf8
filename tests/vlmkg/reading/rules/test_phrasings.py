"""Turns of phrase that deny, doubt or state a finding, as they are dictated, typed and filled into templates."""

from pathlib import Path

import pytest

from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Presence

SAID = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
HEADINGS = ("absent", "uncertain", "present", "nothing")


def phrasings(heading: str) -> list[str]:
    """The lines of `phrasings.txt` below a heading."""
    lines = (Path(__file__).parent / "phrasings.txt").read_text(encoding="utf-8").splitlines()
    start = lines.index(f"[{heading}]") + 1
    end = next((at for at in range(start, len(lines)) if lines[at].startswith("[")), len(lines))

    return [line for line in lines[start:end] if line]


def turns() -> list[tuple[str, list[str]]]:
    """The lines of `turns.txt`: a text, and "finding N" in the order of the text."""
    lines = (Path(__file__).parent / "turns.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.rsplit(" | ", 1) for line in lines if not line.startswith("#")]
    return [(text.replace("\\n", "\n"), expected.split(", ")) for text, expected in pairs]


def said(text: str) -> set[str]:
    """What the rules read of the effusions in the text."""
    found = {str(one.presence) for one in read_report(text).mentions if one.text.lower().startswith("effusion")}
    return found or {"nothing"}


@pytest.mark.parametrize("heading", HEADINGS)
def test_phrasings(heading):
    lines = phrasings(heading)

    assert len(lines) > 5
    assert {line: said(line) for line in lines if said(line) != {heading}} == {}


def test_turns():
    wrong = {}
    for text, expected in turns():
        found = [f"{one.text.lower()} {SAID[one.presence]}" for one in read_report(text).mentions]
        if [one for one in found if one in expected or one[:-1] in {other[:-1] for other in expected}] != expected:
            wrong[text] = found

    assert len(turns()) > 100
    assert wrong == {}


@pytest.mark.parametrize("mark", ["'", "’", "`", "´"])
@pytest.mark.parametrize("text", ["There isn't any effusion.", "Effusion doesn't appear.", "I can't see effusion."])
def test_contractions_deny_with_any_apostrophe(text, mark):
    assert said(text.replace("'", mark)) == {"absent"}
