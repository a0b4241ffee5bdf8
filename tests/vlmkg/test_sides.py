"""The side of a finding, from the words of its sentence to what the graph holds."""

from pathlib import Path

from vlmkg.normalization.normalizer import normalize
from vlmkg.reading.rules.report import read_report


def lines() -> list[tuple[str, list[str]]]:
    """The lines of `sides.txt`: a text, and "finding presence side" in the order of the text."""
    rows = (Path(__file__).parent / "sides.txt").read_text(encoding="utf-8").splitlines()
    pairs = [row.rsplit(" | ", 1) for row in rows if not row.startswith("#")]
    return [(text.replace("\\n", "\n"), expected.split("; ")) for text, expected in pairs]


def said(text: str) -> list[str]:
    """The last word of each finding, its presence and its side."""
    graph = read_report(text)
    found = []
    for finding in normalize(graph)[1]:
        mention = graph.mentions[finding.mention]
        found.append(f"{mention.text.lower().split()[-1]} {mention.presence} {finding.laterality or '-'}")
    return found


def test_sides():
    wrong = {}
    for text, expected in lines():
        named = {one.split()[0] for one in expected}
        found = [one for one in said(text) if one.split()[0] in named]
        if found != expected:
            wrong[text] = found

    assert len(lines()) > 60
    assert wrong == {}
