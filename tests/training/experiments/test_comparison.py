"""Readers on one gold: what was trained on is told apart by sentence, and errors are those that were made."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from training.data.jsonl import write_file
from training.data.rows import Row
from training.documents import read_document
from training.experiments.comparison_page import errors_page
from training.experiments.seen_sentences import known_sentences, sentences_of, within
from training.train_cli import train
from vlmkg.pipeline import extract_texts, load_engine
from vlmkg.radgraph import to_radgraph
from vlmkg.schema import ReportGraph

TEXT = "Small left effusion . No pneumothorax . 2 . Nodule measures 1 . 8 cm ."
CHECKPOINT = Path(__file__).parents[3] / "checkpoints" / "small"


def document(text):
    (graph,) = extract_texts(load_engine("rules"), [text])
    return read_document(to_radgraph(text, graph), tuple(text.split()), Counter())


def test_sentences_are_found_again_however_a_report_is_written():
    known = known_sentences(["FINDINGS: There is no PNEUMOTHORAX.\nIMPRESSION: Small left effusion."])
    sentences = sentences_of(TEXT)

    assert [one.words for one in sentences] == [
        ("small", "left", "effusion"),
        ("no", "pneumothorax"),
        ("nodule", "measures", "1", "8", "cm"),
    ]
    assert [one.words in known for one in sentences] == [True, False, False]
    words = TEXT.split()
    assert " ".join(words[sentences[2].first : sentences[2].last + 1]) == "Nodule measures 1 . 8 cm"


def test_a_graph_within_sentences_has_their_spans_and_the_relations_between_them():
    whole = document(TEXT)
    parts = [within(whole, [one]) for one in sentences_of(TEXT)]

    assert parts[0].relations
    assert {span for part in parts for span in part.spans} == set(whole.spans)
    assert all({edge[0], edge[2]} <= set(part.spans) for part in parts for edge in part.relations)
    assert "pneumothorax" in [parts[1].words(span) for span in parts[1].spans]


def test_the_page_names_what_is_missed_and_added_and_nothing_else():
    gold, other = document("No effusion ."), document("No effusion .")
    (span,) = other.spans
    other.spans[span] = "OBS-DP"
    page = errors_page({"a<b": gold}, {"right": {"a<b": gold}, "wrong": {"a<b": other}})

    assert "wrong missed: effusion [OBS-DA]" in page
    assert "wrong added: effusion [OBS-DP]" in page
    assert "right missed" not in page
    assert "a&lt;b" in page


@pytest.mark.usefixtures("one_thread")
def test_the_command_ends_in_a_table_of_every_reader(tmp_path):
    texts = {f"r{at}": text for at, text in enumerate((TEXT, "No effusion . Heart size normal .", "Clear lungs ."))}
    graphs = extract_texts(load_engine("rules"), list(texts.values()))
    gold = {key: to_radgraph(text, graph) for (key, text), graph in zip(texts.items(), graphs, strict=True)}
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    write_file(tmp_path / "rows.jsonl", [Row("1", "1", "FINDINGS: No pneumothorax.", ReportGraph())])
    given = ["--gold", str(tmp_path / "gold.json"), "--rows", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path)]
    readers = ["--reader", "rules=rules", "--reader", f"model={CHECKPOINT}"]
    result = CliRunner().invoke(train, ["experiment", "comparison", *readers, *given])

    assert result.exit_code == 0, result.output
    with (tmp_path / "comparison.csv").open() as file:
        rules, model = csv.DictReader(file)
    assert (rules["reader"], float(rules["relation F1"])) == ("rules", 1.0)
    assert 0 < float(model["entity F1"]) <= 1
    assert "6 sentences, of which 17% are seen" in result.output
    assert (tmp_path / "comparison.svg").stat().st_size > 1000
    assert (tmp_path / "comparison-errors.html").exists()
