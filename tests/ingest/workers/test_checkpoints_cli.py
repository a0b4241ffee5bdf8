"""A checkpoint re-reads an archive, is compared, made to stand and rolled back: nothing else changes."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.ledger import study_facts
from ingest.ledger.access import audit
from ingest.ledger.studies import graph_outbox
from ingest.ledger.study_facts import LedgerStudy
from ingest.projection.stored_readings import load_readings
from ingest.receiving.submit import Receiver, receive, receive_many
from ingest.workers.celery_app import make_app
from ingest.workers.extract import extract_some
from ingest.workers.process import WorkerProcess
from ingest.workers.queues import Queue
from ingest.workers.settings import find_config
from ingest.workers.study_reader import reader_of
from tests.ingest.workers.engines import rules
from tests.ingest.workers.messages import CLEAR, EFFUSION, NODULE, hl7
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.promotion import make_current, mark_promoted
from vlmkg.cli import vlmkg
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.schema import Witness

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint of random weights, not promoted."""
    from vlmkg.checkpoint.tiny import make

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    make(folder, name="tiny")
    return folder


@pytest.fixture
def run(data: DataDir) -> Run:
    """Run `vlmkg checkpoint ...` on the data folder."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(vlmkg, ["checkpoint", *arguments, "--data", str(data.root)], catch_exceptions=False)

    return run


@pytest.fixture
def read_by_rules(receiver: Receiver) -> Receiver:
    """An archive of three studies, read by the rules."""
    reports = {"a": EFFUSION, "b": CLEAR, "c": NODULE}
    receive_many(receiver, [hl7(name, text, patient=f"p{name}") for name, text in reports.items()])
    while extract_some(receiver.ledger, reader_of(rules()), "me", timedelta(seconds=30)):
        pass
    return receiver


def standing(receiver: Receiver) -> dict[str, LedgerStudy]:
    with receiver.ledger.read() as connection:
        return study_facts.load_many(connection, study_facts.all_study_keys(connection))


def engines(receiver: Receiver) -> set[str]:
    return {study.extraction.engine for study in standing(receiver).values() if study.extraction}


def test_replay_compare_select_and_roll_back(
    read_by_rules: Receiver, run: Run, checkpoint: Path, data: DataDir
) -> None:
    before = standing(read_by_rules)
    assert "3 studies were read" in run("replay", str(checkpoint)).output
    assert standing(read_by_rules) == before

    assert json.loads(run("replay", str(checkpoint), "--json").output) == {"studies": 3, "known": 3, "faults": 0}
    rows = [json.loads(line) for line in run("readings", "--json").output.splitlines()]
    counts = {row["checkpoint"]: (row["read"], row["selected"]) for row in rows}
    assert counts == {None: (3, 3), "tiny": (3, 0)}
    totals = json.loads(run("diff", "rules", "tiny", "--json").output)
    assert totals["studies"] == 3
    assert json.loads(run("diff", "tiny", "tiny", "--json").output)["differing"] == 0

    with pytest.raises(UsageError, match="not promoted"):
        run("select", "tiny")
    assert standing(read_by_rules) == before
    promote(checkpoint, data)
    assert "they changed in 3 studies" in run("select", "tiny").output
    assert engines(read_by_rules) == {"model"}
    with read_by_rules.ledger.read() as connection:
        assert graph_outbox.waiting(connection)
        assert len(graph_outbox.plan(connection, ()).study_keys) == 3

    assert "they changed in 3 studies" in run("rollback").output
    assert standing(read_by_rules) == before


def promote(checkpoint: Path, data: DataDir) -> None:
    """As `vlmkg checkpoint promote` does, but for the gate, which random weights can't meet."""
    from vlmkg.checkpoint.manifest import verify

    mark_promoted(verify(checkpoint))
    make_current(checkpoint, data)


def test_the_model_is_a_witness_beside_the_rules(read_by_rules: Receiver, run: Run, checkpoint: Path) -> None:
    run("replay", str(checkpoint))
    with read_by_rules.ledger.read() as connection:
        from ingest.ledger.readings import checkpoints

        use = checkpoints.find_engine(connection, "tiny")
        rules_use = checkpoints.find_engine(connection, "rules")
        pairs = list(checkpoints.pairs(connection, rules_use, use))
    assert len(pairs) == 3
    for pair in pairs:
        (reading,) = load_readings(pair.after.result).values()
        assert reading.agreement is not None
        counts = reading.agreement
        assert counts.mentions_both + counts.mentions_model + counts.mentions_rules == len(reading.graph.mentions)
        scores = {mention.score is None for mention in reading.graph.mentions if mention.witness is Witness.MODEL}
        assert scores <= {False}
        assert pair.after.checkpoint == "tiny"
        assert pair.after.modalities == ("text",)


def test_the_studies_that_differ_are_shown_with_their_words_and_that_is_audited(
    read_by_rules: Receiver, run: Run, checkpoint: Path
) -> None:
    run("replay", str(checkpoint))
    rows = [json.loads(line) for line in run("diff", "rules", "tiny", "--studies").output.splitlines()]
    assert rows
    assert all(row["gained"] or row["lost"] or row["changed"] for row in rows)
    with read_by_rules.ledger.read() as connection:
        (entry,) = audit.entries(connection, limit=1)
    assert entry.action == "checkpoint.diff"
    assert len(entry.patients) == len(rows)


def test_a_new_report_is_not_compared_with_what_was_read_of_the_old_one(
    read_by_rules: Receiver, run: Run, checkpoint: Path
) -> None:
    run("replay", str(checkpoint))
    receive(read_by_rules, hl7("a", NODULE, patient="pa", status="C", minute=9))
    assert json.loads(run("diff", "rules", "tiny", "--json").output)["studies"] == 2


@pytest.mark.parametrize("arguments", [("diff", "rules", "nobody"), ("select", "nobody"), ("rollback",)])
def test_what_is_not_there_is_named(read_by_rules: Receiver, run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        run(*arguments)
    assert raised.value.remedy


def test_a_worker_refuses_a_checkpoint_that_is_not_promoted_and_one_that_was_changed(
    data: DataDir, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_shipped_checkpoint: Path
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    folder = tmp_path / "copy"
    shutil.copytree(checkpoint, folder)
    (folder / "promotion.json").unlink(missing_ok=True)

    def prepare(engine: str) -> None:
        config = find_config(data, Queue.EXTRACT, engine, "cpu")
        WorkerProcess(make_app(config.broker_url.get_secret_value()), config).prepare()

    with pytest.raises(CheckpointError, match="not promoted"):
        prepare(str(folder))
    with pytest.raises(UsageError, match="there is no checkpoint for the engine"):
        prepare("model")
    promote(folder, data)
    prepare("model")
    with (folder / "projector.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(CheckpointError):
        prepare("model")
