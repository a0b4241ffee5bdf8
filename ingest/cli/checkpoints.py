"""`vlmkg checkpoint readings|replay|diff|select|rollback`: the readings of checkpoints in the ledger."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ingest.cli.console_user import console_user
from ingest.ledger.access import audit
from ingest.ledger.readings import checkpoints
from ingest.ledger.readings.checkpoints import EngineUse, Pair
from ingest.ledger.storage.database import Ledger
from ingest.projection.differences import Differences, Totals, differences
from ingest.projection.stored_readings import load_readings
from ingest.settings import blobs_of, existing_ledger_of
from ingest.workers.batcher import Batcher
from ingest.workers.reread import Reread, reread
from ingest.workers.settings import WorkerSettings
from ingest.workers.study_reader import Films, reader_of
from vlmkg.checkpoint import promotion
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import verify
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import shipped
from vlmkg.errors import UsageError
from vlmkg.options import data_option
from vlmkg.pipeline import load_engine

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.command()
@json_option
@data_option
def readings(data: DataDir, *, as_json: bool) -> None:
    """List the engines with readings in this ledger, latest first, and for how many studies each is in use."""
    with existing_ledger_of(data).read() as connection:
        found = checkpoints.engines(connection)
    if as_json:
        for use in found:
            click.echo(json.dumps(asdict(use), default=str))
        return
    table = Table("Engine", "Checkpoint", "Checkpoint digest", "Engine digest", "Studies read", "Standing", "Last")
    for use in found:
        digests = (use.checkpoint_digest or "")[:12], use.engine_digest[:12]
        counts = str(use.read), str(use.selected)
        table.add_row(use.engine, use.checkpoint or "", *digests, *counts, f"{use.last_at:%Y-%m-%d %H:%M}")
    Console().print(table)


@click.command()
@click.argument("engine_name", metavar="ENGINE")
@click.option("--device", help="Where a model runs: cpu, cuda:0 ...")
@json_option
@data_option
def replay(data: DataDir, engine_name: str, device: str | None, *, as_json: bool) -> None:
    """Read every study again with ENGINE: rules, model, or a checkpoint's folder, promoted or not.

    The new readings are stored beside those in use; `diff` compares them, `select` puts them to use. An interrupted
    replay continues where it stopped. Exit code 1: some studies can't be read. They are listed.
    """
    ledger = existing_ledger_of(data)
    settings = WorkerSettings()
    engine = load_engine(engine_name, device=device, data=data, unpromoted=True)
    reader = reader_of(Batcher(engine, settings.batches), Films(blobs_of(data), settings.films))
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("studies", total=None)
        found = reread(ledger, reader, lambda count: progress.advance(bar, count))
    _show_reread(found, as_json=as_json)
    sys.exit(bool(found.faults))


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--studies", "each", is_flag=True, help="Print one JSON line per study that differs. It contains report text."
)
@json_option
@data_option
def diff(data: DataDir, before: str, after: str, *, each: bool, as_json: bool) -> None:
    """Compare the readings of BEFORE and AFTER for the same studies: facts gained, lost, changed.

    An engine is named by its checkpoint, `rules`, or the beginning of a digest.
    """
    ledger = existing_ledger_of(data)
    totals = Totals()
    shown: list[tuple[Pair, Differences]] = []
    for pair, found in _differences(ledger, before, after):
        totals.add(found)
        if each and found:
            shown.append((pair, found))
    if not each:
        _show_totals(totals, as_json=as_json)
        return
    _audit(ledger, "checkpoint.diff", sorted({pair.patient_id for pair, _ in shown}))
    for pair, found in shown:
        click.echo(json.dumps({"study": pair.study_key} | asdict(found)))


@click.command("select")
@click.argument("name")
@data_option
def select_(data: DataDir, name: str) -> None:
    """Use the readings of NAME for all studies that it has read. A checkpoint must be promoted.

    A running worker updates the graph; without one, run `vlmkg rebuild`. Running workers keep the engine that they were
    started with.
    """
    ledger = existing_ledger_of(data)
    with ledger.read() as connection:
        use = checkpoints.find_engine(connection, name)
    _promoted_folder(use, data)
    _select(ledger, use)


@click.command()
@data_option
def rollback(data: DataDir) -> None:
    """Undo the last selection: use the previous readings again, and make their checkpoint `model` again."""
    ledger = existing_ledger_of(data)
    with ledger.read() as connection:
        use = checkpoints.engine_before(connection)
    folder = _promoted_folder(use, data)
    if folder is not None:
        promotion.make_current(folder, data)
    _select(ledger, use)


def _promoted_folder(use: EngineUse, data: DataDir) -> Path | None:
    """The folder of the engine's checkpoint; None for rules. Raises UsageError for one that is not promoted here."""
    if use.checkpoint is None:
        return None
    ours = shipped()
    for folder in (*reversed(promotion.current_folders(data)), *([ours] if ours else [])):
        try:
            verified = verify(folder)
            if verified.digest == use.checkpoint_digest and promotion.is_promoted(verified):
                return folder
        except CheckpointError:
            continue
    raise UsageError(
        f"the checkpoint {use.checkpoint} is not promoted here", "promote it first: vlmkg checkpoint promote FOLDER"
    )


def _select(ledger: Ledger, use: EngineUse) -> None:
    with ledger.write() as connection:
        changed = checkpoints.select_engine(connection, use)
    _audit(ledger, f"checkpoint.select {use.engine_digest}", ())
    name = use.checkpoint or use.engine
    click.echo(f"the readings of {name} ({use.engine_digest[:12]}) are in use now; they changed in {changed} studies")


def _differences(ledger: Ledger, before: str, after: str) -> Iterator[tuple[Pair, Differences]]:
    with ledger.read() as connection:
        first, second = (checkpoints.find_engine(connection, name) for name in (before, after))
        for pair in checkpoints.pairs(connection, first, second):
            yield pair, differences(load_readings(pair.before.result), load_readings(pair.after.result))


def _audit(ledger: Ledger, action: str, patients: Sequence[str]) -> None:
    audit.record(ledger, actor=console_user(), action=action, patients=patients, outcome="ok")


def _show_reread(found: Reread, *, as_json: bool) -> None:
    for fault in found.faults:
        click.echo(f"study {fault.item} can't be read, an unexpected error: {fault.where}", err=True)
    if as_json:
        click.echo(json.dumps({"studies": found.studies, "known": found.known, "faults": len(found.faults)}))
    else:
        read = found.studies - found.known - len(found.faults)
        click.echo(f"{read} studies were read; {found.known} were already read by this engine")


def _show_totals(totals: Totals, *, as_json: bool) -> None:
    facts = asdict(totals)
    if as_json:
        click.echo(json.dumps(facts))
        return
    table = Table("", "")
    for name, count in facts.items():
        table.add_row(name, str(count))
    Console().print(table)
