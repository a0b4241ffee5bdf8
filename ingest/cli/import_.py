"""`vlmkg import`: receive files in the same way as every other source."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ingest.formats.origin import Format
from ingest.importing.expand import ImportOptions, expand_files
from ingest.importing.files import FoundFile, Meter, find_files
from ingest.importing.receiving import receive_items
from ingest.importing.summary import print_summary
from ingest.importing.tally import Tally
from ingest.importing.waiting import NOTICE_S, Ending, wait
from ingest.receiving.submit import Receiver
from ingest.settings import IngestSettings, receiver_of
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option

FORMATS = ("auto", *(kind.value for kind in (Format.OPENI, Format.HL7, Format.FHIR, Format.DICOM, Format.TEXT)))
"""By value: click uses the names of enum members."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as in shells."""


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format", "chosen", type=click.Choice(FORMATS), default="auto", show_default=True, help="Format of the files."
)
@click.option("--source", help="Source authority of all messages [default: from the message or its format].")
@click.option("--wait", "waits", is_flag=True, help="Wait until every message is merged, refused or dead.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="With --wait: seconds without any progress after which to give up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one line of JSON at the end.")
@data_option
def import_(
    paths: tuple[Path, ...], chosen: str, source: str | None, waits: bool, timeout: float, as_json: bool, data: DataDir
) -> None:
    """Queue files: Open-i XML, HL7 v2 (.hl7, or .jsonl with key `raw`), FHIR R4 JSON (also
    .ndjson and arrays), DICOM, plain text.

    PATHS are files, folders, and .tar, .tgz or .zip archives. A plain text file is one report; its name is the report
    id. Exit code 1: a message was refused, is dead, or was not finished in time.
    """
    started = time.monotonic()
    receiver = _receiver(data)
    tally = Tally()
    choice = ImportOptions(None if chosen == "auto" else Format(chosen), source)
    with _until_interrupted() as stopped, _progress() as progress:
        _receive(receiver, tally, list(find_files(paths)), choice, progress, stopped)
        ending = _wait(receiver, tally, timeout, progress, stopped) if waits else Ending.SETTLED
        interrupted = stopped()
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps(tally.summary(seconds)))
    else:
        print_summary(Console(), tally, seconds)
    sys.exit(INTERRUPTED if interrupted else int(bool(tally.refused or tally.dead or ending is not Ending.SETTLED)))


def _receiver(data: DataDir) -> Receiver:
    """The receiver of the ledger in the environment, else of the stack running in `data`."""
    if IngestSettings().ledger_url is None:
        data.require_endpoints()
    return receiver_of(data)


def _receive(
    receiver: Receiver,
    tally: Tally,
    files: list[FoundFile],
    choice: ImportOptions,
    progress: Progress,
    stopped: Callable[[], bool],
) -> None:
    meter = Meter()
    total = sum(found.path.stat().st_size for found in files if found.path.is_file())
    task = progress.add_task("receiving", total=max(total, 1), messages="")
    for receipt in receive_items(receiver, expand_files(files, choice, meter), stopped):
        tally.add(receipt)
        progress.update(task, completed=meter.position, messages=f"{tally.received:,} messages")
    progress.update(task, completed=max(total, 1), messages=f"{tally.received:,} messages")


def _wait(
    receiver: Receiver, tally: Tally, patience_s: float, progress: Progress, stopped: Callable[[], bool]
) -> Ending:
    total = len(tally.pending)
    task = progress.add_task("merging", total=max(total, 1), messages="")

    def moved() -> None:
        progress.update(task, completed=total - len(tally.pending), messages=f"{len(tally.pending):,} to go")

    def still() -> None:
        _say(
            progress,
            f"no event has changed its state for {NOTICE_S:g} s: check that a worker is running (vlmkg up, "
            "or vlmkg worker)",
        )

    ending = wait(receiver.ledger, tally, patience_s=patience_s, stopped=stopped, moved=moved, still=still)
    if ending is Ending.STALLED:
        _say(progress, f"stopped waiting: no event has changed its state for {patience_s:g} s")
    return ending


def _say(progress: Progress, words: str) -> None:
    """Print a line on stderr, above the progress bar if there is one."""
    progress.console.print(f"vlmkg: {words}", soft_wrap=True, highlight=False, markup=False)


def _progress() -> Progress:
    """A progress bar on stderr; none if that is not a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        TextColumn("{task.fields[messages]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


@contextmanager
def _until_interrupted() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed. The first one stops after the commit, the second one at once."""
    pressed = False

    def press(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
