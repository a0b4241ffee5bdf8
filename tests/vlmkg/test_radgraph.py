import json
from pathlib import Path

import pytest

from tests.vlmkg.radgraph_files import from_radgraph
from vlmkg.radgraph import to_radgraph
from vlmkg.reading.rules.report import read_report


def test_indices_count_tokens_and_are_inclusive() -> None:
    text = "Heart size within normal limits."
    entry = to_radgraph(text, read_report(text))
    assert entry["text"] == "Heart size within normal limits ."
    last = entry["entities"]["3"]
    assert (last["tokens"], last["label"], last["start_ix"], last["end_ix"]) == ("within normal limits", "OBS-DP", 2, 4)
    assert last["relations"] == [["located_at", "2"]]


def test_what_was_written_is_read_back() -> None:
    text = "Small left effusion , possibly old . No mass ."
    graph = read_report(text)
    assert from_radgraph(to_radgraph(text, graph)) == (text, graph)


def test_an_unknown_label_is_an_error() -> None:
    entity = {"tokens": "x", "label": "OBS-??", "start_ix": 0, "end_ix": 0, "relations": []}
    with pytest.raises(KeyError):
        from_radgraph({"text": "x", "entities": {"1": entity}})


@pytest.mark.shared_data
def test_gold_reads_and_writes_without_loss(shared_data: Path) -> None:
    for document in json.loads((shared_data / "gold" / "dev.json").read_text()).values():
        text, graph = from_radgraph(document)
        written = to_radgraph(text, graph)
        assert written["text"].split() == document["text"].split()
        assert from_radgraph(written) == (text, graph)
