"""Batches, learning rate, features and signatures."""

import pickle
from itertools import islice

import pytest
import torch

from training.stages.batches import Chunk, Cursor, collate, plan, stream
from training.stages.config import StageConfig
from training.stages.examples import Example, Reading, report_examples
from training.stages.loading import FileRows, SyntheticRows, synthetic
from training.stages.schedule import learning_rate
from training.stages.signatures import STILL_STEPS, Watch, figure_signatures
from training.synthetic.studies import make_study, studies
from vlmkg.model.codec import train_codec
from vlmkg.model.network import IGNORED


def examples(count):
    return tuple(Example((1,) * (at % 9 + 1), (2, 3), (at,) if at % 2 else ()) for at in range(count))


def read(number):
    return Chunk(examples(10 + number), torch.eye(40))


def test_a_stream_goes_on_from_any_place_as_if_it_had_never_stopped():
    whole = list(islice(stream(read, 4, 7, Cursor(), 0), 9))

    for at in (0, 2, 5):
        rest = list(islice(stream(read, 4, 7, whole[at][0], 0), 9 - at - 1))
        for (cursor, batch), (other, same) in zip(whole[at + 1 :], rest, strict=True):
            assert cursor == other
            assert torch.equal(batch.input_ids, same.input_ids)


def test_batches_hold_every_example_once_and_like_lengths_together():
    some = examples(50)

    groups = plan(some, 8, 3)

    assert sorted(at for group in groups for at in group) == list(range(50))
    assert max(max(some[at].length for at in group) - min(some[at].length for at in group) for group in groups) <= 2
    assert plan(some, 8, 3) == groups != plan(some, 8, 4)


def test_labels_stand_at_targets_alone_and_films_at_their_places():
    batch = collate([Example((5, 6), (7,)), Example((5,), (8, 9, 4), (2, 0))], torch.eye(3), pad=0)

    assert batch.labels.tolist() == [[IGNORED, IGNORED, 7, IGNORED], [IGNORED, 8, 9, 4]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert batch.counts.tolist() == [0, 2]
    assert batch.features[1].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert collate([Example((5,), (7,))], torch.eye(3), 0).features is None


def test_every_mention_of_a_report_stands_in_one_target():
    codec = train_codec([study.text for study in studies(0, 20)], 900, 192)
    study = make_study(0, 3, films=1.0)

    found = list(report_examples(Reading(codec, 768), synthetic(study).row))

    labels = {codec.id(f"<{label}>") for label in "APUN"}
    assert sum(token in labels for example in found for token in example.target) == len(study.graph.mentions)


def test_rows_of_files_come_once_an_epoch_in_another_order():
    rows = tuple(synthetic(make_study(0, at)).row for at in range(10))
    reader = FileRows(rows, ".", 4, 0, "x")

    first = [one.row.study_id for number in range(3) for one in reader(number)]
    second = [one.row.study_id for number in range(3, 6) for one in reader(number)]

    assert sorted(first) == sorted(second) == sorted(row.study_id for row in rows)
    assert first != second


def test_synthetic_rows_never_repeat():
    reader = SyntheticRows(1, 0.5, 8, "x")

    assert not {one.row.study_id for one in reader(0)} & {one.row.study_id for one in reader(1)}


def test_the_learning_rate_rises_and_falls():
    stage = StageConfig(steps=100, warmup=10, learning_rate=1.0)

    assert [learning_rate(stage, step) for step in (0, 9)] == pytest.approx([0.1, 1.0])
    assert learning_rate(stage, 55) == pytest.approx(0.55)
    assert learning_rate(stage, 100) == pytest.approx(0.1)


def test_a_part_without_gradient_is_noticed_once():
    network = torch.nn.ModuleDict({"projector": torch.nn.Linear(1, 1), "rest": torch.nn.Linear(1, 1)})
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    watch = Watch(("projector",))

    for step in range(STILL_STEPS + 5):
        watch.gradients(network, step)

    assert [(one.name, one.what, one.step) for one in watch.seen] == [("still_gradient", "projector", STILL_STEPS - 1)]


def test_figures_out_of_bounds_are_signs():
    assert [one.name for one in figure_signatures(80.0, 45.0, 0.02, 1)] == ["surface_gap", "unparsable"]
    assert not figure_signatures(60.0, 45.0, 0.01, 1)


def test_a_codec_in_another_process_still_takes_symbols_in_a_report_as_plain_text():
    codec = train_codec(["no effusion"], 700, 64)

    assert pickle.loads(pickle.dumps(codec)).spell("<end>") == codec.spell("<end>") != (codec.id("<end>"),)
