"""`vlmkg checkpoint`: checkpoints, for operators. Packages above add the commands that need a ledger or measure a
checkpoint."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from vlmkg.checkpoint import promotion
from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import MANIFEST_FILE, README_FILE, Verified, describe, verify
from vlmkg.cli import LazyCommands
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import find_checkpoint, shipped
from vlmkg.options import data_option

HELP = {
    "list": "List the checkpoints of the data folder.",
    "verify": "Check every file of a checkpoint.",
    "promote": "Measure a checkpoint and make it the engine `model`.",
    "card": "Write a model card for Hugging Face.",
    "import": "Convert published models to parts of a checkpoint.",
    "readings": "List the engines with readings in the ledger.",
    "replay": "Read every study again with another checkpoint.",
    "diff": "Compare two checkpoints over the same studies.",
    "select": "Use the readings of a checkpoint.",
    "rollback": "Go back to the previous checkpoint.",
}


@click.group("checkpoint", cls=LazyCommands, entry_points_group="vlmkg.checkpoint_commands", about=HELP)
def checkpoint() -> None:
    """Verify, promote, list and import checkpoints of the model."""


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.argument("folder", type=click.Path(path_type=Path))
def verify_(folder: Path, *, as_json: bool) -> None:
    """Check every file of the checkpoint FOLDER against its manifest."""
    show(facts_of(verify(folder)), as_json=as_json)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per checkpoint.")
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1)
@data_option
def list_(folders: tuple[Path, ...], data: DataDir, *, as_json: bool) -> None:
    """List the checkpoints of DATA/checkpoints, the promoted ones, the shipped one, and FOLDERS.

    Their files are not read. `current` is the engine `model`.
    """
    current = find_checkpoint(data)
    rows = [_row(folder, current) for folder in _known(folders, data)]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    table = Table("Checkpoint", "State", "Reads", "Films", "Relation F1", "Digest", "Folder")
    for row in rows:
        shown = (row["name"], row["state"], " ".join(row["modalities"]), row["image_domain"], row["relation_f1"])
        table.add_row(*("" if value is None else str(value) for value in shown), row["digest"][:12], row["folder"])
    Console().print(table)


@click.command("card")
@click.option("--write", is_flag=True, help="Write README.md into FOLDER instead of printing it.")
@click.argument("folder", type=click.Path(path_type=Path))
def card(folder: Path, *, write: bool) -> None:
    """Print the model card of the checkpoint FOLDER, with Hugging Face's metadata, from its manifest."""
    from vlmkg.checkpoint.card import model_card  # noqa: PLC0415 - PyYAML comes with the training extra

    text = model_card(verify(folder))
    if not write:
        click.echo(text, nl=False)
        return
    (folder / README_FILE).write_text(text, encoding="utf-8")
    click.echo(str(folder / README_FILE))


@click.group("import")
def import_() -> None:
    """Convert published models to parts of a checkpoint, as a start of training."""


@import_.command("qwen")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def qwen(source: Path, folder: Path) -> None:
    """Import a causal language model, such as Qwen1.5-0.5B, from the Hugging Face folder SOURCE to FOLDER.

    SOURCE contains config.json, tokenizer.json and model.safetensors (or its shards and their index, or
    pytorch_model.bin, which is opened as weights only).
    """
    _originals().import_language_model(source, folder)
    click.echo(f"language model in {folder}")


@import_.command("medclip")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def medclip(source: Path, folder: Path) -> None:
    """Import MedCLIP-ViT from SOURCE (its published zip, folder or pytorch_model.bin) as an image encoder to FOLDER."""
    _originals().import_medclip(source, folder)
    click.echo(f"image encoder in {folder}")


@import_.command("biomedclip")
@click.argument("source")
@click.argument("folder", type=click.Path(path_type=Path))
def biomedclip(source: str, folder: Path) -> None:
    """Import an image encoder, such as BiomedCLIP's, from the open_clip folder SOURCE (`local-dir:` is allowed) to
    FOLDER.

    SOURCE contains open_clip_config.json, and open_clip_model.safetensors or open_clip_pytorch_model.bin.
    """
    _originals().import_open_clip(source, folder)
    click.echo(f"image encoder in {folder}")


def _originals() -> Any:
    # Imports torch, so it is imported only by the commands that need it.
    from vlmkg.checkpoint import originals  # noqa: PLC0415

    return originals


def facts_of(verified: Verified) -> dict[str, Any]:
    """The facts of a checkpoint, for people and programs."""
    manifest = verified.manifest
    return {
        "name": manifest.name,
        "digest": verified.digest,
        "folder": str(verified.folder),
        "modalities": [str(one) for one in manifest.modalities],
        "image_domain": manifest.image_domain and str(manifest.image_domain),
        "licence": manifest.licence,
        "files": len(manifest.files),
        "metrics": manifest.metrics,
        "gate": promotion.unmet(manifest.metrics),
        "promoted": promotion.is_promoted(verified),
    }


def show(facts: dict[str, Any], *, as_json: bool) -> None:
    """Print facts: one line of JSON, or one line per fact."""
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        if name == "gate":
            value = "met" if not value else "; ".join(value)  # noqa: PLW2901
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {number:g}" for key, number in sorted(value.items()))  # noqa: PLW2901
        elif isinstance(value, list):
            value = ", ".join(value)  # noqa: PLW2901
        click.echo(f"{name:<13} {value}")


def _known(folders: Iterable[Path], data: DataDir) -> list[Path]:
    """The folders without duplicates: those of the data folder first, then the shipped one."""
    own = sorted(path.parent for path in (data.root / "checkpoints").glob(f"*/{MANIFEST_FILE}"))
    ours = shipped()
    every = (*own, *promotion.current_folders(data), *([ours] if ours else []), *folders)
    return list(dict.fromkeys(folder.absolute() for folder in every))


def _row(folder: Path, current: Path | None) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "name": folder.name,
        "modalities": [],
        "image_domain": None,
        "relation_f1": None,
        "digest": "",
    }
    try:
        described = describe(folder)
        state = "promoted" if promotion.is_promoted(described) else "not promoted"
    except CheckpointError as error:
        return {**empty, "state": error.reason, "folder": str(folder)}
    facts = facts_of(described)
    relation = described.manifest.metrics.get("relation_f1")
    shown = {**{key: facts[key] for key in ("name", "modalities", "image_domain", "digest")}, "relation_f1": relation}
    return {**shown, "state": "current" if folder == current and state == "promoted" else state, "folder": str(folder)}
