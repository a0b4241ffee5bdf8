"""What the text witness changes: findings of the model alone that it holds for no mention, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.vlmkg.graphs import graph
from tests.vlmkg.test_agreement_properties import TEXT, graphs
from tests.vlmkg.text_witness import tiny
from vlmkg.checkpoint import tiny as tiny_checkpoint
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import TEXT_WITNESS, verify, write_manifest
from vlmkg.engine.loading import load_model_engine
from vlmkg.engine.text_witness_queries import label_words
from vlmkg.engine_protocol import Lead, ReadingWarning, ReportOutput, StudyInput, WordLabels
from vlmkg.pipeline import read_twice
from vlmkg.reading.tokens import tokenize
from vlmkg.schema import Presence, ReportGraph, Witness
from vlmkg.text_witness.reader import WordReader
from vlmkg.validation import validate
from vlmkg.witnesses.text_witness import NO_MENTION, doubt_findings

REPORT = "FINDINGS: No pneumothorax. Small left plovexia. The heart is mildly enlarged."


def words(text: str, mention: float = 0.0) -> list[WordLabels]:
    """Every word of a text, with this probability of being a finding that is present."""
    return [WordLabels(one.start, one.end, 0.0, mention, 0.0, 0.0, mention, mention) for one in tokenize(text)]


def of_model(found: ReportGraph) -> ReportGraph:
    return replace(found, mentions=tuple(replace(one, witness=Witness.MODEL) for one in found.mentions))


def test_a_finding_of_the_model_alone_becomes_uncertain_and_is_warned_of():
    text, found = graph("additionally/P mild/P edema/N in lung/A", "mild modify edema")
    seen, told = doubt_findings(of_model(found), words(text))

    assert [(one.presence.value, one.disputed) for one in seen.mentions] == [
        ("uncertain", True),
        ("present", False),  # it describes another: no finding
        ("absent", False),
        ("present", False),  # anatomy
    ]
    assert seen.relations == found.relations
    assert told == (ReadingWarning("mention_conflict", "additionally"),)


@pytest.mark.parametrize(("mention", "doubted"), [(1 - NO_MENTION, True), (1 - NO_MENTION + 0.01, False)])
def test_a_finding_is_doubted_from_the_threshold_on(mention, doubted):
    text, found = graph("thing/P")
    seen, _ = doubt_findings(of_model(found), words(text, mention - 1e-9))

    assert seen.mentions[0].disputed is doubted


@settings(max_examples=100)
@given(graphs())
def test_what_the_rules_read_stands_whatever_the_text_witness_says(found):
    by_rules = replace(found, mentions=tuple(replace(one, witness=Witness.RULES) for one in found.mentions))
    by_both = replace(found, mentions=tuple(replace(one, witness=Witness.BOTH) for one in found.mentions))

    assert doubt_findings(by_rules, words(TEXT)) == (by_rules, ())
    assert doubt_findings(by_both, words(TEXT)) == (by_both, ())


@settings(max_examples=100)
@given(graphs())
def test_only_present_becomes_uncertain_and_the_graph_stays_valid(found):
    seen, told = doubt_findings(of_model(found), words(TEXT))

    assert validate(TEXT, seen) == (seen, [])
    changed = [(a.presence, b.presence) for a, b in zip(found.mentions, seen.mentions, strict=True) if b.disputed]
    assert set(changed) <= {(Presence.PRESENT, Presence.UNCERTAIN)}
    assert len(told) == len(changed)


def test_without_labels_nothing_changes():
    _, found = graph("thing/P")
    assert doubt_findings(of_model(found), []) == (of_model(found), ())


def test_a_reading_of_both_shows_the_doubt():
    text, found = graph("there is plovexia/P")
    output = ReportOutput(ReportGraph())
    model = of_model(found)

    sure = read_twice(text, model, output, Lead.UNKNOWN_WORDS)
    doubted = read_twice(text, model, output, Lead.UNKNOWN_WORDS, words=words(text))
    assert [one.presence for one in sure.graph.mentions] == [Presence.PRESENT]
    assert [(one.presence, one.disputed) for one in doubted.graph.mentions] == [(Presence.UNCERTAIN, True)]
    assert "mention_conflict" in {one.reason for one in doubted.warnings}


def test_it_is_asked_where_the_model_leads_and_shows_a_finding(tmp_path):
    reader = WordReader(tiny.write(tmp_path / "witness"))
    start = REPORT.index("plovexia")
    _, thing = graph("plovexia/P")
    shown = ReportGraph((replace(of_model(thing).mentions[0], start=start, end=start + len("plovexia")),))

    asked = label_words(reader, [REPORT, REPORT, "no effusion"], [shown, ReportGraph(), shown], Lead.UNKNOWN_WORDS)
    assert [[REPORT[one.start : one.end] for one in row] for row in asked] == [["Small", "left", "plovexia"], [], []]
    assert label_words(reader, [REPORT], [shown], Lead.NEVER) == [()]
    assert label_words(None, [REPORT], [shown], Lead.UNKNOWN_WORDS) == [()]


def test_nothing_is_loaded_where_nothing_is_asked(tmp_path):
    assert WordReader(tmp_path / "missing").read([]) == []


def with_witness(folder, no_mention: float):
    """A tiny checkpoint that always leads, with a text witness of that opinion."""
    tiny_checkpoint.make(folder, lead=Lead.ALWAYS)
    tiny.write(folder / TEXT_WITNESS, no_mention=no_mention)
    kept = verify_without(folder).model_dump(exclude={"files", "text_witness"})
    return write_manifest(folder, **kept, text_witness=True)


def verify_without(folder):
    from vlmkg.checkpoint.manifest import Manifest

    return Manifest.model_validate_json((folder / "manifest.json").read_bytes())


def test_a_checkpoint_reads_with_its_text_witness(tmp_path):
    with_witness(tmp_path / "checkpoint", no_mention=20.0)
    study = StudyInput(("FINDINGS: " + "Left plovexia of the right glom. " * 6,))

    (output,) = load_model_engine(tmp_path / "checkpoint", "cpu", unpromoted=True).read([study])
    report = output.reports[0]
    claimed = [one for one in report.graph.mentions if one.presence is Presence.PRESENT and one.kind == "observation"]
    assert bool(report.words) is bool(claimed)
    assert all(one.present < 1e-6 for one in report.words)


def test_a_folder_and_a_manifest_that_differ_are_refused(tmp_path):
    tiny_checkpoint.make(tmp_path / "checkpoint")
    kept = verify(tmp_path / "checkpoint").manifest.model_dump(exclude={"files", "text_witness"})
    with pytest.raises(CheckpointError, match="text_witness"):
        write_manifest(tmp_path / "checkpoint", **kept, text_witness=True)
