"""Each rule refuses its own fault, keeps the rest, and says why."""

from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vlmkg.graphs import graph, read
from vlmkg.schema import ALLOWED_PAIRS, Kind, Mention, Presence, Relation, RelationType, ReportGraph
from vlmkg.validation import validate

TEXT, GRAPH = graph("small/P left/A effusion/P", "small modify effusion; effusion located_at left")
MODIFY, LOCATED_AT = RelationType.MODIFY, RelationType.LOCATED_AT


def with_relation(*relations: Relation) -> ReportGraph:
    return replace(GRAPH, relations=(*GRAPH.relations, *relations))


def test_a_valid_graph_stays_as_it_is():
    assert validate(TEXT, GRAPH) == (GRAPH, [])


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        (Relation(0, MODIFY, 9), "unparsable"),
        (Relation(-1, MODIFY, 2), "unparsable"),
        (Relation(0, cast(RelationType, "because_of"), 2), "unknown_relation_type"),
        (Relation(2, MODIFY, 2), "self_loop"),
        (Relation(0, MODIFY, 1), "forbidden_type_pair"),
        (Relation(1, LOCATED_AT, 2), "forbidden_type_pair"),
        (Relation(0, MODIFY, 2), "duplicate"),
        (Relation(2, MODIFY, 0), "modify_cycle"),
    ],
)
def test_a_wrong_relation_is_refused_alone(relation, reason):
    valid, rejections = validate(TEXT, with_relation(relation))
    assert valid == GRAPH
    assert [rejection.reason for rejection in rejections] == [reason]


def test_a_longer_circle_of_modify_is_refused_at_its_last_edge():
    text, circle = graph("a/P b/P c/P", "a modify b; b modify c; c modify a")
    valid, rejections = validate(text, circle)
    assert valid.relations == circle.relations[:2]
    assert [(r.reason, r.head, r.relation, r.tail) for r in rejections] == [("modify_cycle", "c", "modify", "a")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start": 11, "end": 99}, "span_not_in_text"),
        ({"start": 11, "end": 11, "text": ""}, "span_not_in_text"),
        ({"text": "Effusion"}, "span_not_in_text"),
        ({"start": 6, "end": 19, "text": "left effusion"}, "overlap"),
    ],
)
def test_a_wrong_mention_is_refused_with_its_relations(change, reason):
    wrong = replace(GRAPH, mentions=(*GRAPH.mentions[:2], replace(GRAPH.mentions[2], **change)))
    valid, rejections = validate(TEXT, wrong)
    assert [mention.text for mention in valid.mentions] == ["small", "left"]
    assert valid.relations == ()
    assert [rejection.reason for rejection in rejections] == [reason] * 3
    assert [rejection.relation for rejection in rejections] == ["", "modify", "located_at"]


def test_mentions_come_out_in_text_order_and_relations_follow_them():
    shuffled = ReportGraph(GRAPH.mentions[::-1], (Relation(2, MODIFY, 0), Relation(0, LOCATED_AT, 1)))
    assert validate(TEXT, shuffled) == (GRAPH, [])


def test_laterality_clash_is_noticed_and_kept():
    reading = read("stones/P at left/A and right/A", "stones located_at left; stones located_at right")
    assert [warning.reason for warning in reading.warnings] == ["laterality_clash"]
    assert len(reading.graph.relations) == 2


def test_presence_clash_is_noticed_at_the_same_side_only():
    clash = "no pneumothorax/N . pneumothorax/P"
    assert [w.reason for w in read(clash).warnings] == ["presence_clash"]
    sides = "no left/A effusion/N . right/A effusions/P"
    edges = "effusion located_at left; effusions located_at right"
    assert read(sides, edges).warnings == ()


mentions = st.builds(
    Mention,
    start=st.integers(-2, 12),
    end=st.integers(-2, 12),
    text=st.sampled_from(["ab", "c", "", "ab c"]),
    kind=st.sampled_from(Kind),
    presence=st.sampled_from(Presence),
    section=st.just("findings"),
)
relations = st.builds(Relation, st.integers(-1, 5), st.sampled_from(RelationType), st.integers(-1, 5))


@given(st.lists(mentions, max_size=5), st.lists(relations, max_size=12))
def test_whatever_comes_in_only_what_the_schema_allows_comes_out(some, edges):
    text = "ab c ab c ab"
    valid, rejections = validate(text, ReportGraph(tuple(some), tuple(edges)))
    assert len(valid.mentions) + len(valid.relations) + len(rejections) == len(some) + len(edges)
    assert all(text[m.start : m.end] == m.text for m in valid.mentions)
    assert all(a.end <= b.start for a, b in zip(valid.mentions, valid.mentions[1:], strict=False))
    for edge in valid.relations:
        pair = (valid.mentions[edge.head].kind, valid.mentions[edge.tail].kind)
        assert pair in ALLOWED_PAIRS[edge.type]
    assert len({(e.head, e.type, e.tail) for e in valid.relations}) == len(valid.relations)
    assert validate(text, valid) == (valid, [])
