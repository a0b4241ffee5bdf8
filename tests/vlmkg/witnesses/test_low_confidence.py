"""What the model alone reads and is not sure of: refused, warned of, and never so that another finding comes of it."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vlmkg.graphs import graph
from tests.vlmkg.test_agreement_properties import TEXT, findings, graphs, overlapping
from tests.vlmkg.witnesses.test_agreement import Model
from vlmkg.engine_protocol import ReadingWarning, StudyInput
from vlmkg.pipeline import read_studies
from vlmkg.schema import ReportGraph
from vlmkg.validation import validate
from vlmkg.witnesses.low_confidence import MIN_WORD_SCORE, refuse_unsure

NOTHING = ReportGraph((), ())


def scored(found: ReportGraph, *scores: float | None) -> ReportGraph:
    mentions = zip(found.mentions, scores, strict=True)
    return replace(found, mentions=tuple(replace(mention, score=score) for mention, score in mentions))


def left(found: ReportGraph, rules: ReportGraph = NOTHING) -> list[str]:
    return [mention.text for mention in refuse_unsure(found, rules).graph.mentions]


def test_unsure_and_alone_is_refused_with_what_hangs_on_it_and_warned_of():
    _, found = graph("small/P nodule/P in however/A", "small modify nodule; nodule located_at however")

    seen = refuse_unsure(scored(found, 0.99, 0.98, 0.5), NOTHING)

    assert [mention.text for mention in seen.graph.mentions] == ["small", "nodule"]
    assert [(one.reason, one.head, one.relation, one.tail) for one in seen.rejections] == [
        ("unsure", "however", "", ""),
        ("unsure", "nodule", "located_at", "however"),
    ]
    assert seen.warnings == []


def test_a_refused_finding_is_warned_of():
    _, found = graph("clear/P this/P")

    refused = refuse_unsure(scored(found, 1.0, MIN_WORD_SCORE - 0.01), NOTHING)
    assert refused.warnings == [ReadingWarning("unsure", "this")]


def test_what_the_rules_read_too_or_the_model_is_sure_of_or_does_not_score_stays():
    _, found = graph("nodule/P mass/P edema/P")
    _, rules = graph("nodule/U mass edema")

    assert left(scored(found, 0.1, MIN_WORD_SCORE, None), rules) == ["nodule", "mass", "edema"]


def test_what_is_described_by_what_stays_is_kept():
    _, found = graph("severe/P thing/P", "severe modify thing")

    assert left(scored(found, 0.99, 0.3)) == ["severe", "thing"]
    assert left(scored(found, 0.3, 0.3)) == []


@settings(max_examples=100)
@given(graphs(), graphs(), st.lists(st.sampled_from((0.2, 0.95, None)), min_size=6, max_size=6))
def test_no_finding_is_made_by_refusing(model, rules, scores):
    model = scored(model, *scores[: len(model.mentions)])

    seen = refuse_unsure(model, rules)

    assert validate(TEXT, seen.graph) == (seen.graph, [])
    assert {(m.start, m.end) for m in findings(seen.graph)} <= {(m.start, m.end) for m in findings(model)}
    gone = [mention for mention in model.mentions if mention not in seen.graph.mentions]
    assert all(mention.score == 0.2 and not overlapping(rules, mention) for mention in gone)


def test_a_reading_says_what_was_refused():
    text, said = graph("No pneumothorax/N gremlin/P")
    (study,) = read_studies(Model(scored(said, 1.0, 0.4)), [StudyInput((text,))])
    (reading,) = study.reports

    assert "gremlin" not in [mention.text for mention in reading.graph.mentions]
    assert ("unsure", "gremlin") in [(one.reason, one.head) for one in reading.rejections]
    assert "unsure" in study.warnings
