"""What two witnesses say together: nobody's negated finding comes out as positive, no finding is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vlmkg.graphs import graph
from vlmkg.agreement import Agreement, combine, count, total
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.reading import ReportOutput, StudyInput, StudyOutput
from vlmkg.schema import Kind, Mention, Presence, Relation, RelationType, ReportGraph, Witness
from vlmkg.validation import validate

BOTH, MODEL, RULES = Witness.BOTH, Witness.MODEL, Witness.RULES


def combined(model: tuple[str, str], rules: tuple[str, str]) -> ReportGraph:
    (text, one), (same_text, other) = graph(*model), graph(*rules)
    assert text == same_text
    return combine(one, other)


def mentions(found: ReportGraph) -> list[tuple[str, str, Witness]]:
    return [(mention.text, mention.presence.value, mention.witness) for mention in found.mentions]


def relations(found: ReportGraph) -> list[tuple[str, str, str, Witness]]:
    text = [mention.text for mention in found.mentions]
    return [(text[one.head], one.type.value, text[one.tail], one.witness) for one in found.relations]


def test_what_both_read_stands_once_and_says_so():
    said = ("small/P left/A effusion/P", "small modify effusion; effusion located_at left")
    found = combined(said, said)
    assert mentions(found) == [("small", "present", BOTH), ("left", "present", BOTH), ("effusion", "present", BOTH)]
    assert {witness for *_, witness in relations(found)} == {BOTH}
    assert count(found) == Agreement(mentions_both=3, relations_both=2)


@pytest.mark.parametrize(
    ("model", "rules", "witness"),
    [("P", "N", MODEL), ("N", "P", MODEL), ("P", "U", RULES), ("N", "U", RULES), ("U", "P", MODEL), ("U", "N", MODEL)],
)
def test_where_presences_differ_it_is_uncertain_and_disputed(model, rules, witness):
    found = combined((f"no pneumothorax/{model}", ""), (f"no pneumothorax/{rules}", ""))
    assert mentions(found) == [("pneumothorax", "uncertain", witness)]
    assert found.mentions[0].disputed
    assert count(found).disputed == 1


def test_a_presence_is_disputed_across_spans_that_overlap_too():
    found = combined(("no pleural_effusion/P", ""), ("no pleural/A effusion/N", "effusion located_at pleural"))
    assert mentions(found) == [("pleural effusion", "uncertain", MODEL)]
    assert found.mentions[0].disputed
    assert found.relations == ()


def test_what_the_rules_alone_read_is_added_with_its_relations():
    found = combined(
        ("no edema/N small left effusion/P", ""),
        ("no edema small/P left/A effusion/P", "small modify effusion; effusion located_at left"),
    )
    assert mentions(found) == [
        ("edema", "absent", MODEL),
        ("small", "present", RULES),
        ("left", "present", RULES),
        ("effusion", "present", BOTH),
    ]
    assert relations(found) == [("small", "modify", "effusion", RULES), ("effusion", "located_at", "left", RULES)]


def test_the_rules_never_make_a_modifier_of_what_the_model_holds_as_a_finding():
    found = combined(("opacity/P pneumonia/P", ""), ("opacity/P pneumonia/P", "opacity modify pneumonia"))
    assert found.relations == ()


def test_a_modifier_follows_its_word_into_a_wider_span():
    found = combined(("small pleural_effusion/P", ""), ("small/P pleural/A effusion/P", "small modify effusion"))
    assert relations(found) == [("small", "modify", "pleural effusion", RULES)]


def test_a_modifier_without_what_it_describes_stays_out():
    """Alone it would pass for a finding."""
    said = ("very/P small/P effusion/P", "very modify small; small modify effusion")
    found = combined(("very small effusion/A", ""), said)
    assert mentions(found) == [("effusion", "present", MODEL)]


def test_other_ends_are_another_relation():
    found = combined(
        ("left/A lung/A nodule/P", "nodule located_at left"), ("left/A lung/A nodule/P", "nodule located_at lung")
    )
    assert relations(found) == [("nodule", "located_at", "left", MODEL), ("nodule", "located_at", "lung", RULES)]


WORDS = ("a", "bb", "c", "ddd", "e", "ff")
TEXT = " ".join(WORDS)
STARTS = [TEXT.index(word) for word in WORDS]


@st.composite
def graphs(draw: st.DrawFn) -> ReportGraph:
    """Any valid graph over the words of TEXT."""
    found: list[Mention] = []
    at = 0
    while at < len(WORDS):
        length = draw(st.integers(0, 2))
        if length and at + length <= len(WORDS):
            start, last = STARTS[at], at + length - 1
            end = STARTS[last] + len(WORDS[last])
            kind = draw(st.sampled_from(Kind))
            presence = Presence.PRESENT if kind is Kind.ANATOMY else draw(st.sampled_from(Presence))
            found.append(Mention(start, end, TEXT[start:end], kind, presence, "findings"))
        at += max(length, 1)
    ends = st.integers(0, max(len(found) - 1, 0))
    edge = st.builds(Relation, ends, st.sampled_from(RelationType), ends)
    return validate(TEXT, ReportGraph(tuple(found), tuple(draw(st.lists(edge, max_size=8)))))[0]


def modifying(found: ReportGraph) -> set[int]:
    return {one.head for one in found.relations if one.type is RelationType.MODIFY}


def overlapping(found: ReportGraph, mention: Mention) -> list[Mention]:
    return [other for other in found.mentions if other.start < mention.end and mention.start < other.end]


@given(graphs(), graphs())
def test_any_two_graphs_make_a_valid_one(model, rules):
    found = combine(model, rules)
    assert validate(TEXT, found) == (found, [])
    counts = count(found)
    assert counts.mentions_both + counts.mentions_model + counts.mentions_rules == len(found.mentions)
    assert counts.relations_both + counts.relations_model + counts.relations_rules == len(found.relations)


@given(graphs(), graphs())
def test_nothing_that_either_denies_is_present(model, rules):
    for mention in combine(model, rules).mentions:
        if mention.kind is Kind.OBSERVATION and mention.presence is Presence.PRESENT:
            said = [other for heard in (model, rules) for other in overlapping(heard, mention)]
            assert {other.presence for other in said if other.kind is Kind.OBSERVATION} == {Presence.PRESENT}


@given(graphs(), graphs())
def test_every_finding_of_the_model_stays_one_and_every_fact_of_the_model_is_there(model, rules):
    found = combine(model, rules)
    spans = {(mention.start, mention.end, mention.kind): at for at, mention in enumerate(found.mentions)}
    position = [spans[mention.start, mention.end, mention.kind] for mention in model.mentions]
    held = {(one.head, one.type, one.tail) for one in found.relations}
    assert {(position[one.head], one.type, position[one.tail]) for one in model.relations} <= held
    assert modifying(found).isdisjoint(position[at] for at in set(range(len(position))) - modifying(model))


@given(graphs(), graphs())
def test_every_finding_of_the_rules_is_there_or_the_model_reads_something_in_its_place(model, rules):
    found = combine(model, rules)
    held = {(mention.start, mention.end, mention.kind) for mention in found.mentions}
    for at in set(range(len(rules.mentions))) - modifying(rules):
        mention = rules.mentions[at]
        assert (mention.start, mention.end, mention.kind) in held or overlapping(model, mention)


@given(graphs())
def test_who_is_asked_twice_agrees_with_itself(said):
    found = combine(said, said)
    assert count(found) == Agreement(mentions_both=len(said.mentions), relations_both=len(said.relations))


class Model:
    """A model that reads one graph in every report."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "tiny", "1", "1", None

    def __init__(self, found: ReportGraph, *, truncated: bool = False) -> None:
        self._output = ReportOutput(found, truncated)

    def read(self, studies):
        return [StudyOutput(tuple(self._output for _ in study.texts)) for study in studies]


def test_a_model_is_read_beside_the_rules_and_what_is_odd_is_said():
    text, said = graph("No pneumothorax/P effusion/P")
    (study,) = read_studies(Model(said, truncated=True), [StudyInput((text,))])
    (reading,) = study.reports
    first = reading.graph.mentions[0]
    assert (first.text, first.presence, first.disputed) == ("pneumothorax", Presence.UNCERTAIN, True)
    assert reading.agreement == count(reading.graph)
    assert reading.truncated
    assert {"presence_conflict", "truncated"} <= set(study.warnings)


def test_the_rules_have_no_second_witness():
    (study,) = read_studies(load_engine("rules"), [StudyInput(("No effusion.", "Clear lungs."))])
    assert [reading.agreement for reading in study.reports] == [None, None]


def test_counts_add_up():
    assert total([Agreement(1, 2, 3, 4, 5, 6, 7), Agreement(1, 1, 1, 1, 1, 1, 1)]) == Agreement(2, 3, 4, 5, 6, 7, 8)
