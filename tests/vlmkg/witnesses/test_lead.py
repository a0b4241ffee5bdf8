"""Who leads: in which parts of a text the model's reading stands, and what is shown of the other."""

import pytest
from hypothesis import given, settings

from tests.vlmkg.graphs import graph
from tests.vlmkg.test_agreement_properties import TEXT, findings, graphs, named, overlapping
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.manifest import verify, write_manifest
from vlmkg.engine.loading import load_model_engine
from vlmkg.engine_protocol import Lead, ReportOutput
from vlmkg.pipeline import load_engine, read_reports, read_twice, reading_digest
from vlmkg.schema import Kind, Presence, ReportGraph, Witness
from vlmkg.validation import validate
from vlmkg.witnesses import agreement, rules_lead
from vlmkg.witnesses.lead import combine, is_known, led_by_model

MANY = settings(max_examples=100)
REPORT = "FINDINGS: No pneumothorax. Small left plovexia. The heart is mildly enlarged."


def combined(model: tuple[str, str], rules: tuple[str, str], lead: Lead) -> ReportGraph:
    (text, one), (_, other) = graph(*model), graph(*rules)
    return combine(text, one, other, lead).combined.graph


def said(found: ReportGraph) -> list[tuple[str, str, bool]]:
    return [(mention.text, mention.presence.value, mention.disputed) for mention in found.mentions]


@pytest.mark.parametrize(
    ("word", "known"),
    [("effusion", True), ("effusions", True), ("pneumthorax", True), ("the", True), ("plovexia", False)],
)
def test_a_word_is_known_by_the_lexicon_or_not_at_all(word, known):
    assert is_known(word) is known


def test_the_model_leads_in_sentences_with_an_unknown_word_alone():
    spans = led_by_model(REPORT, Lead.UNKNOWN_WORDS)

    assert [REPORT[start:end] for start, end in spans] == ["Small left plovexia"]
    assert led_by_model(REPORT, Lead.NEVER) == ()
    assert led_by_model(REPORT, Lead.ALWAYS) == ((0, len(REPORT) + 1),)


