"""What reads where nobody names an engine: the shipped checkpoint, else the rules, and then it is said."""

import json
import shutil
import sys

import pytest
from click.testing import CliRunner

from ingest.workers import cli as worker_cli
from ingest.workers.queues import Queue
from stack.run import _reads
from vlmkg.checkpoint import tiny
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.promotion import make_current
from vlmkg.cli import vlmkg
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import EngineChoice, checkpoint_of, choose_engine
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine

TEXT = "FINDINGS: Small left effusion. No pneumothorax."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny promoted checkpoint that reads text. Not to be changed."""
    return tiny.make(tmp_path_factory.mktemp("checkpoint") / "tiny", image_domain=None, promoted=True).folder


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder, nothing named, nothing chosen."""
    for name in ("VLMKG_ENGINE", "VLMKG_CHECKPOINT", "VLMKG_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VLMKG_DATA", str(tmp_path / "var"))
    return DataDir(tmp_path / "var")


@pytest.fixture
def shipped(made, data, no_shipped_checkpoint):
    """A promoted checkpoint where the project's own is."""
    return shutil.copytree(made, no_shipped_checkpoint)


@pytest.fixture
def no_torch(monkeypatch):
    """As where torch is not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


def extract(*arguments):
    return CliRunner().invoke(vlmkg, ["extract", "--format", "triplets", *arguments], input=TEXT)


def test_the_shipped_checkpoint_reads_and_the_rules_are_its_second_witness(shipped, data):
    assert choose_engine(None, data) == EngineChoice("model")
    assert checkpoint_of(data) == shipped
    shown, named, by_rules = extract(), extract("--engine", str(shipped)), extract("--engine", "rules")
    assert shown.exit_code == 0
    # A tiny model is not sure of what it reads: what it alone read is refused, and told.
    assert shown.stderr in {"", "1 mention or triplet was refused\n"}
    assert shown.stdout == named.stdout
    assert shown.output != by_rules.output
    assert _reads(choose_engine(None, data), data).address == str(shipped)


def test_a_name_wins_over_the_default(shipped, data, monkeypatch):
    assert choose_engine("rules", data) == EngineChoice("rules")
    monkeypatch.setenv("VLMKG_ENGINE", "rules")
    assert extract().stdout == extract("--engine", "rules").stdout


def test_what_was_promoted_here_comes_before_what_was_shipped(shipped, data, made, tmp_path, monkeypatch):
    make_current(made, data)
    assert checkpoint_of(data) == made
    monkeypatch.setenv("VLMKG_CHECKPOINT", str(tmp_path))
    assert checkpoint_of(data) == tmp_path


def test_without_a_checkpoint_the_rules_read_and_say_why(no_shipped_checkpoint, data):
    choice = choose_engine(None, data)
    assert choice.engine == "rules"
    assert "this installation has none" in choice.told
    shown = extract()
    assert shown.stderr.splitlines() == [choice.told]
    assert json.loads(shown.stdout)["id"] == "report"
    assert _reads(choice, data).note == choice.told
    with pytest.raises(UsageError, match="there is no checkpoint for the engine"):
        checkpoint_of(data)


def test_a_shipped_checkpoint_that_is_not_promoted_does_not_read(shipped, data):
    (shipped / "promotion.json").unlink()
    choice = choose_engine(None, data)
    assert (choice.engine, "is not promoted" in choice.told) == ("rules", True)


def test_a_damaged_shipped_checkpoint_is_an_error_and_never_a_reason_to_read_by_the_rules(shipped, data):
    (shipped / "manifest.json").write_text("{}")
    assert isinstance(extract().exception, CheckpointError)


def test_without_torch_the_rules_read_and_the_model_is_refused_by_name(shipped, data, no_torch):
    choice = choose_engine(None, data)
    assert (choice.engine, "torch" in choice.told) == ("rules", True)
    with pytest.raises(UsageError, match="needs torch"):
        load_engine("model", data=data)


def test_a_checkpoint_that_is_named_is_not_given_up_for_want_of_torch(shipped, data, no_torch, monkeypatch):
    monkeypatch.setenv("VLMKG_CHECKPOINT", str(shipped))
    assert choose_engine(None, data) == EngineChoice("model")


def test_a_worker_that_merges_reads_nothing_and_says_nothing(no_shipped_checkpoint, data, capsys):
    assert worker_cli._choose(None, Queue.MERGE, data) == "rules"
    assert capsys.readouterr() == ("", "")
    assert worker_cli._choose(None, Queue.EXTRACT, data) == "rules"
    assert "no engine is named" in "".join(capsys.readouterr())


def test_the_list_tells_of_the_shipped_checkpoint(shipped, data):
    listed = CliRunner().invoke(vlmkg, ["checkpoint", "list", "--json"])
    assert [(row["folder"], row["state"]) for row in map(json.loads, listed.stdout.splitlines())] == [
        (str(shipped), "current")
    ]
