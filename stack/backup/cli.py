"""The commands `vlmkg backup` and `vlmkg restore`."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from stack.backup.checking import Checked, check
from stack.backup.layout import BackupFolder, Manifest, locked
from stack.backup.making import FinishedBackup, make_backup
from stack.backup.restoring import Restored, restore_backup
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option

json_option = click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
snapshot_option = click.option("--snapshot", metavar="NAME", help="Name of the snapshot [default: the latest].")


class MakesByDefault(click.Group):
    """A group that calls `make` if the first argument is not one of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See the class."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["make", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """`backup TO` is the usual call."""
        formatter.write_usage(ctx.command_path, "TO [OPTIONS]")
        formatter.write_usage(f"{ctx.command_path} verify", "FROM [OPTIONS]")


@click.group(cls=MakesByDefault)
def backup() -> None:
    """Back up ledger, blobs, secrets and checkpoints to the folder TO while the service runs, or verify backups.

    Graph, Redis and logs are not included: the graph is rebuilt from the ledger. `make` can be omitted.
    """
    os.umask(0o077)


@backup.command()
@click.argument("to", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), default=7, show_default=True, help="Number of snapshots to keep in TO."
)
@click.option("--without-secrets", is_flag=True, help="Leave out the pseudonym keys and the admin API key.")
@json_option
@data_option
def make(to: Path, keep: int, without_secrets: bool, data: DataDir, as_json: bool) -> None:
    """Add a snapshot to the folder TO. Blobs of earlier snapshots are not copied again.

    Exit code 1: the snapshot was made, but a blob or checkpoint was missing or damaged.
    """
    began = time.monotonic()
    with _progress("blobs") as done:
        made = make_backup(data, BackupFolder(to), keep, secrets=not without_secrets, done=done)
    if as_json:
        click.echo(json.dumps(_made_facts(made, time.monotonic() - began)))
    else:
        _tell_made(made, to)
    for problem in made.problems:
        click.echo(f"not backed up: {problem}", err=True)
    sys.exit(bool(made.problems))


@backup.command()
@click.argument("from_", metavar="FROM", type=click.Path(file_okay=False, path_type=Path))
@snapshot_option
@json_option
def verify(from_: Path, snapshot: str | None, as_json: bool) -> None:
    """Verify all snapshots in FROM: every file, the ledgers, and that no message is missing.

    Exit code 1: something is damaged or missing. Each problem is listed.
    """
    folder = BackupFolder(from_)
    with locked(folder, exclusive=False):
        names = [folder.find(snapshot).name] if snapshot else folder.names()
        if not names:
            folder.find(None)
        checked = list(check(folder, names))
    for one in checked:
        for problem in one.problems:
            click.echo(f"{one.name}: {problem}", err=True)
    if as_json:
        click.echo(json.dumps({"snapshots": [_checked_facts(one) for one in checked]}))
    else:
        for one in checked:
            click.echo(f"{one.name}  {_told(one)}")
    sys.exit(any(one.problems for one in checked))


@click.command()
@click.argument("from_", metavar="FROM", type=click.Path(file_okay=False, path_type=Path))
@snapshot_option
@data_option
def restore(from_: Path, snapshot: str | None, data: DataDir) -> None:
    """Restore the data folder from the latest backup in FROM. The data folder must be empty or missing.

    Exit code 1: restored, except blobs that were missing or damaged. Each is listed.
    """
    os.umask(0o077)
    with _progress("blobs") as done:
        restored = restore_backup(BackupFolder(from_), snapshot, data, done)
    _tell_restored(restored, data)
    sys.exit(bool(restored.copied.lost))


def _made_facts(made: FinishedBackup, seconds: float) -> dict[str, object]:
    return {
        "snapshot": made.name,
        "events": made.manifest.events,
        "states": made.manifest.ledger.states,
        "blobs": made.manifest.blobs.count,
        "blobs_copied": made.copied.count,
        "bytes_copied": made.copied.bytes,
        "checkpoints": [one.name for one in made.manifest.checkpoints],
        "secrets": _secrets(made.manifest),
        "removed": made.removed,
        "problems": list(made.problems),
        "seconds": round(seconds, 3),
    }


def _tell_made(made: FinishedBackup, to: Path) -> None:
    manifest = made.manifest
    click.echo(f"snapshot {made.name} in {to}: {_contents(manifest)}")
    click.echo(
        f"copied {made.copied.count:,} blobs ({made.copied.bytes:,} bytes); removed {made.removed} older snapshots"
    )
    if not any(name.endswith("pseudonym.key") for name in _secrets(manifest)):
        click.echo(
            "the backup does not contain the pseudonym key: keep a copy elsewhere, a restored ledger is "
            "useless without it"
        )


def _checked_facts(one: Checked) -> dict[str, object]:
    manifest = one.manifest
    facts = {"events": manifest.events, "blobs": manifest.blobs.count, "files": len(manifest.files)} if manifest else {}
    return {"snapshot": one.name, **facts, "problems": list(one.problems)}


def _told(one: Checked) -> str:
    state = "intact" if not one.problems else f"{len(one.problems)} problems"
    return f"{state}  {_contents(one.manifest)}" if one.manifest else state


def _contents(manifest: Manifest) -> str:
    checkpoints = ", ".join(one.name for one in manifest.checkpoints) or "none"
    return f"{manifest.events:,} events, {manifest.blobs.count:,} blobs, promoted checkpoints: {checkpoints}"


def _secrets(manifest: Manifest) -> list[str]:
    return sorted(name for name in manifest.files if name.startswith("secrets/"))


def _tell_restored(restored: Restored, data: DataDir) -> None:
    manifest = restored.manifest
    click.echo(f"restored {restored.name} into {data.root}: {_contents(manifest)}")
    for key in restored.copied.lost:
        click.echo(f"the blob {key} is missing or damaged in the backup and was not restored", err=True)
    if not restored.has_key:
        click.echo(f"first: copy the pseudonym key to {data.secrets / 'pseudonym.key'}, or set VLMKG_PSEUDONYM_KEY")
    click.echo(f"next: vlmkg up --data {data.root}")
    click.echo(f"then, while it runs: vlmkg rebuild --data {data.root}")
    click.echo(
        f"messages acknowledged after {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC are not restored: ask "
        "their senders to resend them"
    )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda settled, total: progress.update(bar, completed=settled, total=total)
