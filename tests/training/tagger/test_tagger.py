"""The tagger learns a handful of reports by heart, reads them right, and whatever it reads is valid."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from training.data.jsonl import write_file
from training.stages.batches import Cursor
from training.stages.config import DataConfig, LanguageModelConfig, RunConfig, StageConfig
from training.stages.examples import Reading
from training.stages.language_models import codec_of
from training.stages.loading import FileRows, synthetic
from training.stages.records import read_log
from training.synthetic.studies import studies
from training.tagger.examples import TagChunks, collate_tags, tag_examples, tag_stream
from training.tagger.network import SpanTagger
from training.tagger.prediction import Tagger, read_reports
from training.tagger.stage import run, tagger_config
from training.tagger.store import ABOUT_FILE, load_tagger
from vlmkg.cli import vlmkg
from vlmkg.errors import RefusedError, UsageError
from vlmkg.model.network import IGNORED
from vlmkg.numbered_tokens import number, readable_part, report_graph
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import Witness
from vlmkg.validation import validate

pytestmark = pytest.mark.usefixtures("one_thread")

ROWS = [synthetic(study).row for study in studies(3, 6, films=0.5)]
MODEL = LanguageModelConfig(
    vocabulary=1024, pointers=192, positions=768, tokenizer_reports=40, hidden_size=64, layers=2, heads=4, mlp_width=96
)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A run on six reports, which are its held-back ones too: it shall learn them by heart."""
    path = tmp_path_factory.mktemp("data") / "studies.jsonl"
    write_file(path, [replace(row, split=split) for split in ("train", "validation") for row in ROWS])
    stage = StageConfig(steps=90, batch=16, learning_rate=0.003, warmup=5, evaluate_every=45, read=6)
    return RunConfig("tiny", data=DataConfig(files=(str(path),)), language_model=MODEL, stage1=stage)


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    run(config, out)
    return out


@pytest.fixture(scope="module")
def untrained(config):
    codec = codec_of(config)
    torch.manual_seed(2)
    network = SpanTagger(tagger_config(MODEL, codec))
    # At first the scorer says the same of every pair.
    torch.nn.init.normal_(network.scorer.weight, std=2.0)
    return Tagger(network, codec, MODEL.positions)


def reading(tagger):
    return Reading(tagger.codec, tagger.positions)


def facts(graph):
    mentions = [(one.start, one.end, one.kind, one.presence) for one in graph.mentions]
    return set(mentions), {(mentions[one.head], one.type, mentions[one.tail]) for one in graph.relations}


def test_the_loss_falls_and_the_reports_are_read_right(trained):
    rows = read_log(trained / "tagger.run")
    graphs = read_reports(load_tagger(trained / "tagger"), [row.report for row in ROWS])

    assert float(rows[-1]["validation_loss"]) < 0.3 * float(rows[0]["validation_loss"])
    assert float(rows[-1]["entity_f1"]) > 0.97
    assert float(rows[-1]["relation_f1"]) > 0.9
    assert sum(facts(graph)[0] == facts(row.graph)[0] for graph, row in zip(graphs, ROWS, strict=True)) >= 4
    assert all(one.witness is Witness.MODEL and 0 < one.score <= 1 for graph in graphs for one in graph.mentions)


def test_what_random_weights_read_is_valid(untrained):
    texts = [row.report for row in ROWS]
    graphs = read_reports(untrained, texts)

    assert sum(len(graph.relations) for graph in graphs) > 50
    assert [validate(*pair) for pair in zip(texts, graphs, strict=True)] == [(graph, []) for graph in graphs]


def test_nothing_to_read_is_no_graph(untrained):
    assert [len(graph.mentions) for graph in read_reports(untrained, ["", "  \n"])] == [0, 0]


def test_a_report_is_read_the_same_in_any_company(trained):
    tagger = load_tagger(trained / "tagger")
    texts = [row.report for row in ROWS]

    together, alone = read_reports(tagger, texts), [read_reports(tagger, [text])[0] for text in texts]
    assert [facts(graph) for graph in together] == [facts(graph) for graph in alone]


def test_padding_and_place_in_the_batch_change_no_loss(untrained):
    examples = [one for row in ROWS[:2] for one in tag_examples(reading(untrained), row)]
    network = untrained.network.eval()
    with torch.inference_mode():
        whole = collate_tags(examples)
        total = float(network(whole)) * int((whole.tags != IGNORED).sum())
        parts = [collate_tags([one]) for one in examples]
        single = sum(float(network(one)) * int((one.tags != IGNORED).sum()) for one in parts)

    assert single == pytest.approx(total, rel=1e-4)


