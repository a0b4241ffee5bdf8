"""Promotion: the gate, the mark, and what `model` stands for."""

import json
from contextlib import nullcontext

import pytest

from vlmkg.checkpoint import promotion, tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.evaluation import Difference, GoldEvaluation, Measured
from vlmkg.checkpoint.manifest import MANIFEST_FILE, verify, write_manifest
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

MET = {"entity_f1": 0.92, "relation_f1": 0.80, "presence_f1": 0.92, "invalid": 0.0}


EVALUATION = GoldEvaluation(file="gold.json", sha256="0" * 64)
AS_GOOD = {"families right": Difference(0.0, -0.001, 0.0)}
SAME = dict.fromkeys(promotion.GATE, Difference(0.0, -0.01, 0.01))


def evaluator(metrics=MET, reports=60, against=None, less_witness=AS_GOOD):
    """An evaluator that found these figures, and notes what it was asked."""

    def evaluate(folder, evaluation, *, gold, other):
        asked.append((folder, evaluation, gold, other))
        return Measured(reports, metrics, against or {}, less_witness)

    asked = []
    evaluate.asked = asked
    return evaluate


def name_evaluation(folder):
    kept = verify(folder).manifest.model_dump(exclude={"files", "evaluation"})
    return write_manifest(folder, **kept, evaluation=EVALUATION)


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """A tiny checkpoint with metrics that are made up, and its promotion."""
    return tiny.make(tmp_path_factory.mktemp("promoted") / "tiny", image_domain=None, promoted=True)


def test_the_gate_is_met_at_its_limits_and_not_below():
    assert promotion.unmet(MET) == []
    for name in promotion.GATE:
        (missed,) = promotion.unmet({**MET, name: MET[name] - 1e-4})
        assert missed.startswith(f"{name} is ")
        assert promotion.unmet({key: value for key, value in MET.items() if key != name}) == [
            f"{name} was not measured"
        ]
        assert promotion.unmet({**MET, name: float("nan")}) != []
    assert promotion.unmet({**MET, "invalid": 1.0}) == ["invalid is 1"]
    assert promotion.unmet({**MET, "invalid": float("nan")}) != []
    assert "invalid was not measured" in promotion.unmet({})


def test_recorded_figures_open_no_gate(copy, tmp_path):
    """With no evaluation named there is none to run; with one named, what it finds counts."""
    kept = verify(copy).manifest.model_dump(exclude={"files", "metrics"})
    write_manifest(copy, **kept, metrics=MET)
    never = evaluator()
    with pytest.raises(CheckpointError, match="names no evaluation") as caught:
        promotion.promote(copy, DataDir(tmp_path / "data"), never)
    assert (caught.value.reason, never.asked) == ("no_evaluation", [])

    name_evaluation(copy)
    found = evaluator({**MET, "relation_f1": 0.7911})
    with pytest.raises(CheckpointError, match=r"relation_f1 0\.7911 \(gate 0\.80\)") as caught:
        promotion.promote(copy, DataDir(tmp_path / "data"), found, tmp_path)
    assert "entity_f1 0.9200 (gate 0.92)" in str(caught.value)
    assert caught.value.reason == "gate_not_met"
    assert found.asked == [(copy, EVALUATION, tmp_path, None)]
    assert not promotion.is_promoted(verify(copy))
    assert promotion.current_folder(DataDir(tmp_path / "data")) is None
    with pytest.raises(CheckpointError, match="not_promoted"):
        promotion.require_promoted(verify(copy))


@pytest.mark.parametrize(
    ("reports", "refused"), [(promotion.LEAST_REPORTS, False), (promotion.LEAST_REPORTS - 1, True)]
)
def test_a_handful_of_reports_is_no_evaluation(copy, tmp_path, reports, refused):
    name_evaluation(copy)
    with pytest.raises(CheckpointError, match="fewer than 50") if refused else nullcontext():
        promotion.promote(copy, DataDir(tmp_path), evaluator(reports=reports))
    assert promotion.is_promoted(verify(copy)) is not refused


def test_promotion_marks_the_checkpoint_and_makes_it_the_model(copy, tmp_path):
    data = DataDir(tmp_path / "data")
    verified = name_evaluation(copy)
    assert promotion.promote(copy, data, evaluator()).verified == verified
    promotion.require_promoted(verify(copy))
    assert promotion.current_folder(data) == copy
    mark = (copy / "promotion.json").read_bytes()
    assert (json.loads(mark)["metrics"], json.loads(mark)["reports"]) == (MET, 60)
    again = evaluator()
    assert promotion.promote(copy, data, again).compared_with is None
    assert again.asked[0][-1] is None, "it was held to itself"
    assert (copy / "promotion.json").read_bytes() == mark
    promotion.make_current(tmp_path / "other", data)
    assert promotion.current_folders(data)[-2:] == (copy, tmp_path / "other")


