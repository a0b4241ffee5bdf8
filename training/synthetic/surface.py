"""From drafts to a report: text with the offsets of its mentions, capitals, sections and spelling variants.

A report's graph is RadGraph's: mentions in text order with half-open offsets (`vlmkg.schema`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from training.synthetic.expand import Draft, Piece
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Kind, Mention, Presence, Relation, ReportGraph

CLOSING = frozenset({".", ",", ";", ":", ")", "..", "?"})
GLUED = frozenset({"/", "-"})
PRESENCE = {"A": Presence.PRESENT, "P": Presence.PRESENT, "U": Presence.UNCERTAIN, "N": Presence.ABSENT}


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its heading (empty for none), its name in the schema, and its sentences."""

    heading: str
    name: str
    sentences: Sequence[Draft]


def render(parts: Sequence[Part], rng: Random) -> tuple[str, ReportGraph]:
    """The report's text and graph. A draft with no pieces is skipped."""
    report = _Report([], [], [])
    letters = rng.choices((_sentence_case, str.upper, str.lower), (92, 4, 4))[0]
    gap = "\n" if any(part.heading for part in parts) and rng.random() < 0.7 else " "
    for part in parts:
        if report.chunks:
            report.chunks.append(gap)
        if part.heading:
            report.chunks.append(part.heading + rng.choice((" ", "\n")))
        for number, draft in enumerate(sentence for sentence in part.sentences if sentence.pieces):
            _add(report, draft, part.name, letters, first=number == 0)
    text = "".join(report.chunks)
    return text, ReportGraph(*_in_text_order(report))


def spaced(text: str, graph: ReportGraph) -> tuple[str, ReportGraph]:
    """The same report with its tokens joined by single spaces, as in RadGraph files."""
    tokens = tokenize(text)
    starts, ends, position = {}, {}, 0
    for token in tokens:
        starts[token.start], ends[token.end] = position, position + len(token.text)
        position += len(token.text) + 1
    joined = " ".join(token.text for token in tokens)
    mentions = tuple(_moved(joined, mention, starts[mention.start], ends[mention.end]) for mention in graph.mentions)
    return joined, ReportGraph(mentions, graph.relations)


@dataclass(slots=True)
class _Report:
    chunks: list[str]
    mentions: list[Mention]
    relations: list[Relation]

    def length(self) -> int:
        return sum(map(len, self.chunks))


def _add(report: _Report, draft: Draft, section: str, letters: object, *, first: bool) -> None:
    offset = report.length()
    numbers: dict[int, int] = {}
    text = "" if first else " "
    opening = True
    before = ""
    for piece in draft.pieces:
        glue = not before or piece.text in CLOSING or piece.text in GLUED or before in GLUED
        text += "" if glue else " "
        word = _written(piece.text, opening, letters)
        if piece.mention is not None:
            numbers[piece.mention] = len(report.mentions)
            report.mentions.append(_mention(word, offset + len(text), draft.labels[piece.mention], section))
        text += word
        opening = piece.text in {".", ".."}
        before = piece.text
    report.chunks.append(text)
    seen = set()
    for head, kind, tail in draft.edges:
        if head in numbers and tail in numbers and (head, kind, tail) not in seen:
            seen.add((head, kind, tail))
            report.relations.append(Relation(numbers[head], kind, numbers[tail]))


def _written(word: str, opening: bool, letters: object) -> str:
    if letters is str.upper:
        return word.upper()
    if letters is str.lower:
        return word.lower()
    return word[:1].upper() + word[1:] if opening else word


def _sentence_case(word: str) -> str:
    return word


def _mention(word: str, start: int, label: str, section: str) -> Mention:
    kind = Kind.ANATOMY if label == "A" else Kind.OBSERVATION
    return Mention(start, start + len(word), word, kind, PRESENCE[label], section)


def _moved(text: str, mention: Mention, start: int, end: int) -> Mention:
    return Mention(start, end, text[start:end], mention.kind, mention.presence, mention.section)


def _in_text_order(report: _Report) -> tuple[tuple[Mention, ...], tuple[Relation, ...]]:
    """Order mentions by text, as the pieces are, and relations by their ends."""
    relations = sorted(report.relations, key=lambda r: (r.head, r.tail, r.type))
    return tuple(report.mentions), tuple(relations)


def full_stop(draft: Draft, mark: str = ".") -> Draft:
    """The draft with its closing mark."""
    draft.pieces.append(Piece(mark))
    return draft
