"""Long reports, other styles, messages: the graph stays exact, and silver is called silver."""

import json

import pytest

from tests.vlmkg.radgraph_files import from_radgraph
from training.experiments import length, transfer
from training.experiments.feeds import read_feeds, read_message
from training.experiments.length import join, long_reports
from training.experiments.tables import to_markdown
from training.experiments.texts import read_texts, text_of
from training.metrics import f1, total
from training.synthetic.studies import make_study
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine

MESSAGE = "\r".join(
    (
        r"MSH|^~\&|RIS|HOSP|||20200101||ORU^R01|1|P|2.4",
        "PID|1||1^^^A^MR",
        "OBR|1||2|XR1^CHEST PA AND LATERAL",
        r"OBX|1|TX|1||FINDINGS:~Small left\.br\pleural effusion \T\ no edema.||||||F",
        "OBX|2|NM|1||7||||||F",
        "OBX|3|ED|1||QUJD||||||F",
    )
)


def test_a_long_report_has_the_mentions_and_edges_of_its_parts():
    first, second = (make_study(0, at, films=0.0) for at in (1, 2))
    text, graph = join(*join("", graph_of_nothing(), first.text, first.graph), second.text, second.graph)

    assert all(text[one.start : one.end] == one.text for one in graph.mentions)
    assert [one.text for one in graph.mentions] == [m.text for s in (first, second) for m in s.graph.mentions]
    words = [(graph.mentions[e.head].text, graph.mentions[e.tail].text) for e in graph.relations]
    assert words == [
        (s.graph.mentions[e.head].text, s.graph.mentions[e.tail].text)
        for s in (first, second)
        for e in s.graph.relations
    ]


def graph_of_nothing():
    return make_study(0, 0).graph.__class__()


def test_reports_are_as_long_as_was_asked_for_and_read_as_well():
    found = long_reports(150, 4)
    read = read_texts(load_engine("rules"), found)

    assert all(len(one.text.split()) <= len(one.gold["text"].split()) >= 150 for one in found)
    assert read.truncated == 0
    assert f1(total(read.counts, "relation")) > 0.7


def test_capitals_are_the_same_report():
    styles = transfer.synthetic_styles(6)
    plain, capitals = styles["synthetic, held out"], styles["the same in capitals"]

    for one, other in zip(plain, capitals, strict=True):
        assert other.text == one.text.upper()
        graphs = [from_radgraph(entry.gold)[1] for entry in (one, other)]
        assert [m.start for m in graphs[0].mentions] == [m.start for m in graphs[1].mentions]
        assert graphs[0].relations == graphs[1].relations


def test_a_message_is_its_words_and_what_the_exam_is_called():
    read = read_message(MESSAGE)

    assert read.text == "FINDINGS:\nSmall left\npleural effusion & no edema."
    assert read.chest
    assert not read_message(MESSAGE.replace("CHEST PA AND LATERAL", "MRI BRAIN")).chest
    assert read_message("MSH|^~\\&|RIS").text == ""


def test_each_text_of_the_feeds_is_taken_once(tmp_path):
    lines = [{"raw": MESSAGE}, {"raw": MESSAGE}, {"raw": MESSAGE.replace("Small", "Large")}, {"raw": "MSH|"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert len(read_feeds(tmp_path)) == 2
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(UsageError, match="no messages"):
        read_feeds(tmp_path)


def test_the_rules_are_not_measured_against_themselves(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"raw": MESSAGE}) + "\n")

    transfer.run(["rules"], tmp_path / "out", 6, tmp_path, None)

    told = (tmp_path / "out" / "transfer.md").read_text()
    assert "silver" not in told.replace("Silver: agreement", "")
    assert "Skipped, because it was not given: a gold file (--gold)." in told
    assert (tmp_path / "out" / "transfer.svg").exists()


def test_silver_is_agreement_with_the_rules(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"raw": MESSAGE}) + "\n")
    rules = load_engine("rules")
    styles = transfer.feed_styles(tmp_path, rules, 5)

    assert list(styles) == ["messages, chest, silver"]
    found = transfer.figures(read_texts(rules, styles["messages, chest, silver"]))
    assert found[1].mean == 1.0
    assert found[-1] is None, "nothing suggests anything there"
    row = ["x", "messages, chest, silver", 1, *found]
    assert "| 1 | 1.000 (1.000 to 1.000)" in to_markdown(transfer.transfer_table([row], tmp_path, tmp_path))


def test_f1_by_length_is_a_table_and_a_figure(tmp_path):
    length.run(["rules"], tmp_path, 3, 60)

    told = (tmp_path / "length.md").read_text()
    assert "| rules | 25 |" in told
    assert "| rules | 50 |" in told
    assert "| rules | 100 |" not in told
    assert (tmp_path / "length.svg").exists()


def test_messages_of_the_feeds_are_read(shared_data):
    found = read_feeds(shared_data / "feeds" / "hl7")

    assert len(found) > 400
    assert 0 < sum(one.chest for one in found) < len(found) / 2


def test_gold_of_a_text_is_its_graph():
    study = make_study(0, 5, films=0.0)

    assert len(text_of(study.text, study.graph).gold["entities"]) == len(study.graph.mentions)
