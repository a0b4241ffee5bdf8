"""Relations as classes of ordered pairs of mentions, and the valid edges of pair scores.

Shapes: M mentions, R classes: no relation, then those of RELATIONS.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from training.tagger.tags import LABELS
from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span, edge_order
from vlmkg.schema import ALLOWED_PAIRS, Kind, RelationType
from vlmkg.validation import closes_cycle

NO_RELATION = 0
CLASSES = 1 + len(RELATIONS)


@cache
def allowed(head: Label, tail: Label) -> tuple[bool, ...]:
    """For each class, whether the schema allows it for mentions with these labels; no relation is always allowed."""
    pair = (_kind(head), _kind(tail))
    return (True, *(pair in ALLOWED_PAIRS[one] for one in RELATIONS))


def allowed_table() -> list[list[tuple[bool, ...]]]:
    """`allowed` by the places of head and tail in LABELS."""
    return [[allowed(head, tail) for tail in LABELS] for head in LABELS]


def class_of(kind: RelationType) -> int:
    """The class of a relation."""
    return 1 + RELATIONS.index(kind)


def owned(head: Span, tail: Span, own_from: int) -> bool:
    """Whether a window decides on the pair: its later mention is the window's own, and some relation is allowed."""
    return head != tail and max(head.first, tail.first) >= own_from and any(allowed(head.label, tail.label)[1:])


def best_edges(spans: Sequence[Span], scores_MMR: npt.NDArray[Any], own_from: int) -> list[tuple[Edge, float]]:
    """The edges of a window with their probabilities, in the order in which edges are written.

    `scores_MMR` are logarithms of probabilities. Each pair has its best class; if that would close a cycle of `modify`,
    the less probable edge is left out.
    """
    found = sorted(_candidates(spans, scores_MMR, own_from), key=lambda one: -one[1])
    modified: dict[int, list[int]] = {}
    kept = []
    for edge, probability in found:
        if edge.type is RelationType.MODIFY:
            if closes_cycle(modified, edge.head, edge.tail):
                continue
            modified.setdefault(edge.head, []).append(edge.tail)
        kept.append((edge, probability))
    return sorted(kept, key=lambda one: edge_order(one[0]))


def _candidates(spans: Sequence[Span], scores_MMR: npt.NDArray[Any], own_from: int) -> Iterator[tuple[Edge, float]]:
    best_MM, top_MM = scores_MMR.argmax(-1), np.exp(scores_MMR.max(-1))
    for row, head in enumerate(spans):
        for column, tail in enumerate(spans):
            found = int(best_MM[row, column])
            if found != NO_RELATION and owned(head, tail, own_from):
                yield Edge(head.first, RELATIONS[found - 1], tail.first), float(top_MM[row, column])


def _kind(label: Label) -> Kind:
    return Kind.ANATOMY if label is Label.ANATOMY else Kind.OBSERVATION
