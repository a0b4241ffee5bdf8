"""Promotion: the gate, the mark, and what `model` stands for."""

import json

import pytest

from vlmkg.checkpoint import promotion, tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import MANIFEST_FILE, verify
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

MET = {"entity_f1": 0.92, "relation_f1": 0.80, "presence_f1": 0.92, "invalid": 0.0}


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


def test_a_checkpoint_that_was_not_measured_is_not_promoted(copy, tmp_path):
    with pytest.raises(CheckpointError, match="relation_f1 was not measured") as caught:
        promotion.promote(copy, DataDir(tmp_path / "data"))
    assert caught.value.reason == "gate_not_met"
    assert not promotion.is_promoted(verify(copy))
    assert promotion.current_folder(DataDir(tmp_path / "data")) is None
    with pytest.raises(CheckpointError, match="not_promoted"):
        promotion.require_promoted(verify(copy))


def test_promotion_marks_the_checkpoint_and_makes_it_the_model(promoted, tmp_path):
    data = DataDir(tmp_path / "data")
    (promoted.folder / "promotion.json").unlink()
    assert promotion.promote(promoted.folder, data) == promoted
    promotion.require_promoted(verify(promoted.folder))
    assert promotion.current_folder(data) == promoted.folder
    mark = (promoted.folder / "promotion.json").read_bytes()
    promotion.promote(promoted.folder, data)
    assert (promoted.folder / "promotion.json").read_bytes() == mark
    promotion.make_current(tmp_path / "other", data)
    assert promotion.current_folders(data)[-2:] == (promoted.folder, tmp_path / "other")


def test_a_promotion_of_another_manifest_is_an_error(promoted, tmp_path):
    path = promoted.folder / MANIFEST_FILE
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), "licence": "another"}))
    try:
        with pytest.raises(CheckpointError, match="another manifest") as caught:
            promotion.require_promoted(verify(promoted.folder))
        assert caught.value.reason == "bad_promotion"
        assert "promote it again" in caught.value.remedy
        promotion.promote(promoted.folder, DataDir(tmp_path))
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
