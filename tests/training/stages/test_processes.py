"""A run on two devices takes the steps that one device takes with twice the accumulation. Here the devices are CPUs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from safetensors.torch import load_file

from training.experiments.arms import size_arms
from training.experiments.trained import run as run_experiment
from training.stages.config import read_config
from training.stages.encoder_stage import run as run_encoder
from training.stages.language_stage import run_text, run_visual
from training.stages.records import read_log
from vlmkg.errors import UsageError

DEBUG = Path(__file__).parents[3] / "training" / "configs" / "debug.yaml"


def config_file(folder, accumulation):
    """The debug config with four steps of so many batches a device."""
    config = yaml.safe_load(DEBUG.read_text())
    for stage in ("stage0", "stage1", "stage2"):
        config[stage] |= {"steps": 4, "evaluate_every": 2, "accumulation": accumulation, "warmup": 1, "batch": 4}
    path = folder / f"{accumulation}.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def train_in_two(path, out):
    """Start the stages as a user does, with torchrun; returns what they printed."""
    printed = ""
    for stage in ("stage0", "stage1", "stage2"):
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        done = subprocess.run(
            [*launch, "-m", "vlmkg", "train", stage, "--config", str(path), "--out", str(out)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        printed += done.stdout
    return printed


def curve(out, stage):
    rows = read_log(out / f"{stage}.run")
    return [[float(row[name]) for name in ("step", "loss", "validation_loss", "learning_rate")] for row in rows]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, one_thread):
    """The same run in one process and in two, and what the two printed."""
    folder = tmp_path_factory.mktemp("runs")
    config = read_config(config_file(folder, accumulation=2))
    for stage in (run_encoder, run_text, run_visual):
        stage(config, folder / "one")
    printed = train_in_two(config_file(folder, accumulation=1), folder / "two")
    return folder / "one", folder / "two", printed


@pytest.mark.long
@pytest.mark.parametrize("stage", ["stage0", "stage1", "stage2"])
def test_two_processes_draw_the_curve_of_one_with_twice_the_accumulation(runs, stage):
    one, two, _ = runs

    assert len(curve(one, stage)) == 2
    assert curve(two, stage) == [pytest.approx(row, rel=2e-4) for row in curve(one, stage)]
    assert json.loads((two / f"{stage}.run" / "run.json").read_text())["processes"] == 2


@pytest.mark.long
def test_two_processes_end_in_the_same_weights(runs):
    one, two, _ = runs

    files = sorted(path.relative_to(one) for path in one.glob("stage2/**/*.safetensors"))
    assert files
    for file in files:
        expected, found = load_file(one / file), load_file(two / file)
        assert expected.keys() == found.keys()
        for name, weight in expected.items():
            torch.testing.assert_close(found[name], weight, rtol=0, atol=2e-3, msg=name)


@pytest.mark.long
def test_one_process_alone_tells(runs):
    _, two, printed = runs

    assert [line for line in printed.splitlines() if line.startswith(str(two))] == [
        str(two / name) for name in ("vision", "stage1", "stage2")
    ]
    assert not list(two.glob("**/*.part*"))


def test_an_experiment_is_refused_in_several_processes(monkeypatch, tmp_path):
    monkeypatch.setattr("training.stages.devices.processes", lambda: SimpleNamespace(num_processes=2))

    with pytest.raises(UsageError, match="2 processes at once"):
        run_experiment("size", size_arms(read_config(DEBUG)), 1, tmp_path, 4)
    assert not list(tmp_path.iterdir())
