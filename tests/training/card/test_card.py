"""The card of a tiny random checkpoint: a page with every table, and figures that are those of the scorer."""

import io
import json
import tarfile

import pytest
from click.testing import CliRunner

from training.card.cli import card
from training.card.figures import agreement, gold_figures
from training.synthetic.studies import studies
from vlmkg.checkpoint import tiny
from vlmkg.pipeline import load_engine
from vlmkg.radgraph import to_radgraph

XML = "<eCitation><AbstractText Label='FINDINGS'>{}</AbstractText></eCitation>"


@pytest.fixture(scope="module")
def gold():
    return {study.study_id: to_radgraph(study.text, study.graph) for study in studies(5, 24, films=0.0)}


def test_rules_beside_themselves_agree_wholly(gold):
    rules = load_engine("rules")
    texts = [one["text"] for one in gold.values()]

    found = agreement(rules, rules, texts)

    assert {found.evaluation.scores[name].f1 for name in ("entity", "relation", "presence")} == {1.0}
    assert found.triplets > 50


def test_gold_is_scored_by_part_and_the_two_engines_beside_each_other(gold):
    rules = load_engine("rules")

    found = gold_figures(rules, rules, gold)

    assert list(found.model) == ["first 20", "other 4", "all"]
    assert [one.reports for one in found.model.values()] == [20, 4, 24]
    assert found.model["all"].against["relation"].difference == 0
    assert found.errors["model"] == found.errors["rules"]
    assert sum(found.errors["rules"].values()) > 0


def test_the_command_writes_a_page_with_every_table(gold, tmp_path):
    checkpoint = tiny.make(tmp_path / "tiny", pointers=256)
    # Random weights write until their budget is spent: two short reports.
    shortest = sorted(gold, key=lambda key: len(gold[key]["text"]))[:2]
    (tmp_path / "gold.json").write_text(json.dumps({key: gold[key] for key in shortest}))
    with tarfile.open(tmp_path / "reports.tgz", "w:gz") as packed:
        for number in (1, 2):
            content = XML.format("No pneumothorax. Small left effusion.").encode()
            entry = tarfile.TarInfo(f"ecgen-radiology/{number}.xml")
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    wanted = [
        *("--gold", tmp_path / "gold.json", "--reports", tmp_path / "reports.tgz", "--out", tmp_path / "card.md"),
        *("--studies", 4),
        checkpoint.folder,
    ]

    answer = CliRunner().invoke(card, [str(one) for one in wanted], catch_exceptions=False)

    page = (tmp_path / "card.md").read_text()
    assert answer.exit_code == 0
    assert checkpoint.digest in page
    assert "$" not in page
    assert page.count("| ---") >= 7
    assert "| model against rules | 2 reports |" in page
