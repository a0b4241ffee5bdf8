"""Reports in the styles of many hospitals: what is read of each finding, and on which side."""

import re
from pathlib import Path

from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Kind, RelationType, ReportGraph

LEFT = {"left", "l", "lt", "lul", "lll", "lingula", "lingular", "luz", "lmz", "llz", "lij", "lsc"}
RIGHT = {"right", "r", "rt", "rul", "rml", "rll", "ruz", "rmz", "rlz", "rij", "rsc"}
BOTH = {"bilateral", "bilaterally", "both", "bibasilar", "bibasal", "bibas", "biapical", "bilat", "b", "bl"}
SAID = {"present": "P", "uncertain": "U", "absent": "N"}


def styles() -> list[tuple[str, list[str]]]:
    """Each text of `styles.txt` with what is expected of it."""
    lines = (Path(__file__).parent / "styles.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.rsplit(" || ", 1) for line in lines if not line.startswith("# ") or " || " in line]
    rows = [row for row in rows if len(row) == 2]
    return [(text.replace("\\n", "\n").replace("\\t", "\t"), expected.split(",")) for text, expected in rows]


def described(graph: ReportGraph, at: int) -> set[int]:
    """The mention, and what says more about it."""
    found, waiting = {at}, [at]
    while waiting:
        one = waiting.pop()
        more = [rel.head for rel in graph.relations if rel.type is RelationType.MODIFY and rel.tail == one]
        waiting += [head for head in more if head not in found]
        found |= set(more)
    return found


def side(graph: ReportGraph, at: int, *, deep: bool = True) -> str:
    """The side of a finding: l, r, b for both, or nothing; one that describes another stands where that one stands."""
    places = [rel.tail for rel in graph.relations if rel.head == at and rel.type is RelationType.LOCATED_AT]
    names = {one for place in places for one in described(graph, place)}
    words = {word for one in names for word in re.findall(r"\w+", graph.mentions[one].text.lower())}
    sides = {"l"} & {"l" for _ in words & (LEFT | BOTH)} | {"r" for _ in words & (RIGHT | BOTH)}
    if not sides and deep:
        tails = [rel.tail for rel in graph.relations if rel.head == at and rel.type is RelationType.MODIFY]
        sides = {letter for tail in tails for letter in side(graph, tail, deep=False).replace("b", "lr")}
    return {0: "", 1: "".join(sides), 2: "b"}[len(sides)]


def wrong_facts(text: str, expected: list[str]) -> list[str]:
    """What is not read as expected."""
    graph = read_report(text)
    wrong, used = [], set()
    for fact in expected:
        name, want = fact.strip().rsplit(" ", 1)
        want, _, wanted_side = want.partition("/")
        pattern = re.compile(rf"(?<!\w){re.escape(name.lower())}(?!\w)")
        found = [
            at
            for at, one in enumerate(graph.mentions)
            if one.kind is Kind.OBSERVATION and at not in used and pattern.search(one.text.lower())
        ]
        got = SAID[graph.mentions[found[0]].presence.value] if found else "-"
        used |= set(found[:1])
        if got not in want:
            wrong.append(f"{fact}: {got}")
        elif wanted_side and found and side(graph, found[0]) != wanted_side:
            wrong.append(f"{fact}: side {side(graph, found[0])}")
    return wrong


def test_styles():
    texts = styles()
    assert len(texts) > 250
    assert {text: wrong for text, facts in texts if (wrong := wrong_facts(text, facts))} == {}
