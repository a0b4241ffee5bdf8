"""The estimate of a run against counts by hand, and the model card."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from training.estimate import estimate
from training.stages.config import read_config
from training.stages.language_models import codec_of, own_language_model
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.card import model_card
from vlmkg.checkpoint.manifest import verify, write_manifest
from vlmkg.errors import UsageError

CONFIG = read_config(Path(__file__).parents[2] / "training" / "configs" / "debug.yaml")


def test_parameters_and_flops_are_those_of_the_model():
    found = estimate(CONFIG, peak=1e12, used=0.5)
    real = sum(one.numel() for one in own_language_model(CONFIG, codec_of(CONFIG)).parameters())
    one = found["stage1"]
    assert one.parameters == real
    assert found["stage2"].parameters > real
    assert one.state_bytes == 16 * real
    tokens = CONFIG.stage1.steps * CONFIG.stage1.batch * one.tokens_a_window
    model = CONFIG.language_model
    assert one.flops == pytest.approx(tokens * (6 * real + 12 * model.layers * model.hidden_size * one.tokens_a_window))
    assert one.hours == pytest.approx(one.flops / 0.5e12 / 3600)
    assert one.windows_an_epoch is None
    assert found["stage2"].tokens_a_window > one.tokens_a_window, "films lengthen the windows"


def test_twice_the_batch_is_twice_the_work():
    more = replace(CONFIG, stage1=replace(CONFIG.stage1, batch=CONFIG.stage1.batch * 2))
    one, other = estimate(CONFIG)["stage1"], estimate(more)["stage1"]
    assert other.flops == pytest.approx(2 * one.flops)
    assert other.activation_bytes == pytest.approx(2 * one.activation_bytes)


def test_a_folder_that_was_not_imported_says_what_to_run(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    config = replace(CONFIG, language_model=replace(CONFIG.language_model, folder=str(tmp_path)))
    with pytest.raises(UsageError, match="was not imported yet") as caught:
        codec_of(config)
    assert "vlmkg checkpoint import qwen SOURCE" in str(caught.value.remedy)


def test_a_language_model_with_fewer_positions_than_the_config_is_refused(tmp_path):
    tiny.make(tmp_path / "tiny", positions=512)
    model = replace(CONFIG.language_model, folder=str(tmp_path / "tiny" / "language_model"), positions=768)
    with pytest.raises(UsageError, match="reads at most 512 tokens"):
        codec_of(replace(CONFIG, language_model=model))
    assert codec_of(replace(CONFIG, language_model=replace(model, positions=512)))


def test_the_card_has_the_metadata_that_a_hub_reads(tmp_path):
    manifest = tiny.make(tmp_path / "tiny", promoted=True).manifest
    kept = manifest.model_dump(exclude={"files", "licence"})
    kept["base_models"] = {"language_model": "Qwen/Qwen1.5-0.5B"}
    write_manifest(tmp_path / "tiny", **kept, licence="Research License and PhysioNet 1.5.0")
    (tmp_path / "tiny" / "promotion.json").unlink()
    text = model_card(verify(tmp_path / "tiny"))
    _, head, body = text.split("---\n", 2)
    said = yaml.safe_load(head)
    assert said["license"] == "other"
    assert said["license_name"] == "Research License and PhysioNet 1.5.0"
    assert said["base_model"] == ["Qwen/Qwen1.5-0.5B"]
    metrics = {one["type"]: one["value"] for one in said["model-index"][0]["results"][0]["metrics"]}
    assert metrics == {**manifest.metrics}
    assert "not promoted" in body
    (tmp_path / "tiny" / "README.md").write_text(text)
    assert verify(tmp_path / "tiny")
