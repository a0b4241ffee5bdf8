"""Batches, learning rate, features and signatures."""

import pickle
from itertools import islice

import pytest
import torch

from training.bleu_rouge import compare
from training.stages.batches import Chunk, Cursor, collate, plan, stream
from training.stages.config import StageConfig
from training.stages.examples import Example, Reading, report_examples
from training.stages.loading import FileRows, SyntheticRows, synthetic
from training.stages.optimizer import learning_rate
from training.stages.signatures import ADVICE, STILL_STEPS, Watch
from training.stages.unconstrained_decoding import stands, unparsable
from training.synthetic.studies import make_study, studies
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.store import load_checkpoint
from vlmkg.linearization import paper_form
from vlmkg.model.codec import train_codec
from vlmkg.model.network import IGNORED
from vlmkg.model.prompt import encode_prompt, encode_target, report_windows
from vlmkg.model.windows import window_graph
from vlmkg.numbered_tokens import number, readable_part
from vlmkg.schema import RelationType


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


def test_a_part_without_gradient_is_noticed_and_told_once(capsys):
    network = torch.nn.ModuleDict({"projector": torch.nn.Linear(1, 1), "rest": torch.nn.Linear(1, 1)})
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    watch = Watch(("projector",))

    for step in range(STILL_STEPS - 1):
        watch.gradients(network, step)
    assert not watch.seen
    for step in range(STILL_STEPS - 1, STILL_STEPS + 5):
        watch.gradients(network, step)

    assert [(one.name, one.what, one.step) for one in watch.seen] == [("still_gradient", "projector", STILL_STEPS - 1)]
    assert capsys.readouterr().err == f"warning: still_gradient (projector, step 49): {ADVICE['still_gradient']}\n"


def test_right_words_that_make_no_triplets_are_a_sign_and_it_is_told_with_its_advice(capsys):
    gold = [paper_form(study.graph) for study in studies(0, 10)]
    said = [" ".join(word for word in line.split() if word not in set(RelationType)) for line in gold]
    watch = Watch((), figures_from=10)

    for step, hypotheses in ((5, said), (10, gold), (15, said), (20, said)):
        found = compare(gold, hypotheses)
        watch.figures({"rouge_l": found.rouge_l, "bleu_4": found.bleu_4, "unparsable": 0.01}, step)

    assert [(one.name, one.step) for one in watch.seen] == [("surface_gap", 15)]
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert ADVICE["surface_gap"] in told


def test_over_one_in_a_hundred_without_a_graph_is_a_sign(capsys):
    watch = Watch(())

    watch.figures({"validation_loss": 1.0}, 1)
    watch.figures({"rouge_l": 75.0, "bleu_4": 45.0, "unparsable": 0.01}, 2)
    assert not watch.seen
    watch.figures({"rouge_l": 75.0, "bleu_4": 45.0, "unparsable": 0.02}, 3)

    assert [(one.name, one.step) for one in watch.seen] == [("unparsable", 3)]
    assert ADVICE["unparsable"] in capsys.readouterr().err
    silent = Watch((), tells=False)
    silent.figures({"rouge_l": 75.0, "bleu_4": 45.0, "unparsable": 0.02}, 3)
    assert (len(silent.seen), capsys.readouterr().err) == (1, "")


def test_what_is_written_freely_stands_for_a_graph_or_does_not():
    codec = train_codec([study.text for study in studies(0, 20)], 900, 192)
    study = make_study(0, 3, films=1.0)
    numbered = number(study.text)
    graph, _ = readable_part(numbered, study.graph)
    windows = report_windows(codec, numbered, 768)
    pairs = [
        (encode_prompt(codec, numbered, one), encode_target(codec, window_graph(one, graph), one.own_from))
        for one in windows
    ]

    assert all(stands(codec, prompt, [*target, codec.id("<end>"), 5]) for prompt, target in pairs)
    prompt, target = max(pairs, key=lambda pair: len(pair[1]))
    assert not stands(codec, prompt, target[:-1])
    assert not stands(codec, prompt, target[1:])
    assert not stands(codec, prompt, [codec.spell("heart")[0], *target])
    assert not stands(codec, prompt, [codec.id("<@191>"), codec.id("<P>"), *target[-2 if prompt.own_from else -1 :]])


def test_windows_are_written_freely_and_counted(tmp_path):
    """A model that ends at once is right where nothing must be said, and where links are due it is not."""
    checkpoint = load_checkpoint(tiny.make(tmp_path / "tiny", image_domain=None).folder)
    model, codec = checkpoint.network.language_model, checkpoint.codec
    assert unparsable(model, codec, ["The heart is enlarged."]) == 1.0

    head = torch.nn.Linear(tiny.HIDDEN_SIZE, model.config.vocab_size)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.bias[codec.id("<end>")] = 1.0
    model.lm_head = head

    with torch.inference_mode():
        assert unparsable(model, codec, ["The heart is enlarged.", "No effusion."]) == 0.0
        assert unparsable(model, codec, ["The heart is enlarged. No effusion."]) == 0.5
        assert unparsable(model, codec, []) == 0.0


def test_a_codec_in_another_process_still_takes_symbols_in_a_report_as_plain_text():
    codec = train_codec(["no effusion"], 700, 64)

    assert pickle.loads(pickle.dumps(codec)).spell("<end>") == codec.spell("<end>") != (codec.id("<end>"),)
