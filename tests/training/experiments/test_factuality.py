"""Errors of known kind, and what metrics see of them."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from training.bootstrap import draws
from training.documents import read_document
from training.experiments import statistics
from training.experiments.corruption import (
    LABELS,
    READINGS,
    corrupt_labels,
    corrupt_reading,
    flipped_negation,
    without,
)
from training.experiments.factuality import REORDERED, document, follow_table, kind_table, reports, score
from training.hallucination import not_entailed
from training.synthetic.studies import make_study
from vlmkg.numbered_tokens import number, readable_part
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ALLOWED_PAIRS, Kind, Presence, RelationType

STUDIES = [make_study(5, at, films=0.0) for at in range(30)]


def facts(graph):
    """All that the graph says, in words, as a multiset."""
    mentions = graph.mentions
    named = sorted((one.start, one.text, one.kind, one.presence) for one in mentions)
    return named, sorted((mentions[e.head].start, e.type, mentions[e.tail].start) for e in graph.relations)


@pytest.mark.parametrize("kind", sorted({**LABELS, **READINGS}))
def test_an_error_changes_what_is_said_and_keeps_to_the_schema(kind):
    changed = [
        (study.graph, {**LABELS, **READINGS}[kind](study.text, study.graph, Random(at)))
        for at, study in enumerate(STUDIES)
    ]
    made = [(old, new) for old, new in changed if new is not None]

    assert len(made) >= 20
    for old, new in made:
        assert facts(new) != facts(old)
        assert [one.start for one in new.mentions] == sorted(one.start for one in new.mentions)
        for edge in new.relations:
            kinds = new.mentions[edge.head].kind, new.mentions[edge.tail].kind
            assert kinds in ALLOWED_PAIRS[edge.type]
            assert edge.head != edge.tail
        assert len({(e.head, e.type, e.tail) for e in new.relations}) == len(new.relations)


def test_an_error_that_has_no_place_is_none():
    empty = STUDIES[0].graph.__class__()

    for name, kind in {**LABELS, **READINGS}.items():
        changed = kind("", empty, Random(0))
        assert changed is None or name == "invented finding"


def test_a_flip_turns_one_observation_and_no_anatomy():
    graph = STUDIES[0].graph
    new = flipped_negation("", graph, Random(3))
    (turned,) = [(a, b) for a, b in zip(graph.mentions, new.mentions, strict=True) if a != b]

    assert turned[0].kind is Kind.OBSERVATION
    assert {one.presence for one in turned} > {Presence.ABSENT}


def test_without_a_mention_the_other_edges_keep_their_words():
    graph = next(study.graph for study in STUDIES if len(study.graph.relations) > 4)
    at = graph.relations[0].tail
    new = without(graph, at)
    kept = [e for e in graph.relations if at not in {e.head, e.tail}]

    assert [(graph.mentions[e.head].start, graph.mentions[e.tail].start) for e in kept] == [
        (new.mentions[e.head].start, new.mentions[e.tail].start) for e in new.relations
    ]


def test_labels_have_the_share_of_errors_that_was_asked_for_and_can_be_written():
    rng, errors, mentions = Random(0), 0, 0
    for study in STUDIES * 3:
        graph, made = corrupt_labels(study.text, study.graph, 0.3, rng)
        numbered = number(study.text)
        _, lost = readable_part(numbered, graph)
        _, unread = readable_part(numbered, study.graph)
        assert lost <= len(made) + unread, "but for a word of a section that is not read"
        errors, mentions = errors + len(made), mentions + len(study.graph.mentions)

    assert errors / mentions == pytest.approx(0.3, abs=0.04)
    assert corrupt_labels(STUDIES[0].text, STUDIES[0].graph, 0.0, rng) == (STUDIES[0].graph, [])


def test_a_reading_has_as_many_errors_as_was_asked_for():
    _, made = corrupt_reading(STUDIES[1].graph, 4, Random(1))

    assert len(made) == 4
    assert set(made) <= set(READINGS)


def test_a_graph_of_words_has_the_facts_of_its_report():
    """The document without a text against the one that RadGraph JSON gives."""
    for study in STUDIES:
        raw = to_radgraph(study.text, study.graph)
        read = read_document(raw, tuple(raw["text"].split()), Counter())
        ours = document(study.graph)
        assert not_entailed(read, ours) == (0, len(study.graph.relations))
        assert not_entailed(ours, read)[0] == 0


def test_without_an_error_every_metric_is_one():
    graph = reports(0, 1)[0]

    assert score(graph, graph) == pytest.approx(dict.fromkeys(score(graph, graph), 1.0))
    assert sum(edge.type in set(RelationType) for edge in graph.relations) >= 4


def test_bleu_sees_no_negation_and_radgraph_no_order():
    table = kind_table(reports(1, 12))
    rows = {row[0]: dict(zip(table.columns[1:-1], row[1:-1], strict=True)) for row in table.rows}

    assert rows["flipped negation"]["BLEU-4"].mean == pytest.approx(1)
    assert rows["flipped negation"]["RadGraph-F1 complete"].mean < 1
    assert rows[REORDERED]["RadGraph-F1 complete"].mean == pytest.approx(1)
    assert rows[REORDERED]["ROUGE-L"].mean < 0.8
    assert rows["dropped finding"]["entailed share"].mean == pytest.approx(1)


def test_a_row_a_metric_with_an_interval_at_each_size(monkeypatch):
    monkeypatch.setattr(statistics, "_draws", lambda count: np.asarray(draws(count)[:80]))
    table = follow_table([reports(seed, 12) for seed in range(2)])

    assert all(one.low <= one.mean <= one.high for row in table.rows for one in row[1:])
