"""What `vlmkg extract` shows of readings on which model and rules differ."""

import json

import pytest

from tests.vlmkg.graphs import graph
from vlmkg.engine_protocol import Lead, ReportOutput, StudyInput, StudyOutput
from vlmkg.extract.output import write_radgraph, write_tables, write_triplets
from vlmkg.pipeline import read_studies
from vlmkg.reader_result import Reading


class Model:
    """A model that calls every effusion anatomy."""

    name, checkpoint, checkpoint_digest, digest, film_domain = "model", "tiny", "1", "1", None
    lead = Lead.ALWAYS

    def read(self, studies):
        return [StudyOutput((ReportOutput(graph("Left pleural/A effusion/A")[1]),)) for _ in studies]


@pytest.fixture
def differing():
    text = "Left pleural effusion"
    (readings,) = read_studies(Model(), [StudyInput((text,))])
    return [Reading("r1", text, readings)]


def test_triplets_say_what_is_disputed_and_why(differing, capsys):
    write_triplets(differing)
    row = json.loads(capsys.readouterr().out)
    assert row["conflicts"] == ["kind_conflict"]
    heads = {one["head"]["text"]: one["head"] for one in row["triplets"]}
    assert (heads["effusion"]["presence"], heads["effusion"]["disputed"]) == ("uncertain", True)


def test_tables_say_what_is_disputed_and_why(differing, capsys):
    write_tables(differing)
    shown = capsys.readouterr().out
    assert "uncertain" in shown
    assert "disputed" in shown
    assert "model and rules differ: kind_conflict" in shown


def test_radgraph_keeps_its_form_and_stderr_says_it(differing, capsys):
    write_radgraph(differing)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["r1"].keys() == {"text", "entities"}
    assert shown.err == "r1: model and rules differ: kind_conflict\n"
