"""The arms: what differs from the first, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.experiments.arms import (
    matched_mlp_width,
    noise_arms,
    prefix_arms,
    projector_arms,
    scratch_arms,
    seeded,
    size_arms,
)
from training.experiments.cli import CONFIG_FILE
from training.experiments.runs import append_row, digest, read_rows, slug
from training.experiments.trained import ARMS, arms_table
from training.stages.config import read_config
from vlmkg.model.config import ModelConfig, Projector
from vlmkg.model.projector import build_projector

CONFIG = read_config(CONFIG_FILE)


def parameters(config, hidden_size):
    return sum(weight.numel() for weight in build_projector(config, hidden_size).parameters())


def test_the_mlp_has_as_many_parameters_as_the_transformer():
    for config, hidden_size in ((CONFIG.projector, CONFIG.language_model.hidden_size), (ModelConfig(layers=2), 256)):
        mlp = replace(config, projector=Projector.MLP, mlp_width=matched_mlp_width(config, hidden_size))
        assert parameters(mlp, hidden_size) == pytest.approx(parameters(config, hidden_size), rel=0.01)
    # At the paper's sizes this is the width that the model's own page gives, but for rounding.
    assert matched_mlp_width(ModelConfig(), 1024) == pytest.approx(1536, rel=0.01)


def test_every_arm_has_a_config_that_a_run_can_take():
    for name, arms in ARMS.items():
        made = arms(CONFIG)
        assert len({arm.name for arm in made}) == len(made), name
        assert len({slug(arm.name) for arm in made}) == len(made), name
        for arm in made:
            build_projector(arm.config.projector, arm.config.language_model.hidden_size)


def test_what_each_experiment_changes():
    assert [arm.films for arm in projector_arms(CONFIG)] == [False, False, True, True, True]
    assert projector_arms(CONFIG)[1].config.stage1.steps == CONFIG.stage1.steps + CONFIG.stage2.steps
    assert [arm.config.projector.prefix_length for arm in prefix_arms(CONFIG)] == [8, 16, 32, 64, 128]
    assert [arm.config.projector.clip_length for arm in prefix_arms(CONFIG, [4])] == [4]
    assert [arm.from_scratch for arm in scratch_arms(CONFIG)] == [False, True, True]
    assert [arm.noise for arm in noise_arms(CONFIG)] == [0.0, 0.1, 0.2, 0.3]
    assert size_arms(CONFIG)[0].config == CONFIG


def test_another_seed_is_other_weights_and_other_studies():
    one = seeded(CONFIG, 2)

    assert (one.seed, one.data.seed) == (CONFIG.seed + 2, CONFIG.data.seed + 2)
    assert digest(one) != digest(CONFIG)
    assert digest(CONFIG) == digest(read_config(CONFIG_FILE))


def test_rows_are_kept_and_the_table_pairs_them_by_seed(tmp_path):
    arms = scratch_arms(CONFIG)[:2]
    figures = ("relation", "presence", "film", "facts", "facts:film_only", "hallucinated", "validation loss")
    for seed in (1, 0):
        for arm, relation in zip(arms, (0.4 + 0.1 * seed, 0.1 + 0.1 * seed), strict=True):
            row = {"arm": arm.name, "seed": str(seed), "parameters": "7", "seconds": "1.5"}
            append_row(Path(tmp_path) / "x.csv", {**row, **dict.fromkeys(figures, "0.5"), "relation": str(relation)})
    table = arms_table("t", arms, read_rows(tmp_path / "x.csv"), 2, 9)
    first, second = (dict(zip(table.columns, row, strict=True)) for row in table.rows)

    assert first["relation F1"].mean == pytest.approx(0.45)
    assert first["relation F1"].low < 0
    difference = second[f"relation F1 less {arms[0].name}"]
    assert (difference.mean, difference.low, difference.high) == pytest.approx((-0.3, -0.3, -0.3))
    assert first[f"relation F1 less {arms[0].name}"] is None
