"""The debug run through all stages: the loss goes down, what is frozen stays, a killed run draws the same curve."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from training.data.jsonl import read_files, write_file
from training.gate import gold_evaluation, measure, synthetic_evaluation
from training.stages.chunks import VisualChunks
from training.stages.config import StageConfig, read_config, to_mapping
from training.stages.encoder_stage import run as run_encoder
from training.stages.examples import Reading
from training.stages.features import encode_films, frozen_encoder
from training.stages.language_stage import data_rows, phantoms_alone, run_text, run_visual
from training.stages.loading import synthetic
from training.stages.loop import freeze
from training.stages.records import read_log
from training.stages.signatures import ADVICE
from training.synthetic.seeds import VALIDATION_SEED
from training.synthetic.studies import studies
from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import GATE
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.engine_protocol import FilmDomain, Modality
from vlmkg.errors import UsageError

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
DEBUG = CONFIGS / "debug.yaml"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A whole debug run: encoder, stage 1, stage 2."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("run")
    config = read_config(DEBUG)
    run_encoder(config, out)
    seen = {"stage1": run_text(config, out), "stage2": run_visual(config, out)}
    torch.set_num_threads(threads)
    return out, seen


def losses(out, stage):
    return [float(row["validation_loss"]) for row in read_log(out / f"{stage}.run")]


@pytest.mark.parametrize("stage", ["stage0", "stage1", "stage2"])
def test_the_loss_goes_down(trained, stage):
    found = losses(trained[0], stage)

    assert len(found) >= 2
    assert found[-1] < found[0] - (0.005 if stage == "stage0" else 0.02)


def test_held_back_reports_are_read_as_in_service_and_scored(trained):
    rows = read_log(trained[0] / "stage1.run")

    assert all(0 <= float(row["relation_f1"]) <= float(row["entity_f1"]) <= 1 for row in rows)
    assert all(float(row["invalid"]) == 0 for row in rows)


def test_a_model_that_keeps_to_the_form_by_constraint_alone_is_a_sign(trained):
    """After sixteen steps none writes the form by itself."""
    rows = read_log(trained[0] / "stage1.run")

    assert all(float(row["unparsable"]) > 0.01 for row in rows)
    assert all(0 <= float(row[name]) <= 100 for row in rows for name in ("bleu_4", "rouge_l"))
    (sign,) = [one for one in trained[1]["stage1"] if one.name == "unparsable"]
    assert sign.step == 8, "the first evaluation behind the rise of the learning rate"


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_a_stage_names_what_its_checkpoint_is_promoted_on_and_what_it_reached(trained, stage):
    data = read_config(DEBUG).data
    manifest = verify(trained[0] / stage).manifest

    held = synthetic_evaluation(data.seed + VALIDATION_SEED, data.validation, data.film_share)
    assert manifest.evaluation == held
    assert measure(trained[0] / stage, held).metrics == pytest.approx(manifest.metrics)
    assert set(manifest.metrics) == {*GATE, "invalid"}
    assert not list(trained[0].glob(".*"))


def test_stage_2_ends_in_a_checkpoint_that_loads_and_reads_films(trained):
    checkpoint = load_checkpoint(trained[0] / "stage2")

    assert checkpoint.manifest.modalities == (Modality.TEXT, Modality.IMAGE)
    assert checkpoint.manifest.image_domain is FilmDomain.SYNTHETIC
    assert "synthetic" in checkpoint.manifest.data
    assert checkpoint.config.prefix_length == 4
    assert load_checkpoint(trained[0] / "stage1").config is None


def test_films_are_shown_by_themselves_beside_the_studies(trained):
    out, _ = trained
    config = read_config(DEBUG)
    checkpoint = load_checkpoint(out / "stage2")
    reading = Reading(checkpoint.codec, config.language_model.positions, prefix_length=4)
    rows, _, _ = data_rows(config)
    alone = phantoms_alone(config)

    chunk = VisualChunks(reading, rows, out / "vision", out / "features", 0.5, 0, alone)(0)

    before = VisualChunks(reading, rows, out / "vision", out / "features", 0.5, 0)(0)
    further = chunk.examples[len(before.examples) :]
    assert [example.films for example in further] == [(len(before.features) + at,) for at in range(4)]
    shown = encode_films(frozen_encoder(out / "vision"), [film for one in alone(0) for film in one.films])
    torch.testing.assert_close(chunk.features[len(before.features) :], shown)
    assert not {one.row.patient_id for one in alone(0)} & {one.row.patient_id for one in rows(0)}


def test_the_encoder_does_not_move_in_stage_2_and_projector_and_language_model_do(trained):
    out = trained[0]
    before, after = (load_file(out / place / "model.safetensors") for place in ("vision", "stage2/vision"))
    assert all(torch.equal(before[name], after[name]) for name in before)

    text, visual = (load_checkpoint(out / name).network for name in ("stage1", "stage2"))
    old, new = text.language_model.state_dict(), visual.language_model.state_dict()
    assert any(not torch.equal(old[name], new[name]) for name in old)
    assert not trained[1]["stage2"], "a gradient reached the projector"


def test_the_run_says_how_it_was_made(trained):
    run = json.loads((trained[0] / "stage1.run" / "run.json").read_text())

    assert run["config"] == json.loads(json.dumps(to_mapping(read_config(DEBUG))))
    assert run["versions"]["torch"]
    assert len(run["commit"]) >= 40
    assert run["data"]["synthetic"].startswith("synthetic-1-")
    assert list((trained[0] / "stage1.run" / "tensorboard").iterdir())


def test_of_files_the_held_back_rows_are_the_gold_of_promotion(tmp_path):
    splits = ("train", "train", "validation", "test")
    rows = [replace(synthetic(one).row, split=splits[at % 4]) for at, one in enumerate(studies(3, 8, films=0.0))]
    write_file(tmp_path / "studies.jsonl", rows)
    config = read_config(DEBUG)
    data = replace(config.data, files=(str(tmp_path / "studies.jsonl"),))
    torch.set_num_threads(1)
    run_text(replace(config, data=data, stage1=StageConfig(steps=1, batch=4, evaluate_every=1)), tmp_path / "run")

    gold = tmp_path / "run" / "stage1.run" / "gold.jsonl"
    assert verify(tmp_path / "run" / "stage1").manifest.evaluation == gold_evaluation(gold)
    assert [row.study_id for row in read_files([gold])[0]] == [
        row.study_id for row in rows if row.split == "validation"
    ]


@pytest.mark.long
def test_a_run_killed_in_the_middle_goes_on_and_draws_the_same_curve(trained, tmp_path):
    """And what read ahead for it ends by itself."""
    out, ahead = tmp_path / "killed", tmp_path / "ahead.yaml"
    ahead.write_text(DEBUG.read_text().replace("data: {", "data: {workers: 2, "))
    command = [sys.executable, "-m", "vlmkg", "train", "stage1", "--config", str(ahead), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 200
    while not (out / "stage1.run" / "state.pt").exists():
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    readers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    # Its standard error, which the readers share, is at its end once they are gone, too.
    _, told = process.communicate(timeout=60)
    assert len(readers) >= 2
    assert psutil.wait_procs(readers, timeout=60)[1] == []
    assert f"warning: unparsable (100.0 % of windows, constraint off, step 8): {ADVICE['unparsable']}" in told.decode()
    assert not (out / "stage1").exists(), "the run was over before it could be killed"

    torch.set_num_threads(1)
    run_text(read_config(DEBUG), out)

    whole, broken = read_log(trained[0] / "stage1.run"), read_log(out / "stage1.run")
    assert [row["step"] for row in broken] == [row["step"] for row in whole]
    for name in ("loss", "validation_loss", "learning_rate"):
        assert [float(row[name]) for row in broken] == pytest.approx([float(row[name]) for row in whole], rel=1e-6)


def test_stage_2_needs_an_encoder_and_a_stage_1(trained, tmp_path):
    config = read_config(DEBUG)
    with pytest.raises(UsageError, match="image encoder"):
        run_visual(config, tmp_path)
    shutil.copytree(trained[0] / "vision", tmp_path / "vision")
    with pytest.raises(UsageError, match="stage1"):
        run_visual(config, tmp_path)


def test_a_checkpoint_is_trained_further_on_texts_beside_synthetic_studies(trained, tmp_path):
    beside = [
        replace(synthetic(one).row, split="train" if at else "test") for at, one in enumerate(studies(9, 4, films=0.0))
    ]
    write_file(tmp_path / "beside.jsonl", beside)
    config = read_config(DEBUG)
    data = replace(config.data, beside=(str(tmp_path / "beside.jsonl"),), beside_rows=2)
    short = StageConfig(steps=1, batch=8, evaluate_every=1)
    further = replace(config, start=str(trained[0] / "stage2"), data=data, stage2=short)

    rows, _, prints = data_rows(further)
    assert {one.row.study_id for at in (0, 1) for one in rows(at)[data.chunk :]} <= {row.study_id for row in beside[1:]}
    assert len(rows(0)) == data.chunk + 2
    assert set(prints) == {"synthetic", "beside.jsonl"}

    torch.set_num_threads(1)
    run_visual(further, tmp_path / "run")
    before, after = (load_checkpoint(folder / "stage2") for folder in (trained[0], tmp_path / "run"))
    assert set(after.manifest.data) == {"synthetic", "beside.jsonl"}
    assert after.manifest.image_domain is FilmDomain.SYNTHETIC
    assert after.manifest.evaluation == before.manifest.evaluation
    old, new = ({name: one.float() for name, one in each.network.state_dict().items()} for each in (before, after))
    moved = sum(float((new[name] - old[name]).norm()) for name in old) / sum(float(one.norm()) for one in old.values())
    assert 0 < moved < 0.2, "it moved a little, from where it was"
    with pytest.raises(UsageError, match="another projector"):
        run_visual(replace(further, projector=replace(config.projector, layers=1)), tmp_path / "other")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("{beside: [a.jsonl]}", "give both"),
        ("{beside_rows: 3}", "give both"),
        ("{files: [b.jsonl], beside: [a.jsonl], beside_rows: 3}", "needs synthetic studies"),
    ],
)
def test_texts_beside_studies_have_a_number_and_go_with_no_files(tmp_path, fields, said):
    (tmp_path / "run.yaml").write_text(f"name: x\ndata: {fields}\n")
    with pytest.raises(UsageError, match=said):
        read_config(tmp_path / "run.yaml")


def test_frozen_parameters_stay_put():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    freeze(network, frozenset({"1.weight"}))
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    optimizer = torch.optim.SGD([one for one in network.parameters() if one.requires_grad], lr=0.5)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()

    moved = {name for name, weight in network.named_parameters() if not torch.equal(weight, before[name])}
    assert moved == {"1.weight"}
    with pytest.raises(ValueError, match="no parameters"):
        freeze(network, frozenset({"2.weight"}))
