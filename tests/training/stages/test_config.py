"""Run configs: the shipped ones are read, and a field that means nothing is refused by its name."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from training.stages.config import RunConfig, StageConfig, from_mapping, read_config, to_mapping
from training.synthetic import seeds
from vlmkg.errors import UsageError

OF_A_WITNESS = "witness.yaml"
"""A config of another kind: tests/training/text_witness reads it."""
CONFIGS = [
    path
    for path in sorted((Path(__file__).parents[3] / "training" / "configs").glob("*.yaml"))
    if path.name != OF_A_WITNESS
]
PARTS = ("data", "language_model", "vision", "projector", "stage0", "stage1", "stage2")
NUMBERS = [
    (part, field.name)
    for part in PARTS
    for field in fields(getattr(RunConfig("x"), part))
    if type(getattr(getattr(RunConfig("x"), part), field.name)) in {int, float}
]


def refused(tmp_path: Path, content: Any) -> str:
    path = tmp_path / "wrong.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(UsageError) as caught:
        read_config(path)
    return str(caught.value)


def with_value(part: str, name: str, value: Any) -> dict[str, Any]:
    required = {"steps": 5} if part.startswith("stage") else {}
    return {"name": "x", part: {**required, name: value}}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_read_and_survives_its_manifest(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem
    assert from_mapping(json.loads(json.dumps(to_mapping(config)))) == config


def test_a_config_has_nothing_but_parts_and_plain_values() -> None:
    """Else the tests below would miss a field."""
    config = RunConfig("x")
    assert [field.name for field in fields(config) if is_dataclass(getattr(config, field.name))] == list(PARTS)
    assert len(NUMBERS) > 40


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "wrong.yaml is not a valid run config"),
        ("7", "is not a valid run config"),
        ("name: x\nspeed: 1", "there is no field speed"),
        ("name: ''", "name: "),
        ("stage1: {steps: 1}", "name is missing"),
        ("name: x\nstage1: {batch: 4}", "stage1.steps is missing"),
        ("name: x\nstage1: {steps: 1e-3}", "stage1.steps: .*'1e-3'"),
        ("name: x\nstage1: {steps: 5, learning_rate: 1e-3}", "stage1.learning_rate: .*'1e-3'"),
        ("name: x\nstage1: {steps: 5, learning_rate: .nan}", "stage1.learning_rate: "),
        ("name: x\nstage1: {steps: 5, learning_rate: .inf}", "stage1.learning_rate: "),
        ("name: x\nstage1: {steps: 5, optimizer: sgd}", "stage1.optimizer: .*'sgd'"),
        ("name: x\nprecision: fp8", "precision: .*'fp8'"),
        ("name: x\nprecision: no", "precision: .*False"),
        ("name: x\ndata: {files: train.jsonl}", "data.files: .*'train.jsonl'"),
        ("name: x\ndata: {files: [7]}", "data.files.0: .*7"),
        ("name: x\ndata: {files: ['']}", "data.files.0: "),
        ("name: x\ndata: {files: [2020-01-01]}", "is not a valid run config: "),
        ("name: x\ndata: [1]", "data: "),
        ("name: x\nlanguage_model: {whole_report: 'no'}", "language_model.whole_report: .*'no'"),
        ("name: x\nlanguage_model: {whole_report: 0}", "language_model.whole_report: .*0"),
        ("name: x\nlanguage_model: {hidden_size: 250, heads: 4}", "4 heads do not divide 250"),
        ("name: x\nlanguage_model: {heads: 4, kv_heads: 3}", "3 kv_heads do not divide 4"),
        ("name: x\nprojector: {projector: qformer}", "projector.projector: .*'qformer'"),
    ],
)
def test_a_wrong_config_is_refused_by_its_field(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=said):
        read_config(path)


@pytest.mark.parametrize("value", [-5, True, "8", None, [8]])
@pytest.mark.parametrize(("part", "name"), NUMBERS)
def test_no_number_is_negative_or_another_type(tmp_path: Path, part: str, name: str, value: object) -> None:
    assert f"{part}.{name}: " in refused(tmp_path, with_value(part, name, value))


@pytest.mark.parametrize("share", ["film_share", "text_only_share"])
def test_a_share_is_at_most_one(tmp_path: Path, share: str) -> None:
    part = "data" if share == "film_share" else "stage2"
    assert f"{part}.{share}: " in refused(tmp_path, with_value(part, share, 1.01))
    assert from_mapping(with_value(part, share, 1))


@pytest.mark.parametrize("part", PARTS)
def test_an_unknown_field_of_a_part_is_refused(tmp_path: Path, part: str) -> None:
    assert f"there is no field {part}.speed" in refused(tmp_path, with_value(part, "speed", 1))


HELD_OUT = (seeds.EXAM_SEED, seeds.FACTUALITY_SEED, seeds.LENGTH_SEED, seeds.TRANSFER_SEED)


@given(st.integers(1, seeds.GREATEST))
def test_a_run_uses_no_studies_that_are_held_out(seed: int) -> None:
    """Nor does one of an experiment, which adds up to nine; and its own sets are apart."""
    used = [seed + more for more in (0, seeds.VALIDATION_SEED, seeds.ALONE_SEED)]
    assert len(set(used)) == 3
    held_out = {*HELD_OUT, *(seeds.FACTUALITY_SEED + more for more in range(10))}
    assert held_out.isdisjoint(one + more for one in used for more in range(10))
    assert from_mapping({"name": "x", "data": {"seed": seed}}).data.seed == seed


@pytest.mark.parametrize("seed", [0, seeds.GREATEST + 1, *HELD_OUT, *(one - seeds.VALIDATION_SEED for one in HELD_OUT)])
def test_a_seed_that_would_train_on_held_out_studies_is_refused(tmp_path: Path, seed: int) -> None:
    said = refused(tmp_path, {"name": "x", "data": {"seed": seed}})
    assert "data.seed: " in said
    assert "held-out studies" in said


def test_defaults_are_within_their_ranges() -> None:
    assert from_mapping(to_mapping(RunConfig("x", stage0=StageConfig(steps=1)))) == RunConfig(
        "x", stage0=StageConfig(1)
    )