@MANY
@given(graphs(), graphs())
def test_where_the_rules_lead_their_graph_stands_whatever_the_model_reads(model, rules):
    found, conflicts = rules_lead.combine(model, rules)

    assert validate(TEXT, found) == (found, [])
    bare = [(one.start, one.end, one.kind, one.presence) for one in found.mentions]
    assert bare == [(one.start, one.end, one.kind, one.presence) for one in rules.mentions]
    assert [(one.head, one.type, one.tail) for one in found.relations] == [
        (one.head, one.type, one.tail) for one in rules.relations
    ]
    for mention in found.mentions:
        heard = [one for one in overlapping(model, mention) if one.kind is mention.kind]
        differing = {one.presence for one in heard} - {mention.presence}
        assert (mention.other_presence in differing) if differing else mention.other_presence is None
        assert mention.disputed or not differing
        assert not mention.disputed or named(conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_where_the_rules_lead_no_finding_of_the_model_goes_without_a_word(model, rules):
    told = combine(TEXT, model, rules, Lead.NEVER)
    warned = {warning.detail for warning in told.warnings}

    for mention in findings(model):
        if mention.presence is Presence.PRESENT:
            held = [one for one in overlapping(told.combined.graph, mention) if one.kind is Kind.OBSERVATION]
            assert held or mention.text in warned or named(told.combined.conflicts, mention)


@MANY
@given(graphs(), graphs())
def test_where_the_model_always_leads_the_two_agree_as_before(model, rules):
    assert combine(TEXT, model, rules, Lead.ALWAYS).combined == agreement.combine(model, rules)


@pytest.mark.parametrize(("model", "rules"), [("P", "N"), ("N", "P"), ("U", "P"), ("P", "U")])
def test_the_rules_presence_stands_and_the_models_is_shown(model, rules):
    (mention,) = combined((f"no edema/{model}", ""), (f"no edema/{rules}", ""), Lead.NEVER).mentions

    presences = {"P": Presence.PRESENT, "U": Presence.UNCERTAIN, "N": Presence.ABSENT}
    assert (mention.presence, mention.other_presence) == (presences[rules], presences[model])
    assert (mention.disputed, mention.witness) == (True, Witness.RULES)


def test_each_sentence_is_read_as_its_own_lead_says():
    """In both the two differ on presence; the second has a word that the lexicon lacks."""
    text = "no edema/{} . left plovexia/{}"
    model = (text.format("P", "A"), "")
    found = combined(model, (text.format("N", "P"), ""), Lead.UNKNOWN_WORDS)

    assert said(found) == [("edema", "absent", True), ("plovexia", "present", True)]
    wide = combined(("no edema/P . left_plovexia/P", ""), ("no edema/N . left/A plovexia/N", ""), Lead.UNKNOWN_WORDS)
    assert said(wide) == [("edema", "absent", True), ("left plovexia", "absent", True)], "its span, their presence"
    assert [one.other_presence for one in wide.mentions] == [Presence.PRESENT, Presence.PRESENT]


def test_a_relation_between_sentences_is_read_as_the_later_one_is():
    marked = "edema/P . plovexia/P"
    with_link, without = (marked, "edema suggestive_of plovexia"), (marked, "")

    assert len(combined(with_link, without, Lead.UNKNOWN_WORDS).relations) == 1
    assert len(combined(with_link, without, Lead.NEVER).relations) == 0
    assert len(combined(without, with_link, Lead.NEVER).relations) == 1


def test_what_the_model_alone_reads_where_the_rules_lead_is_refused_and_told():
    text, model = graph("No edema/N . The chair/P is blue/N", "")
    _, rules = graph("No edema/N . The chair is blue", "")

    reading = read_twice(text, model, ReportOutput(rules), Lead.NEVER)

    assert [mention.text for mention in reading.graph.mentions] == ["edema"]
    assert [(one.reason, one.head) for one in reading.rejections] == [("model_alone", "chair"), ("model_alone", "blue")]
    assert [one.detail for one in reading.warnings if one.reason == "model_alone"] == ["chair"], "blue is denied"


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The same random weights with each lead, and with a manifest that names none."""
    found = {}
    for lead in Lead:
        folder = tmp_path_factory.mktemp("lead") / lead
        tiny.make(folder, image_domain=None, lead=lead, seed=2)
        found[lead] = load_model_engine(folder, "cpu", unpromoted=True)
    return found


def bare(reading) -> list[tuple]:
    return [(one.start, one.end, one.kind, one.presence) for one in reading.graph.mentions]


def test_a_checkpoint_reads_as_its_manifest_says(engines):
    (rules,) = read_reports(load_engine("rules"), [REPORT])
    readings = {lead: read_reports(engine, [REPORT])[0] for lead, engine in engines.items()}

    assert bare(readings[Lead.NEVER]) == bare(rules)
    assert bare(readings[Lead.ALWAYS]) != bare(rules), "random weights read something else"
    start = REPORT.index("Small")
    end = REPORT.index(". The heart")
    outside = [one for one in bare(readings[Lead.UNKNOWN_WORDS]) if not start <= one[0] < end]
    assert outside == [one for one in bare(rules) if not start <= one[0] < end]
    inside = [one[:3] for one in bare(readings[Lead.UNKNOWN_WORDS]) if start <= one[0] < end]
    assert inside == [one[:3] for one in bare(readings[Lead.ALWAYS]) if start <= one[0] < end]


def test_a_reading_has_another_identity_where_the_lead_is_another(engines):
    assert len({reading_digest(engine) for engine in engines.values()}) == len(Lead)


def test_a_manifest_without_a_lead_lets_the_rules_lead(tmp_path):
    folder = tiny.make(tmp_path / "old", image_domain=None, lead=Lead.ALWAYS).folder
    kept = verify(folder).manifest.model_dump(exclude={"files", "lead"})

    assert write_manifest(folder, **kept).manifest.lead is Lead.NEVER
