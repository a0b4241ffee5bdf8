"""The paper's form, hallucination, and the command."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from tests.training.test_metrics import GOLD, report
from training.bleu_rouge import compare, neighbours
from training.cli import evaluate as command
from training.documents import read_document, to_graph
from training.hallucination import not_entailed
from vlmkg.errors import UsageError
from vlmkg.linearization import paper_form

LOBE = report(
    "small Opacity in left lower lobe", ("small", "OBS-DP"), ("Opacity", "OBS-DP"), ("left", "ANAT-DP"),
    ("lower", "ANAT-DP"), ("lobe", "ANAT-DP"),
    relations=((1, "located_at", 4), (0, "modify", 1), (3, "modify", 4), (2, "modify", 4)),
)  # fmt: skip


def document(doc: dict):
    return read_document(doc, tuple(doc["text"].split()), Counter())


def test_the_paper_s_form_is_lower_case_and_in_text_order():
    form = paper_form(to_graph(document(LOBE)))
    assert form == ("small modify opacity ; opacity located_at lobe ; left modify lobe ; lower modify lobe")
    assert paper_form(to_graph(document(GOLD["b"]))) == ""


def test_the_graph_of_a_document_names_the_same_words():
    graph = to_graph(document(LOBE))
    assert [LOBE["text"][m.start : m.end] for m in graph.mentions] == [m.text for m in graph.mentions]


def test_neighbours_read_no_relation():
    assert neighbours(document(LOBE)).split(" ; ")[1] == "opacity modify left"


def test_bleu_is_of_the_corpus_and_case_is_gone():
    assert compare(["a modify b"], ["a modify c"]).bleu_1 == pytest.approx(200 / 3)
    assert compare(["a modify b ; c modify d"], ["c modify d ; a modify b"]).bleu_1 == pytest.approx(100)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (((1, "located_at", 4),), 0),
        (((1, "located_at", 2),), 0),  # the opacity is at left: the lobe is the left one
        (((0, "located_at", 4),), 0),  # what describes the opacity is where the opacity is
        (((4, "modify", 2),), 1),  # the other way round
        (((1, "modify", 0),), 1),
        (((0, "suggestive_of", 1),), 1),
    ],
)
def test_hallucination_is_what_gold_does_not_entail(said, wrong):
    names = [(e["tokens"], e["label"]) for e in LOBE["entities"].values()]
    predicted = document(report(LOBE["text"], *names, relations=said))
    assert not_entailed(document(LOBE), predicted) == (wrong, 1)


def test_modify_is_entailed_along_a_chain():
    words = (("very", "OBS-DP"), ("old", "OBS-DP"), ("scar", "OBS-DP"))
    gold = document(report("very old scar", *words, relations=((0, "modify", 1), (1, "modify", 2))))
    flat = document(report("very old scar", *words, relations=((0, "modify", 2),)))
    assert not_entailed(gold, flat) == (0, 1)
    assert not_entailed(flat, gold) == (2, 2)


def run(*arguments: object):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_scores_files_side_by_side(tmp_path):
    gold, worse = tmp_path / "gold.json", tmp_path / "worse.json"
    gold.write_text(json.dumps(GOLD))
    worse.write_text(json.dumps({"a": GOLD["a"]}))
    result = run("--gold", gold, "--predicted", gold, "--against", worse, "--json")
    found = json.loads(result.output)
    assert found["scores"]["entity"]["f1"] == 1.0
    assert found["against"]["entity"]["difference"] == pytest.approx(1 - 6 / 7)
    table = run("--gold", gold, "--predicted", gold, "--against", worse).output
    for word in ("relation:located_at", "RadGraph-F1 partial", "neighbours", "hallucination rate: 0.000", "+0.143"):
        assert word in table


def test_the_command_reads_with_an_engine(tmp_path):
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps({"a": report("No pleural effusion .", ("pleural", "ANAT-DP"), ("effusion", "OBS-DA"),
                                            relations=((1, "located_at", 0),))}))  # fmt: skip
    assert json.loads(run("--gold", gold, "--engine", "rules", "--json").output)["scores"]["relation"]["f1"] == 1.0


@pytest.mark.parametrize("content", ["not json", "[1]", '{"a": 1}', "{}"])
def test_what_is_no_gold_is_refused(tmp_path, content):
    gold = tmp_path / "gold.json"
    gold.write_text(content)
    assert isinstance(run("--gold", gold, "--engine", "rules").exception, UsageError)


def test_one_prediction_is_needed(tmp_path):
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps(GOLD))
    assert isinstance(run("--gold", gold).exception, UsageError)
    assert isinstance(run("--gold", gold, "--engine", "rules", "--predicted", gold).exception, UsageError)
    assert isinstance(run("--gold", gold, "--engine", "tarot").exception, UsageError)
