"""What two witnesses say together: nobody's negated finding comes out as positive, no finding is lost."""

import pytest

from tests.vlmkg.graphs import graph
from vlmkg.engine_protocol import Agreement, Lead, ReportOutput, StudyInput, StudyOutput, StudyReadings
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.schema import Presence, ReportGraph, Witness
from vlmkg.witnesses.agreement import combine, count, total

BOTH, MODEL, RULES = Witness.BOTH, Witness.MODEL, Witness.RULES


def combined(model: tuple[str, str], rules: tuple[str, str]) -> ReportGraph:
    (text, one), (same_text, other) = graph(*model), graph(*rules)
    assert text == same_text
    return combine(one, other).graph


def conflicts(model: tuple[str, str], rules: tuple[str, str]) -> list[tuple[str, str]]:
    (_, one), (_, other) = graph(*model), graph(*rules)
    return [tuple(conflict[:2]) for conflict in combine(one, other).conflicts]


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
    """Alone it would pass for a finding: what it describes lies across two mentions of the model, and is neither."""
    found = combined(
        ("small pleural/A effusion/P", ""), ("small/P pleural_effusion/P", "small modify pleural_effusion")
    )
    assert mentions(found) == [("pleural", "present", MODEL), ("effusion", "present", MODEL)]


@pytest.mark.parametrize(
    ("said", "held", "disputed"), [("P", "uncertain", True), ("U", "uncertain", True), ("N", "absent", False)]
)
def test_a_finding_that_the_model_calls_anatomy_stands_unless_denied_as_uncertain(said, held, disputed):
    model = ("small left/A effusion/A", "")
    rules = (f"small/P left/A effusion/{said}", "small modify effusion; effusion located_at left")
    found = combined(model, rules)
    assert mentions(found)[-1] == ("effusion", held, RULES)
    assert [mention.disputed for mention in found.mentions] == [False, False, disputed]
    assert relations(found) == [("small", "modify", "effusion", RULES), ("effusion", "located_at", "left", RULES)]
    assert conflicts(model, rules) == [("kind_conflict", "effusion")]


def test_around_a_finding_that_the_model_calls_anatomy_the_rules_own_spans_stand():
    model = ("pleural_effusion/A base/A nodule/P", "nodule located_at pleural_effusion; base modify pleural_effusion")
    found = combined(model, ("pleural/A effusion/P base/A nodule/P", "effusion located_at pleural"))
    assert mentions(found) == [
        ("pleural", "present", RULES),
        ("effusion", "uncertain", RULES),
        ("base", "present", BOTH),
        ("nodule", "present", BOTH),
    ]
    assert relations(found) == [("effusion", "located_at", "pleural", RULES)]


@pytest.mark.parametrize(
    ("said", "held", "disputed"), [("P", "uncertain", True), ("U", "uncertain", True), ("N", "absent", False)]
)
def test_a_finding_that_the_rules_call_anatomy_is_no_sure_one(said, held, disputed):
    model, rules = (f"heart_size/{said}", ""), ("heart/A size/A", "")
    found = combined(model, rules)
    assert mentions(found) == [("heart size", held, MODEL)]
    assert found.mentions[0].disputed is disputed
    assert conflicts(model, rules) == [("kind_conflict", "heart size")]


def test_a_description_that_is_anatomy_to_the_other_is_no_finding_to_either():
    model, rules = ("basal/P opacity/P", "basal modify opacity"), ("basal/A opacity/P", "opacity located_at basal")
    found = combined(model, rules)
    assert mentions(found) == [("basal", "present", MODEL), ("opacity", "present", BOTH)]
    assert conflicts(model, rules) == conflicts(rules, model) == []


def test_a_finding_that_describes_another_to_the_model_is_told_of():
    model, rules = ("mass/P effect/P", "mass modify effect"), ("mass/P effect/P", "")
    assert relations(combined(model, rules)) == [("mass", "modify", "effect", MODEL)]
    assert conflicts(model, rules) == [("role_conflict", "mass")]


def test_a_finding_that_describes_a_denied_one_to_the_model_becomes_a_finding():
    model = ("small/P mass/P no effusion/N", "small modify mass; mass modify effusion")
    rules = ("small/P mass/P no effusion/N", "small modify mass")
    found = combined(model, rules)
    assert mentions(found) == [
        ("small", "present", BOTH),
        ("mass", "uncertain", BOTH),
        ("effusion", "absent", BOTH),
    ]
    assert [mention.disputed for mention in found.mentions] == [False, True, False]
    assert relations(found) == [("small", "modify", "mass", BOTH)]
    assert conflicts(model, rules) == [("role_conflict", "mass")]


def test_a_finding_that_only_describes_to_the_rules_is_told_of():
    model, rules = ("small/P effusion/P", ""), ("small/P effusion/P", "small modify effusion")
    assert mentions(combined(model, rules)) == [("small", "present", BOTH), ("effusion", "present", BOTH)]
    assert conflicts(model, rules) == [("role_conflict", "small")]


def test_what_one_alone_read_is_no_conflict():
    assert conflicts(("edema/P mass", ""), ("edema mass/P", "")) == []


def test_other_ends_are_another_relation():
    found = combined(
        ("left/A lung/A nodule/P", "nodule located_at left"), ("left/A lung/A nodule/P", "nodule located_at lung")
    )
    assert relations(found) == [("nodule", "located_at", "left", MODEL), ("nodule", "located_at", "lung", RULES)]


class Model:
    """A model that reads one graph in every report."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "tiny", "1", "1", None
    lead = Lead.ALWAYS

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


def read_by(said: ReportGraph, text: str) -> StudyReadings:
    (study,) = read_studies(Model(said), [StudyInput((text,))])
    return study


def test_a_finding_that_the_model_calls_anatomy_is_warned_of_and_shown():
    text, said = graph("Left pleural/A effusion/A")
    study = read_by(said, text)
    assert study.warnings == ("kind_conflict",)
    (found,) = study.reports[0].findings
    assert (found.concept.code, study.reports[0].graph.mentions[found.mention].presence) == ("RID34539", "uncertain")


def test_a_finding_that_the_model_s_wide_span_gives_another_name_is_warned_of():
    text, said = graph("Pneumothorax_or_pneumonia/P")
    study = read_by(said, text)
    assert [(one.reason, one.detail) for one in study.reports[0].warnings] == [("concept_conflict", "pneumothorax")]
    text, said = graph("Small pleural_effusion/P")
    assert read_by(said, text).warnings == ()


def test_the_rules_have_no_second_witness():
    (study,) = read_studies(load_engine("rules"), [StudyInput(("No effusion.", "Clear lungs."))])
    assert [reading.agreement for reading in study.reports] == [None, None]


def test_counts_add_up():
    assert total([Agreement(1, 2, 3, 4, 5, 6, 7), Agreement(1, 1, 1, 1, 1, 1, 1)]) == Agreement(2, 3, 4, 5, 6, 7, 8)
