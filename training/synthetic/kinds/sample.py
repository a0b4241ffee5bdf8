"""A drawing as a text with its truth: mentions, relations and set-aside stretches."""

import re
from dataclasses import dataclass

from training.synthetic.kinds.drawing import Drawing, Piece, Pools, Written, write
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph

_PRESENCES = {"A": Presence.PRESENT, "P": Presence.PRESENT, "U": Presence.UNCERTAIN, "N": Presence.ABSENT}
_SPOKEN_VOWEL = re.compile(r"[aeio]|u(?!ni)|(?:8|11|18)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A marked word. `allowed` are the right labels, the best first; `-` means not a mention."""

    start: int
    end: int
    allowed: str
    grade: str
    drawn: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One synthetic text. `words` has every marked word; `graph` only those that should be read."""

    drawing: Drawing
    text: str
    words: tuple[Word, ...]
    edges: tuple[tuple[int, RelationType, int], ...]
    aside: tuple[tuple[int, int, str], ...]

    @property
    def graph(self) -> ReportGraph:
        """The truth as mentions and relations."""
        kept = [number for number, word in enumerate(self.words) if word.allowed[0] != "-"]
        place = {number: at for at, number in enumerate(kept)}
        mentions = tuple(_mention(self.text, self.words[number]) for number in kept)
        relations = sorted(
            (place[head], place[tail], kind) for head, kind, tail in self.edges if head in place and tail in place
        )
        return ReportGraph(mentions, tuple(Relation(head, kind, tail) for head, tail, kind in relations))


def sample(drawing: Drawing, pools: Pools) -> Sample:
    """The text of a drawing, and its truth."""
    written = write(drawing, pools)
    return assemble(drawing, written)


def assemble(drawing: Drawing, written: Written) -> Sample:
    """The pieces joined, with `an` for `a` before a vowel."""
    text = ""
    words: list[Word] = []
    places: dict[int, int] = {}
    aside: list[tuple[int, int, str]] = []
    pieces = written.pieces
    for number, piece in enumerate(pieces):
        shown = _with_article(piece, pieces[number + 1] if number + 1 < len(pieces) else None)
        if piece.aside:
            _extend(aside, len(text), len(text) + len(shown), piece.aside)
        if piece.labels:
            places[number] = len(words)
            words.append(Word(len(text), len(text) + len(shown), piece.labels, piece.grade, piece.drawn))
        text += shown
    edges = tuple((places[head], kind, places[tail]) for head, kind, tail in written.edges)
    return Sample(drawing, text, tuple(words), edges, tuple(aside))


def _extend(aside: list[tuple[int, int, str]], start: int, end: int, reason: str) -> None:
    if aside and aside[-1][1] == start and aside[-1][2] == reason:
        aside[-1] = (aside[-1][0], end, reason)
    else:
        aside.append((start, end, reason))


def _with_article(piece: Piece, following: Piece | None) -> str:
    """The piece, with `an` for its last `a` if the next word begins with a vowel sound."""
    if piece.labels or following is None or not _SPOKEN_VOWEL.match(following.text):
        return piece.text
    for article in ("a ", "A "):
        if piece.text == article or piece.text.endswith((" " + article, "\n" + article)):
            return piece.text[:-1] + "n "
    return piece.text


def _mention(text: str, word: Word) -> Mention:
    label = word.allowed[0]
    kind = Kind.ANATOMY if label == "A" else Kind.OBSERVATION
    return Mention(word.start, word.end, text[word.start : word.end], kind, _PRESENCES[label], "findings")
