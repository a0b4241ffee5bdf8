"""Promotion with a real evaluator: a real checkpoint reads real files, and its figures decide."""

import json
import shutil

import pytest
from click.testing import CliRunner

from training.gate import gold_evaluation, measure, record, synthetic_evaluation
from training.synthetic.studies import studies
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.cli import vlmkg
from vlmkg.errors import UsageError
from vlmkg.pipeline import extract_texts, load_engine
from vlmkg.radgraph import to_radgraph
from vlmkg.reading.tokens import tokenize

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = ("heart", "effusion", "left", "lobe", "mild", "opacity", "no", "edema")
SENTENCES = [f"{a} {b} {c} ." for a in WORDS[:4] for b in WORDS[3:7] for c in WORDS[4:8]][:50]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two checkpoints of random weights. `gold.json` is what the first one reads, so it is right in all, by the way."""
    place = tmp_path_factory.mktemp("gate")
    # Of these seeds, what random weights read has mentions and relations in most sentences.
    for seed, name in ((2, "right"), (6, "wrong")):
        tiny.make(place / name, name=name, image_domain=None, seed=seed)
    graphs = extract_texts(load_engine(str(place / "right"), unpromoted=True), SENTENCES)
    gold = {str(at): to_radgraph(*pair) for at, pair in enumerate(zip(SENTENCES, graphs, strict=True))}
    (place / "gold.json").write_text(json.dumps(gold))
    for name in ("right", "wrong"):
        record(place / name, gold_evaluation(place / "gold.json"), gold=place / "gold.json")
    return place


def vlmkg_checkpoint(*arguments):
    return CliRunner().invoke(vlmkg, ["checkpoint", *map(str, arguments)], catch_exceptions=False)


def test_the_figures_are_those_of_what_it_reads(folders):
    right, wrong = (verify(folders / name).manifest for name in ("right", "wrong"))

    assert right.metrics == {"entity_f1": 1.0, "relation_f1": 1.0, "presence_f1": 1.0, "invalid": 0.0}
    assert max(wrong.metrics[name] for name in ("entity_f1", "relation_f1", "presence_f1")) < 0.8
    assert right.evaluation == gold_evaluation(folders / "gold.json")


def test_what_reads_worse_is_not_promoted_whatever_it_says_of_itself(folders, tmp_path):
    gold, data = ("--gold", folders / "gold.json"), ("--data", tmp_path / "data")
    boasting = shutil.copytree(folders / "wrong", tmp_path / "wrong")
    content = json.loads((boasting / "manifest.json").read_text())
    content["metrics"] = verify(folders / "right").manifest.metrics
    (boasting / "manifest.json").write_text(json.dumps(content))

    with pytest.raises(CheckpointError, match=r"relation_f1 0\.\d+ \(gate 0\.80\)"):
        vlmkg_checkpoint("promote", boasting, *gold, *data)
    assert not is_promoted(verify(boasting))


def test_what_is_right_on_its_gold_alone_is_not_promoted(folders, tmp_path):
    """Its gold is what random weights read. Everywhere else the rules read better."""
    copy = shutil.copytree(folders / "right", tmp_path / "right")
    arguments = ("--gold", folders / "gold.json", "--data", tmp_path / "data", "--json")

    with pytest.raises(CheckpointError, match=r"families right is 0\.\d+ lower") as caught:
        vlmkg_checkpoint("promote", copy, *arguments)
    assert caught.value.reason == "worse_than_a_witness"
    assert not is_promoted(verify(copy))


def test_the_difference_to_the_promoted_one_has_its_sign_and_interval(folders):
    evaluation, gold = gold_evaluation(folders / "gold.json"), folders / "gold.json"

    worse = measure(folders / "wrong", evaluation, gold=gold, other=folders / "right")

    for name, gap in worse.against.items():
        assert gap.difference == pytest.approx(worse.metrics[name] - 1.0)
        assert gap.low <= gap.difference <= gap.high < 0


def test_a_gold_file_is_the_one_that_is_named(folders, tmp_path):
    other = tmp_path / "other.json"
    other.write_text((folders / "gold.json").read_text() + "\n")
    with pytest.raises(UsageError, match=r"is not the gold file gold\.json"):
        vlmkg_checkpoint("promote", folders / "right", "--gold", other, "--data", tmp_path)
    with pytest.raises(UsageError, match=r"measured on the gold file gold\.json") as caught:
        vlmkg_checkpoint("promote", folders / "right", "--data", tmp_path)
    assert "--gold" in caught.value.remedy


def test_synthetic_studies_are_made_again_films_and_all(tmp_path):
    folder = tiny.make(tmp_path / "films").folder
    evaluation = synthetic_evaluation(5, 3, 1.0)

    assert evaluation == synthetic_evaluation(5, 3, 1.0) != synthetic_evaluation(6, 3, 1.0)
    measured = record(folder, evaluation)
    assert (measured.reports, verify(folder).manifest.evaluation) == (3, evaluation)
    with pytest.raises(UsageError, match="other synthetic studies"):
        measure(folder, evaluation.model_copy(update={"sha256": "0" * 64}))


def test_our_own_rows_are_gold_with_their_text_as_it_is(folders, tmp_path):
    from training.data.jsonl import write_file
    from training.stages.loading import synthetic

    rows = [synthetic(study).row for study in studies(1, 2, films=0.0)]
    write_file(tmp_path / "gold.jsonl", rows)
    measured = measure(folders / "right", gold_evaluation(tmp_path / "gold.jsonl"), gold=tmp_path / "gold.jsonl")

    assert measured.reports == 2
    assert all(tokenize(row.report) for row in rows)
    assert 0 <= measured.metrics["entity_f1"] < 1


def test_train_measure_names_the_evaluation(folders, tmp_path):
    folder = shutil.copytree(folders / "right", tmp_path / "copy")
    result = CliRunner().invoke(vlmkg, ["train", "measure", "--seed", "5", "--count", "2", str(folder)])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("2 reports: entity_f1 ")
    assert verify(folder).manifest.evaluation == synthetic_evaluation(5, 2, 0.3)
