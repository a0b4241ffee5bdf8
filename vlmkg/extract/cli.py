"""`vlmkg extract`: read reports into graphs, without any service."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from vlmkg.checkpoint.manifest import describe
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.default_engine import MODEL
from vlmkg.engine_protocol import FilmDomain
from vlmkg.errors import UsageError
from vlmkg.extract.input import read_documents
from vlmkg.extract.notices import notices
from vlmkg.extract.output import shown, write_radgraph, write_tables, write_triplets
from vlmkg.reader import Reader
from vlmkg.reader_processes import MOST_PROCESSES
from vlmkg.reader_result import Reading
from vlmkg.reading_codes import UnreadReason
from vlmkg.settings import EngineSettings


@click.command()
@click.option(
    "--engine",
    "engine_name",
    default=lambda: EngineSettings().engine,
    show_default="$VLMKG_ENGINE, else model if there is one",
    help="rules, model, or a checkpoint's folder.",
)
@click.option("--image", type=click.Path(path_type=Path), help="The film of the report: DICOM, PNG or JPEG.")
@click.option(
    "--films",
    type=click.Choice([domain.value for domain in FilmDomain]),
    envvar="VLMKG_FILMS",
    default=FilmDomain.REAL.value,
    show_default=True,
    help="The kind of the films. A checkpoint reads only films of the kind it was trained on. Also VLMKG_FILMS.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    show_default=f"one per core for a model on a CPU, at most {MOST_PROCESSES}; else 1",
    help="Processes that read a long .jsonl; each loads the model.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["radgraph", "triplets", "table"]),
    default="table",
    show_default=True,
    help="One RadGraph JSON object; one JSON line of triplets per report; or tables for people.",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path), default="-")
def extract(
    engine_name: str | None, image: Path | None, films: str, processes: int | None, form: str, file: Path
) -> None:
    """Read one report (plain text) or many (.jsonl with `id`, `text` and perhaps `image`) into graphs.

    `-` is standard input. A path in `image` is relative to the folder of the .jsonl file.
    """
    reader = Reader(engine_name, films=films, unpromoted=engine_name not in {None, MODEL})
    _tell(reader)
    engine = reader.engine
    if image is not None and engine.film_domain is None:
        raise UsageError(f"the engine {engine.name!r} does not read films", "omit --image")
    reports = read_documents(file, image)
    if engine.film_domain is None:
        reports = (report._replace(image=None) for report in reports)
    write = {"radgraph": write_radgraph, "triplets": write_triplets, "table": write_tables}[form]
    refused = write(_told(reader, reader.iterate(reports, processes)))
    if refused:
        what = "1 mention or triplet was" if refused == 1 else f"{refused} mentions or triplets were"
        click.echo(f"{what} refused", err=True)


def _tell(reader: Reader) -> None:
    """Print why the rules are used, or that a checkpoint is not promoted, which is allowed here."""
    if reader.note:
        click.echo(reader.note, err=True)
    name, checkpoint = reader.name or "", reader.engine.checkpoint
    if checkpoint and name != MODEL and not is_promoted(describe(Path(name))):
        click.echo(f"the checkpoint {checkpoint} is not promoted: do not rely on its readings", err=True)


def _told(reader: Reader, readings: Iterable[Reading]) -> Iterator[Reading]:
    """Pass the readings on, and print a line on stderr for each unread film and each truncated text."""
    told = False
    for reading in readings:
        for film in reading.study.unread:
            if film.reason != UnreadReason.OTHER_DOMAIN:
                click.echo(f"the film {film.image} was not read: {film.reason}", err=True)
            elif not told:
                told = True
                trained = reader.engine.film_domain
                click.echo(f"the checkpoint was trained only on {trained} films, so the films were not read", err=True)
        if reading.truncated:
            click.echo(f"the reading of {reading.key} was truncated; some findings may be missing", err=True)
        for line in notices(reading.key, reading.text, reading.report):
            click.echo(shown(line), err=True)
        yield reading
