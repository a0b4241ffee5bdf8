"""The readings of a text's marked words, for comparison with their readings in another text."""

from typing import NamedTuple

from training.synthetic.kinds.links import Links
from training.synthetic.kinds.sample import Sample
from vlmkg.schema import Kind, Presence, ReportGraph
from vlmkg.spans import overlap

_LETTERS = {Presence.PRESENT: "P", Presence.UNCERTAIN: "U", Presence.ABSENT: "N"}
_OTHER = {"left": "right", "right": "left"}


class Seen(NamedTuple):
    """The reading of one marked word: label (`-`:

    none), sides, and the numbers of the words that describe and explain it.
    """

    label: str
    sides: frozenset[str]
    describing: frozenset[int]
    suggested: frozenset[int]


def seen(made: Sample, read: ReportGraph, *, flipped: bool = False, explained: bool = True) -> tuple[Seen, ...]:
    """One entry per marked word. `flipped` swaps the sides; without `explained`, explanations are left out."""
    links = Links.of_graph(read)
    at = _matched(made, read)
    number = {mention: word for word, mention in at.items()}
    return tuple(
        _seen(read, links, at.get(word), number, flipped=flipped, explained=explained)
        for word in range(len(made.words))
    )


def _seen(
    read: ReportGraph, links: Links, mention: int | None, number: dict[int, int], *, flipped: bool, explained: bool
) -> Seen:
    if mention is None:
        return Seen("-", frozenset(), frozenset(), frozenset())
    one = read.mentions[mention]
    if one.kind is Kind.ANATOMY:
        return Seen("A", frozenset(), frozenset(), frozenset())
    sides = links.side(mention)
    return Seen(
        _LETTERS[one.presence],
        frozenset(_OTHER[side] for side in sides) if flipped else frozenset(sides),
        frozenset(number[head] for head in links.heads(mention) if head in number),
        frozenset(number[tail] for tail in links.explanations(mention) if tail in number) if explained else frozenset(),
    )


def _matched(made: Sample, read: ReportGraph) -> dict[int, int]:
    """The last mention that overlaps each word; one of the same kind (finding or anatomy) is preferred."""
    found: dict[int, int] = {}
    for word, marked in enumerate(made.words):
        overlapping = [at for at, one in enumerate(read.mentions) if overlap(one, marked)]
        same = [at for at in overlapping if (read.mentions[at].kind is Kind.ANATOMY) == (marked.allowed[0] == "A")]
        if overlapping:
            found[word] = (same or overlapping)[-1]
    return found
