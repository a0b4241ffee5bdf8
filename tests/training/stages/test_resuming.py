"""A stage goes on only as it began; directions of modify are never mixed; the manifest says what it was made from."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.data.directions import one_direction
from training.data.radgraph import PUBLISHED_V1
from training.data.rows import Row
from training.stages.config import from_mapping, read_config, to_mapping
from training.stages.records import RUN_FILE
from training.stages.resuming import check_resumed
from training.stages.state import STATE_FILE
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import ModifyDirection, verify, write_manifest
from vlmkg.checkpoint.promotion import promote
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.schema import ReportGraph

CONFIG = read_config(Path(__file__).parents[3] / "training" / "configs" / "debug.yaml")
DATA = {"synthetic": "x"}


@pytest.fixture
def begun(tmp_path):
    (tmp_path / RUN_FILE).write_text(json.dumps({"config": to_mapping(CONFIG), "data": DATA}))
    (tmp_path / STATE_FILE).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 5}, "seed was 0, is 5"),
        ({"stage1": replace(CONFIG.stage1, learning_rate=0.1)}, "stage1.learning_rate was 0.004, is 0.1"),
        ({"data": replace(CONFIG.data, seed=9)}, "data.seed was 1, is 9"),
        ({"language_model": replace(CONFIG.language_model, layers=3)}, "language_model.layers was 2, is 3"),
    ],
)
def test_another_config_is_refused_by_its_field(begun, changed, said):
    with pytest.raises(UsageError, match=said):
        check_resumed(begun, replace(CONFIG, **changed), "stage1", DATA)


def test_what_does_not_change_the_result_may_change(begun):
    other = replace(
        CONFIG,
        data=replace(CONFIG.data, workers=3),
        vision=replace(CONFIG.vision, features="elsewhere"),
        stage2=replace(CONFIG.stage2, steps=99),
    )
    check_resumed(begun, other, "stage1", DATA)
    with pytest.raises(UsageError, match="files have another content"):
        check_resumed(begun, CONFIG, "stage1", {"synthetic": "y"})


def test_a_run_that_has_trained_nothing_begins_again(begun):
    (begun / STATE_FILE).unlink()
    check_resumed(begun, replace(CONFIG, seed=5), "stage1", DATA)
    assert not (begun / RUN_FILE).exists()


def test_directions_of_modify_are_never_mixed():
    ours, theirs = Row("a", "p", "x", ReportGraph()), Row("b", "q", "x", ReportGraph(), labels=PUBLISHED_V1)
    assert one_direction([ours]) is one_direction([]) is ModifyDirection.DESCRIBING_TO_DESCRIBED
    assert one_direction([theirs]) is ModifyDirection.AS_PUBLISHED
    with pytest.raises(UsageError, match="study a has ours, study b has RadGraph's"):
        one_direction([theirs, ours, theirs])


def test_a_checkpoint_of_the_published_direction_is_not_promoted(tmp_path):
    manifest = tiny.make(tmp_path / "tiny").manifest
    kept = manifest.model_dump(exclude={"files", "modify_direction"})
    write_manifest(tmp_path / "tiny", **kept, modify_direction=ModifyDirection.AS_PUBLISHED)

    def never(*_args, **_options):
        raise AssertionError("nothing needs to be measured")

    with pytest.raises(CheckpointError) as caught:
        promote(tmp_path / "tiny", DataDir(tmp_path / "var"), never)
    assert caught.value.reason == "other_direction"


def test_a_readme_in_a_checkpoint_is_no_damage(tmp_path):
    before = tiny.make(tmp_path / "tiny")
    (tmp_path / "tiny" / "README.md").write_text("# Ours\n")
    assert verify(tmp_path / "tiny").digest == before.digest
    (tmp_path / "tiny" / "notes.md").write_text("x")
    with pytest.raises(CheckpointError) as caught:
        verify(tmp_path / "tiny")
    assert caught.value.reason == "unknown_file"


def test_an_imported_language_model_needs_a_licence_in_the_config():
    content = {"name": "x", "language_model": {"folder": "models/qwen"}}
    with pytest.raises(ValueError, match="licence"):
        from_mapping(content)
    config = from_mapping({**content, "licence": "Apache-2.0 and MIT", "base_models": {"language_model": "Qwen"}})
    assert config.base_models == {"language_model": "Qwen"}
    with pytest.raises(ValueError, match="there is no part tokenizer"):
        from_mapping({"name": "x", "base_models": {"tokenizer": "y"}})
