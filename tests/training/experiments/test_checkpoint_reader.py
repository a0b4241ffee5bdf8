"""A checkpoint read in every way; a small experiment trained from its config to its figure."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.experiments import trained
from training.experiments.arms import projector_arms
from training.experiments.checkpoint_reader import Arm, given, others, prefixes_of, read_exam, vectors
from training.experiments.held_out_studies import make_exam
from training.experiments.modalities import run as run_modalities
from training.experiments.runs import labelled, read_rows
from training.experiments.unconstrained_reading import read_freely, write_freely
from training.stages.config import read_config
from training.stages.unconstrained_decoding import unparsable
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.model.prompt import encode_prompt, report_windows
from vlmkg.numbered_tokens import number

DEBUG = Path(__file__).parents[3] / "training" / "configs" / "debug.yaml"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.set_num_threads(1)
    return load_checkpoint(tiny.make(tmp_path_factory.mktemp("tiny") / "checkpoint").folder)


@pytest.fixture(scope="module")
def exam():
    return make_exam(5)


def test_each_arm_shows_what_it_says(checkpoint, exam):
    own = vectors(checkpoint, exam.studies)

    assert torch.equal(given(Arm.BOTH, own, exam.studies), own)
    assert given(Arm.REPORT, own, exam.studies) is given(Arm.NONE, own, exam.studies) is None
    assert not given(Arm.ZERO, own, exam.studies).any()
    other = given(Arm.OTHER, own, exam.studies)
    for at, to in enumerate(others(exam.studies)):
        assert exam.studies[to].patient_id != exam.studies[at].patient_id
        assert torch.equal(other[at], own[to])
    with pytest.raises(ValueError, match="one patient"):
        others(exam.studies[:1])


def test_what_was_not_given_is_not_read(checkpoint, exam):
    own = vectors(checkpoint, exam.studies)
    seen = {arm: read_exam(checkpoint, exam, arm, own) for arm in (Arm.BOTH, Arm.REPORT, Arm.IMAGE, Arm.NONE)}

    assert all(one.graph is None and one.film is not None for one in seen[Arm.IMAGE])
    assert all(one.graph is not None and one.film is None for one in seen[Arm.REPORT])
    assert [one.film for one in seen[Arm.BOTH]] == [one.film for one in seen[Arm.IMAGE]]
    # Without a prefix the report is read as without a film, and every film is the same one.
    assert [one.graph for one in seen[Arm.NONE]] == [one.graph for one in seen[Arm.REPORT]]
    assert len({one.film for one in seen[Arm.NONE]}) == 1


def test_writing_freely_behind_a_prefix_is_greedy(checkpoint, exam):
    """Every token is the likeliest behind all that stands before it, of one row and without padding."""
    model, codec = checkpoint.network.language_model, checkpoint.codec
    numbered = number("The heart is mildly enlarged. No effusion.")
    prompts = [encode_prompt(codec, numbered, one) for one in report_windows(codec, numbered, 1024, 4)]
    prefixes = prefixes_of(checkpoint, vectors(checkpoint, exam.studies[:2]))
    written = write_freely(checkpoint, prompts, prefixes)

    assert len({len(prompt.ids) for prompt in prompts}) == 2
    for prompt, prefix, ids in zip(prompts, prefixes, written, strict=True):
        tokens = torch.tensor([*prompt.ids, *ids[:6]])
        with torch.inference_mode():
            embeddings = torch.cat((prefix, model.get_input_embeddings()(tokens)))[None]
            likeliest = model(inputs_embeds=embeddings).logits[0].argmax(-1)
        assert likeliest[-7:-1].tolist() == ids[:6]


def test_windows_without_a_graph_are_counted_as_in_training(checkpoint):
    texts = ["The heart is enlarged.", "No effusion. Clear."]
    with torch.inference_mode():
        read = read_freely(checkpoint, texts)
        share = unparsable(checkpoint.network.language_model, checkpoint.codec, texts)

    assert read.windows == 3
    assert read.unparsable / read.windows == share
    assert len(read.graphs) == 2


def test_the_table_of_modalities_has_every_arm_and_the_gold(tmp_path, checkpoint):
    run_modalities(checkpoint.verified.folder, tmp_path, 4, 2)

    told = (tmp_path / "modalities.md").read_text()
    assert all(told.count(f"| {arm.value} |") == (2 if arm is Arm.IMAGE else 3) for arm in Arm)
    assert told.count("| gold ") == 2
    assert (tmp_path / "modalities.svg").stat().st_size > 1000


def test_wrong_labels_are_in_training_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("training.experiments.runs.LABELLED", 30)
    config = read_config(DEBUG)
    right, wrong = (labelled(tmp_path, config, share).read_text().splitlines() for share in (0.0, 0.3))

    assert len(right) == len(wrong) == 30 + config.data.validation
    assert sum(a != b for a, b in zip(right[:30], wrong[:30], strict=True)) > 20
    assert right[30:] == wrong[30:]
    assert '"split": "validation"' in right[-1]


def test_an_experiment_goes_from_its_config_to_its_figure(tmp_path):
    torch.set_num_threads(1)
    config = read_config(DEBUG)
    stage1, data = (
        replace(config.stage1, steps=4, warmup=2, evaluate_every=4, read=0),
        replace(config.data, validation=2),
    )
    stage2 = replace(config.stage2, steps=2, accumulation=1, evaluate_every=2)
    stage0 = replace(config.stage0, steps=2, evaluate_every=2)
    quick = replace(config, data=data, stage0=stage0, stage1=stage1, stage2=stage2)
    arms = [arm for arm in projector_arms(quick) if arm.name in {"LLM-KG", "linear", "transformer"}]
    told: list[str] = []

    trained.run("projector", arms, 1, tmp_path, 4, told.append)

    assert [line.split(",")[0] for line in told] == [arm.name for arm in arms]
    assert [len(list((tmp_path / "shared").glob(f"{name}-*"))) for name in ("vision", "stage1")] == [1, 1]
    rows = read_rows(tmp_path / "projector.runs.csv")
    assert [row["arm"] for row in rows] == [arm.name for arm in arms]
    assert int(rows[0]["parameters"]) < int(rows[1]["parameters"])
    table = (tmp_path / "projector.md").read_text()
    assert "| transformer |" in table
    assert (tmp_path / "projector.svg").stat().st_size > 1000

    told.clear()
    trained.run("projector", arms, 1, tmp_path, 4, told.append)
    assert told == [], "finished runs are not repeated"
    assert (tmp_path / "projector.md").read_text() == table
    trained.run("projector", arms[:1], 1, tmp_path, 5, told.append)
    assert len(told) == 1, "on another exam it is another run"
