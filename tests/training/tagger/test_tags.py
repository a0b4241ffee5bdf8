"""Tags and edges: always valid, and of all valid ones the best."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tagger.relations import CLASSES, NO_RELATION, allowed, best_edges, class_of, owned
from training.tagger.tags import LABELS, TAGS, best_tags, first_tag, spans_of, tags_of
from vlmkg.numbered_tokens import RELATIONS, Edge, Label, Span
from vlmkg.schema import RelationType


@st.composite
def spans(draw):
    """Mentions without overlap, also side by side."""
    found, word = [], 0
    for _ in range(draw(st.integers(0, 5))):
        first = word + draw(st.integers(0, 2))
        last = first + draw(st.integers(0, 2))
        found.append(Span(first, last, draw(st.sampled_from(LABELS))))
        word = last + 1
    return found, word + draw(st.integers(0, 2))


@given(spans())
def test_tags_stand_for_the_mentions_they_are_made_of(made):
    found, words = made

    assert spans_of(tags_of(found, words)) == found


def test_a_further_word_without_a_first_is_no_mention():
    with pytest.raises(ValueError, match="first word"):
        spans_of([first_tag(Label.PRESENT), first_tag(Label.ABSENT) + 1])


def test_the_best_tags_are_the_best_of_all_that_stand_for_mentions():
    """Against all 729 rows of three tags, one by one."""

    def stands(tags):
        try:
            spans_of(tags)
        except ValueError:
            return False
        return True

    valid = [tags for tags in product(range(TAGS), repeat=3) if stands(tags)]
    assert len(valid) < TAGS**3
    for seed in range(20):
        scores = np.random.default_rng(seed).normal(size=(3, TAGS))
        best = max(valid, key=lambda tags: sum(scores[word, tag] for word, tag in enumerate(tags)))
        assert best_tags(scores) == list(best)


MENTIONS = [Span(0, 0, Label.PRESENT), Span(1, 2, Label.ANATOMY), Span(3, 3, Label.ABSENT), Span(4, 4, Label.ANATOMY)]


def scored(*edges):
    """Scores of pairs that are sure of no relation but where an edge has its probability."""
    scores = np.full((4, 4, CLASSES), -np.inf)
    scores[..., NO_RELATION] = 0.0
    for head, kind, tail, probability in edges:
        scores[head, tail, class_of(kind)] = np.log(probability)
        scores[head, tail, NO_RELATION] = np.log(1 - probability)
    return scores


def test_edges_come_in_their_order_with_their_probability():
    found = best_edges(
        MENTIONS,
        scored(
            (2, RelationType.LOCATED_AT, 3, 0.9),
            (0, RelationType.LOCATED_AT, 1, 0.75),
            (0, RelationType.MODIFY, 2, 0.4),
        ),
        0,
    )

    assert [edge for edge, _ in found] == [Edge(0, RelationType.LOCATED_AT, 1), Edge(3, RelationType.LOCATED_AT, 4)]
    assert [probability for _, probability in found] == pytest.approx([0.75, 0.9])


def test_the_less_probable_edge_of_a_circle_is_left_out():
    found = best_edges(MENTIONS, scored((0, RelationType.MODIFY, 2, 0.7), (2, RelationType.MODIFY, 0, 0.8)), 0)

    assert [edge for edge, _ in found] == [Edge(3, RelationType.MODIFY, 0)]


def test_a_window_has_no_say_on_its_contexts_pairs():
    scores = scored((0, RelationType.LOCATED_AT, 1, 0.9), (0, RelationType.MODIFY, 2, 0.9))

    assert [edge for edge, _ in best_edges(MENTIONS, scores, own_from=3)] == [Edge(0, RelationType.MODIFY, 3)]
    assert not owned(MENTIONS[1], MENTIONS[2], 0), "anatomy is at the head of modify between anatomy alone"
    assert not owned(MENTIONS[2], MENTIONS[2], 0)


def test_what_the_schema_allows():
    names = {
        (head, tail): [str(kind) for kind, one in zip(RELATIONS, allowed(head, tail)[1:], strict=True) if one]
        for head in LABELS
        for tail in LABELS
    }

    assert names[Label.ANATOMY, Label.ANATOMY] == ["modify"]
    assert names[Label.UNCERTAIN, Label.ABSENT] == ["modify", "suggestive_of"]
    assert names[Label.ABSENT, Label.ANATOMY] == ["located_at"]
    assert names[Label.ANATOMY, Label.PRESENT] == []
