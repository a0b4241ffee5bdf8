"""Mentions as one tag per word: outside, or the first or a later word of a mention with a label (BIO).

Shapes: W words, L tags.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vlmkg.numbered_tokens import Label, Span

LABELS = tuple(Label)
OUTSIDE = 0
TAGS = 1 + 2 * len(LABELS)


def first_tag(label: Label) -> int:
    """The tag of a mention's first word; plus one is that of its later words."""
    return 1 + 2 * LABELS.index(label)


def tags_of(spans: Sequence[Span], words: int) -> list[int]:
    """The tag of each word."""
    tags = [OUTSIDE] * words
    for span in spans:
        tags[span.first] = first_tag(span.label)
        for word in range(span.first + 1, span.last + 1):
            tags[word] = first_tag(span.label) + 1
    return tags


def spans_of(tags: Sequence[int]) -> list[Span]:
    """The mentions of tags. Raises ValueError if a mention has no first word."""
    spans: list[Span] = []
    for word, tag in enumerate(tags):
        if tag == OUTSIDE:
            continue
        label = LABELS[(tag - 1) // 2]
        if tag == first_tag(label):
            spans.append(Span(word, word, label))
        elif spans and spans[-1].last == word - 1 and spans[-1].label == label:
            spans[-1] = spans[-1]._replace(last=word)
        else:
            raise ValueError("a mention has no first word")
    return spans


def best_tags(scores_WL: npt.NDArray[Any]) -> list[int]:
    """The valid tag sequence with the greatest sum of scores (Viterbi, 1967)."""
    if not len(scores_WL):
        return []
    total_L = np.where(_MAY_BEGIN, scores_WL[0], -np.inf)
    came_from = []
    for scores_L in scores_WL[1:]:
        ways_LL = total_L[:, None] + _MAY_FOLLOW
        came_from.append(ways_LL.argmax(0))
        total_L = ways_LL.max(0) + scores_L
    return list(_backwards(int(total_L.argmax()), came_from))[::-1]


def _backwards(last: int, came_from: Sequence[npt.NDArray[Any]]) -> Iterator[int]:
    yield last
    for before_L in reversed(came_from):
        last = int(before_L[last])
        yield last


_FURTHER = np.array([tag != OUTSIDE and tag % 2 == 0 for tag in range(TAGS)])
_MAY_BEGIN = ~_FURTHER
# Row: the previous tag. A later word follows the first or a later word with its label.
_MAY_FOLLOW = np.array(
    [
        [0.0 if not _FURTHER[tag] or before in {tag - 1, tag} else -np.inf for tag in range(TAGS)]
        for before in range(TAGS)
    ]
)
