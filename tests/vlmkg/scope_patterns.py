"""The sentences of `scope.txt`: patterns with slots for findings and devices, and what is read of each slot."""

import re
from dataclasses import dataclass
from pathlib import Path

from vlmkg.reading.rules.report import read_report
from vlmkg.schema import Kind, Mention, Presence

_SLOT = re.compile(r"\{([xyzt])\}")
_LETTER = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
NOT_READ = "-"


@dataclass(frozen=True, slots=True)
class Pattern:
    """`expected`: (slot or word, its occurrence counted from 1, the letters that are right)."""

    kind: str
    text: str
    expected: tuple[tuple[str, int, str], ...]


def patterns(name: str = "scope.txt") -> list[Pattern]:
    """The patterns of a file beside this one, in order."""
    found, kind = [], ""
    for line in (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            text, facts = line.rsplit(" | ", 1)
            found.append(Pattern(kind, text, tuple(_fact(fact) for fact in facts.split(", "))))
    return found


def wrong_facts(pattern: Pattern, nouns: dict[str, str]) -> list[str]:
    """What is read wrongly of the pattern with its slots filled: one line a fact, empty where all is right."""
    spans: dict[str, list[tuple[int, int]]] = {}
    text = ""
    for index, piece in enumerate(_SLOT.split(pattern.text)):
        if index % 2:
            spans.setdefault(piece, []).append((len(text), len(text) + len(nouns[piece])))
            text += nouns[piece]
        else:
            text += piece
    text = text[0].upper() + text[1:]
    mentions = [one for one in read_report(text).mentions if one.kind is Kind.OBSERVATION]
    wrong = []
    for slot, occurrence, letters in pattern.expected:
        places = spans.get(slot) or [match.span() for match in re.finditer(re.escape(slot), text, re.IGNORECASE)]
        read = _read(mentions, *places[occurrence - 1])
        if read not in letters:
            wrong.append(f"{text} | {text[slice(*places[occurrence - 1])]}: {letters} expected, {read} read")
    return wrong


def _read(mentions: list[Mention], start: int, end: int) -> str:
    """The letter of the mention that covers the last word of the span."""
    return next((_LETTER[one.presence] for one in mentions if one.start < end <= one.end), NOT_READ)


def _fact(fact: str) -> tuple[str, int, str]:
    slot, letters = fact.rsplit(" ", 1)
    occurrence = int(slot[-1]) if slot[-1].isdigit() else 1
    return slot.rstrip("12"), occurrence, letters