def test_the_windows_hold_all_of_a_reports_gold(untrained):
    """Each mention once as a window's own, and each edge once, for these reports join neighbours alone."""
    for row in ROWS:
        numbered = number(row.report)
        gold, _ = readable_part(numbered, row.graph)
        examples = list(tag_examples(reading(untrained), row))
        own = [one for example in examples for one in example.spans if one.first >= example.pieces.own_from]
        pairs = [collate_tags([example]).relations for example in examples]
        edges = sum(int((pair > 0).sum()) for pair in pairs)

        assert len(own) == len(gold.spans)
        assert edges == sum(len(example.edges) for example in examples) == len(gold.edges)
        assert facts(report_graph(numbered, gold)) == facts(row.graph)


def test_a_stream_goes_on_from_any_place(untrained):
    rows = FileRows(tuple(ROWS), None, 3, 0, "rows")
    chunks = TagChunks(reading(untrained), rows)
    whole = [batch for _, (_, batch) in zip(range(6), tag_stream(chunks, 4, 1, Cursor()), strict=False)]
    places = [place for _, (place, _) in zip(range(6), tag_stream(chunks, 4, 1, Cursor()), strict=False)]

    for at in (1, 4):
        _, batch = next(tag_stream(chunks, 4, 1, places[at - 1]))
        assert torch.equal(batch.pieces, whole[at].pieces)


def test_positions_stay_and_the_rest_moves(untrained, config):
    names = untrained.network.trained()

    assert {name for name, _ in untrained.network.named_parameters()} - names == {
        "encoder.embeddings.position_embeddings.weight"
    }
    batch = collate_tags([one for row in ROWS for one in tag_examples(reading(untrained), row)])
    untrained.network(batch).backward()
    still = [name for name, one in untrained.network.named_parameters() if name in names and not one.grad.abs().sum()]
    assert still == []
    untrained.network.zero_grad()


def test_it_is_of_the_language_models_size():
    from transformers import Qwen2Config, Qwen2ForCausalLM

    model = LanguageModelConfig(hidden_size=192, layers=4, mlp_width=576)
    twin = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=3072,
            hidden_size=192,
            intermediate_size=576,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=True,
        )
    )
    codec = type("Codec", (), {"vocabulary_size": 3072})
    network = SpanTagger(tagger_config(model, codec))
    ours = sum(one.numel() for name, one in network.named_parameters() if name in network.trained())

    assert ours == pytest.approx(sum(one.numel() for one in twin.parameters()), rel=0.2)


def test_a_language_model_of_a_folder_has_no_twin(config, tmp_path):
    other = replace(config, language_model=replace(MODEL, folder="somewhere"))
    with pytest.raises(UsageError, match="sizes"):
        run(other, tmp_path)


def test_another_form_and_no_tagger_are_refused(trained, tmp_path):
    with pytest.raises(RefusedError, match="holds no tagger"):
        load_tagger(tmp_path)
    about = json.loads((trained / "tagger" / ABOUT_FILE).read_text())
    (tmp_path / ABOUT_FILE).write_text(json.dumps({**about, "form": 0}))
    with pytest.raises(RefusedError, match="format 0"):
        load_tagger(tmp_path)


def test_it_says_how_it_was_made(trained):
    about = json.loads((trained / "tagger" / ABOUT_FILE).read_text())

    assert about["parameters"] > 100_000
    assert set(about["metrics"]) == {"entity_f1", "relation_f1", "presence_f1", "invalid"}
    assert about["metrics"]["invalid"] == 0
    assert "studies.jsonl" in about["data"]


def test_the_command_scores_files_and_writes_what_it_read(trained, tmp_path):
    gold = {row.study_id: to_radgraph(row.report, row.graph) for row in ROWS}
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    write_file(tmp_path / "gold.jsonl", ROWS)
    results = {}
    for name in ("gold.json", "gold.jsonl"):
        result = CliRunner().invoke(
            vlmkg,
            ["train", "tagger-evaluate", str(trained / "tagger"), "--gold", str(tmp_path / name), "--json"]
            + (["--write", str(tmp_path / "said.json")] if name == "gold.jsonl" else []),
        )
        assert result.exit_code == 0, result.output
        results[name] = json.loads(result.output)

    assert results["gold.jsonl"]["scores"]["entity"]["f1"] > 0.97
    assert results["gold.json"]["reports"] == len(ROWS)
    assert results["gold.jsonl"]["invalid"] == {}
    said = json.loads((tmp_path / "said.json").read_text())
    assert {name: entry["text"] for name, entry in said.items()} == {name: one["text"] for name, one in gold.items()}
    with pytest.raises(UsageError, match="scored on one set"):
        CliRunner().invoke(vlmkg, ["train", "tagger-evaluate", str(trained / "tagger")], catch_exceptions=False)


def test_no_report_of_a_gold_file_is_left_out(trained, tmp_path):
    write_file(tmp_path / "gold.jsonl", [ROWS[0], replace(ROWS[1], study_id=ROWS[0].study_id)])
    command = ["train", "tagger-evaluate", str(trained / "tagger"), "--gold", str(tmp_path / "gold.jsonl")]
    with pytest.raises(UsageError, match="two reports with the same id"):
        CliRunner().invoke(vlmkg, command, catch_exceptions=False)
