"""`vlmkg train witness`, `witness-add` and `witness-measure`."""

import shutil
from pathlib import Path

import click

from training.run_options import FILE, FOLDER, OUT, is_finished
from vlmkg.errors import UsageError


@click.command()
@click.option("--config", "config_file", type=FILE, required=True, help="Config, YAML (training/configs/witness.yaml).")
@OUT
def witness(config_file: Path, out: Path) -> None:
    """Train a pretrained encoder to label the words of reports: a checkpoint's text witness."""
    from training.text_witness.config import read_witness_config  # noqa: PLC0415 - as below
    from training.text_witness.stage import NAME, run  # noqa: PLC0415 - torch is loaded when a command runs

    if is_finished(out / NAME):
        return
    click.echo(str(run(read_witness_config(config_file), out)))


@click.command("witness-add")
@click.argument("checkpoint", type=FOLDER)
@click.argument("folder", type=FOLDER)
def witness_add(checkpoint: Path, folder: Path) -> None:
    """Put the text witness FOLDER into CHECKPOINT, in the place of one that is there.

    The checkpoint is another one then: promote it again.
    """
    from vlmkg.checkpoint.manifest import TEXT_WITNESS, verify, write_manifest  # noqa: PLC0415 - as above
    from vlmkg.text_witness.store import load_witness  # noqa: PLC0415 - as above

    kept = verify(checkpoint).manifest.model_dump(exclude={"files", "text_witness"})
    load_witness(folder)
    place = checkpoint / TEXT_WITNESS
    if folder.resolve() == place.resolve():
        raise UsageError(f"{folder} is the checkpoint's own text witness", "name the folder of another one")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place)
    write_manifest(checkpoint, **kept, text_witness=True)
    click.echo(f"{place}: promote the checkpoint again (vlmkg checkpoint promote)")


@click.command("witness-measure")
@click.option("--gold", type=FILE, help="RadGraph JSON or our JSONL, to measure on as well.")
@click.argument("checkpoint", type=FOLDER)
def witness_measure(checkpoint: Path, gold: Path | None) -> None:
    """Read with CHECKPOINT with its text witness and without it, and print what it changes."""
    from training.gate import lead_sets  # noqa: PLC0415 - as above
    from training.text_witness.measure import changes, measured_sets, table  # noqa: PLC0415 - as above
    from vlmkg.checkpoint.manifest import verify  # noqa: PLC0415 - as above
    from vlmkg.pipeline import load_engine  # noqa: PLC0415 - as above

    if not verify(checkpoint).manifest.text_witness:
        raise UsageError(f"{checkpoint} has no text witness", "add one: vlmkg train witness-add CHECKPOINT FOLDER")
    sets = measured_sets(checkpoint, lead_sets(gold)[:1] if gold else ())
    click.echo(table(changes(load_engine(str(checkpoint), unpromoted=True), sets)))
