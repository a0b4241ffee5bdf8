"""The card of a tiny random checkpoint: a page with every table, and figures that are those of the scorer."""

import io
import json
import tarfile

import pytest
from click.testing import CliRunner

from training.card.cli import card, open_i
from training.card.figures import agreement, gold_figures
from training.synthetic.studies import studies
from vlmkg.checkpoint import tiny
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine
from vlmkg.radgraph import to_radgraph

XML = "<eCitation><AbstractText Label='FINDINGS'>{}</AbstractText></eCitation>"


def pack(archive, texts):
    with tarfile.open(archive, "w:gz") as packed:
        for name, text in texts.items():
            content = XML.format(text).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return archive


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
    text = "No pneumothorax. Small left effusion."
    pack(tmp_path / "reports.tgz", {f"ecgen-radiology/{number}.xml": text for number in (1, 2)})
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


def test_an_archive_is_read_in_the_order_of_its_numbers(tmp_path):
    archive = pack(tmp_path / "reports.tgz", {f"a/{number}.xml": f"Film {number}." for number in (10, 2, 1)})
    assert open_i(archive) == [f"FINDINGS: Film {number}." for number in (1, 2, 10)]


def test_a_path_that_leads_out_of_the_folder_is_not_followed(tmp_path, monkeypatch):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(inner))
    archive = pack(tmp_path / "reports.tgz", {"../../1.xml": "No edema.", f"{tmp_path}/2.xml": "Clear."})
    assert open_i(archive) == ["FINDINGS: No edema.", "FINDINGS: Clear."]
    assert not list(tmp_path.rglob("*.xml"))


def test_two_files_of_one_name_are_refused(tmp_path):
    archive = pack(tmp_path / "reports.tgz", {"a/1.xml": "No edema.", "b/1.xml": "Edema."})
    with pytest.raises(UsageError, match=r"two files named 1\.xml"):
        open_i(archive)
