"""What is counted of readings of the exam; the gold graphs and blind readings as the two ends."""

import pytest

from training.experiments.facts import Statement, findings, together, told_by_film, told_by_report
from training.experiments.held_out_studies import BY_CLASS, Exam, Seen, counts, estimate, make_exam, value
from training.synthetic.facts import Fact, Kind, Told
from training.synthetic.studies import Study
from vlmkg.engine_protocol import StudyInput
from vlmkg.reading.rules.engine import RulesEngine
from vlmkg.schema import Presence, ReportGraph


@pytest.fixture(scope="module")
def exam():
    return make_exam(80)


def fact(kind, side="", **values):
    return Fact(kind, **{"told": Told.BOTH, "true": True, "drawn": True, "size": 1, "side": side, **values})


def test_gold_says_the_right_thing_of_nearly_every_fact(exam):
    rows = counts(exam, exam.gold())

    assert value(rows, "relation") == value(rows, "film") == value(rows, "entity") == 1.0
    assert value(rows, "hallucinated") == value(rows, "film hallucinated") == 0.0
    assert value(rows, "facts") > 0.97
    assert value(rows, "facts:film_only") == value(rows, "facts:hedged") == 1.0
    assert value(rows, "facts:report_only") > 0.85, "slips of the keyboard hide some"


def test_without_a_film_what_it_alone_tells_is_not_known(exam):
    rows = counts(exam, [Seen(one.graph, None) for one in exam.studies])

    assert value(rows, "facts:film_only") == 0.0
    assert value(rows, "facts:hole") < 0.2
    assert value(rows, "facts:both") > 0.95
    assert estimate(rows, "film") is None


def test_with_the_film_alone_the_stale_film_misleads(exam):
    rows = counts(exam, [Seen(None, seen.film) for seen in exam.gold()])

    assert value(rows, "facts:stale") == value(rows, "facts:report_only") == 0.0
    assert value(rows, "facts:both") == value(rows, "facts:hole") == 1.0
    assert estimate(rows, "relation") is None


def test_the_rules_are_scored_as_any_reading(exam):
    outputs = RulesEngine().read([StudyInput((one.text,)) for one in exam.studies])
    rows = counts(exam, [Seen(output.reports[0].graph, None) for output in outputs])
    found = estimate(rows, "relation")

    assert 0.85 < found.low < found.mean < found.high < 1
    assert 0 < value(rows, "hallucinated") < 0.2
    assert sum(row.get(name, (0, 0, 0))[1] for row in rows for name in BY_CLASS) == sum(row["facts"][1] for row in rows)


def test_a_name_that_neither_film_nor_study_has_is_made_up():
    study = Study(0, "s", "p", "No effusion.", ReportGraph(), (fact(Kind.EFFUSION, "left", drawn=False),), 0)
    said = (("left pleural effusion", "P"), ("pacemaker", "P"), ("scoliosis", "N"))
    (row,) = counts(Exam((study,)), [Seen(None, said)])

    assert row["film"] == (0, 2, 0)
    assert row["film hallucinated"] == (1, 2, 2)


@pytest.mark.parametrize(
    ("where", "presence", "said"),
    [
        ("left", Presence.PRESENT, Statement.PRESENT),
        ("bilateral", Presence.UNCERTAIN, Statement.UNCERTAIN),
        ("right", Presence.PRESENT, Statement.NOTHING),
        (None, Presence.ABSENT, Statement.ABSENT),
        (None, Presence.PRESENT, Statement.NOTHING),
    ],
)
def test_a_finding_tells_of_the_fact_at_its_side(where, presence, said):
    effusion = fact(Kind.EFFUSION, "left")

    assert told_by_report(effusion, [("pleural effusion", where, presence)]) is said
    assert told_by_report(effusion, [("pneumothorax", "left", Presence.PRESENT)]) is Statement.NOTHING


def test_the_report_wins_where_it_states_and_the_film_where_it_doubts():
    shown = (("left pneumothorax", "P"),)

    assert told_by_film(fact(Kind.PNEUMOTHORAX, "left"), shown) is Statement.PRESENT
    assert told_by_film(fact(Kind.PNEUMOTHORAX, "right"), shown) is Statement.ABSENT
    assert together(Statement.ABSENT, Statement.PRESENT) is Statement.ABSENT
    assert together(Statement.UNCERTAIN, Statement.PRESENT) is Statement.PRESENT
    assert together(Statement.UNCERTAIN, Statement.NOTHING) is Statement.UNCERTAIN
    assert together(Statement.NOTHING, Statement.ABSENT) is Statement.ABSENT


def test_findings_are_those_of_service():
    text = "Small left pleural effusion."
    graph = RulesEngine().read([StudyInput((text,))])[0].reports[0].graph

    assert findings(text, graph) == [("pleural effusion", "left", Presence.PRESENT)]
