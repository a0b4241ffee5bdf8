"""Tags of a report's words: outside, or the first or a later word of a mention of a class (BIO).

A class is anatomy, or an observation by its presence and its role: a finding, or a word that describes another
observation. The role keeps "mild" from being taken for a finding where its noun was not read.

Shapes: W words, T tags.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmkg.engine_protocol import WordLabels
from vlmkg.reading.tokens import Token
from vlmkg.schema import Kind, Mention, Presence, RelationType, ReportGraph

PRESENCES = (Presence.PRESENT, Presence.UNCERTAIN, Presence.ABSENT)
OUTSIDE = 0
ANATOMY = 1
TAGS = 1 + 2 * (1 + 2 * len(PRESENCES))


class Class(NamedTuple):
    """What a mention is. `finding`: it describes no other observation; of anatomy it is always true."""

    kind: Kind
    presence: Presence
    finding: bool


def first_tag(one: Class) -> int:
    """The tag of a mention's first word; plus one is that of its later words."""
    if one.kind is Kind.ANATOMY:
        return ANATOMY
    return ANATOMY + 2 + 2 * (2 * PRESENCES.index(one.presence) + (not one.finding))


def tags_of(words: tuple[Token, ...], graph: ReportGraph) -> list[int]:
    """The tag of each word. A word that a mention covers only in part has the mention's tag."""
    describing = {one.head for one in graph.relations if one.type is RelationType.MODIFY}
    tags = [OUTSIDE] * len(words)
    at = 0
    for number, mention in enumerate(graph.mentions):
        tag = first_tag(_class_of(mention, finding=number not in describing))
        while at < len(words) and words[at].end <= mention.start:
            at += 1
        place = at
        while place < len(words) and words[place].start < mention.end:
            tags[place] = tag if place == at else tag + 1
            place += 1
    return tags


def labels_of(words: tuple[Token, ...], scores_WT: npt.NDArray[Any]) -> list[WordLabels]:
    """Each word's probabilities by label. `scores_WT` are logarithms of probabilities."""
    chances = np.exp(scores_WT)
    chances /= chances.sum(1, keepdims=True)
    observed = chances[:, ANATOMY + 2 :].reshape(len(words), len(PRESENCES), 2, 2)
    return [
        WordLabels(
            word.start,
            word.end,
            float(row[ANATOMY] + row[ANATOMY + 1]),
            float(by[0].sum()),
            float(by[1].sum()),
            float(by[2].sum()),
            finding=float(by[:, 0].sum()),
            begins=float(row[ANATOMY::2].sum()),
        )
        for word, row, by in zip(words, chances, observed, strict=True)
    ]


def _class_of(mention: Mention, *, finding: bool) -> Class:
    return Class(mention.kind, mention.presence, finding or mention.kind is Kind.ANATOMY)