def test_a_checkpoint_that_reads_worse_than_the_promoted_one_is_refused(promoted, copy, tmp_path):
    data = DataDir(tmp_path / "data")
    promotion.make_current(promoted.folder, data)
    name_evaluation(copy)
    worse = evaluator(against={**SAME, "relation_f1": Difference(-0.03, -0.05, -0.0001)})
    with pytest.raises(CheckpointError, match=r"relation_f1 is 0\.0300 lower") as caught:
        promotion.promote(copy, data, worse)
    assert caught.value.reason == "regression"
    assert worse.asked[0][-1] == promoted.folder
    with pytest.raises(CheckpointError, match="not compared"):
        promotion.promote(copy, data, evaluator())
    assert promotion.current_folder(data) == promoted.folder
    assert not promotion.is_promoted(verify(copy))

    by_chance = evaluator(against={**SAME, "relation_f1": Difference(-0.03, -0.05, 0.0)})
    judged = promotion.promote(copy, data, by_chance)
    assert judged.compared_with == promoted
    assert json.loads((copy / "promotion.json").read_text())["compared_with"] == promoted.digest
    assert promotion.current_folder(data) == copy


def test_what_reads_worse_than_one_of_its_witnesses_is_refused(copy, tmp_path):
    name_evaluation(copy)
    worse = evaluator(less_witness={**AS_GOOD, "gold relation_f1": Difference(-0.03, -0.05, -0.0001)})
    with pytest.raises(CheckpointError, match=r"gold relation_f1 is 0\.0300 lower \(-0\.0500 to -0\.0001\)") as caught:
        promotion.promote(copy, DataDir(tmp_path / "data"), worse)
    assert caught.value.reason == "worse_than_a_witness"
    assert "vlmkg train lead" in caught.value.remedy
    with pytest.raises(CheckpointError, match="was not compared"):
        promotion.promote(copy, DataDir(tmp_path / "data"), evaluator(less_witness={}))
    assert not promotion.is_promoted(verify(copy))

    by_chance = evaluator(less_witness={"gold relation_f1": Difference(-0.03, -0.05, 0.0)})
    promotion.promote(copy, DataDir(tmp_path / "data"), by_chance)
    assert promotion.is_promoted(verify(copy))


def test_where_nothing_was_promoted_what_model_stands_for_is_the_standard(promoted, copy, tmp_path):
    """As the checkpoint that comes with the project does in a new data folder."""
    name_evaluation(copy)
    worse = evaluator(against={**SAME, "relation_f1": Difference(-0.03, -0.05, -0.0001)})
    with pytest.raises(CheckpointError, match=r"relation_f1 is 0\.0300 lower"):
        promotion.promote(copy, DataDir(tmp_path / "data"), worse, standing=promoted.folder)


def test_a_checkpoint_that_can_no_longer_work_is_no_standard(copy, tmp_path):
    data = DataDir(tmp_path / "data")
    promotion.make_current(tmp_path / "gone", data)
    name_evaluation(copy)
    judged = promotion.promote(copy, data, evaluator())
    assert judged.compared_with is None
    assert judged.not_compared == f"{tmp_path / 'gone'} can't be used any more (no_manifest)"


def test_a_promotion_of_another_manifest_is_an_error(promoted):
    path = promoted.folder / MANIFEST_FILE
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), "licence": "another"}))
    try:
        with pytest.raises(CheckpointError, match="another manifest") as caught:
            promotion.require_promoted(verify(promoted.folder))
        assert caught.value.reason == "bad_promotion"
        assert "promote it again" in caught.value.remedy
        promotion.mark_promoted(verify(promoted.folder))
        promotion.require_promoted(verify(promoted.folder))
    finally:
        path.write_text(before)
        promotion.mark_promoted(verify(promoted.folder))


def test_a_mark_that_cannot_be_read_is_an_error(copy):
    (copy / "promotion.json").write_text("yes")
    with pytest.raises(CheckpointError, match="not a promotion"):
        promotion.require_promoted(verify(copy))


def test_a_broken_list_of_the_current_ones_is_a_usage_error(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "current.json").write_text("[]")
    with pytest.raises(UsageError, match="does not name checkpoints"):
        promotion.current_folder(DataDir(tmp_path))
