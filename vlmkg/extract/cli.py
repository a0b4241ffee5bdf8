"""`vlmkg extract`: read reports into graphs, without any service."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click

from vlmkg.checkpoint.manifest import describe
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.default_engine import MODEL, choose_engine
from vlmkg.engine_protocol import Engine, FilmDomain, ImageInput, StudyInput
from vlmkg.errors import RefusedError, UsageError
from vlmkg.extract.input import Document, read_documents
from vlmkg.extract.output import Read, shown, write_radgraph, write_tables, write_triplets
from vlmkg.extract.processes import MOST_PROCESSES, Readers, default_processes, read_batches
from vlmkg.extract_told import told
from vlmkg.pipeline import load_engine
from vlmkg.settings import EngineSettings

_BATCH = 64
"""Reports that go to one process at once."""


@click.command()
@click.option(
    "--engine",
    "engine_name",
    default=lambda: EngineSettings().engine,
    show_default="$VLMKG_ENGINE, else model where there is one",
    help="rules, model, or a checkpoint's folder.",
)
@click.option("--image", type=click.Path(path_type=Path), help="The film that belongs to the report: DICOM, PNG, JPEG.")
@click.option(
    "--films",
    type=click.Choice([domain.value for domain in FilmDomain]),
    envvar="VLMKG_FILMS",
    default=FilmDomain.REAL.value,
    show_default=True,
    help="Where the films come from. A checkpoint that was trained on others does not see them. Also VLMKG_FILMS.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    show_default=f"one a core for a model on a CPU, {MOST_PROCESSES} at most, else 1",
    help="Processes that read a long .jsonl; each loads the model.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["radgraph", "triplets", "table"]),
    default="table",
    show_default=True,
    help="One RadGraph JSON object; one JSON line of triplets a report; or tables to look at.",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path), default="-")
def extract(
    engine_name: str | None, image: Path | None, films: str, processes: int | None, form: str, file: Path
) -> None:
    """Read one report (plain text) or many (.jsonl with `id`, `text` and perhaps `image`) into graphs.

    `-` is standard input. A path in `image` is taken from the folder of the .jsonl file.
    """
    name, told = choose_engine(engine_name)
    if told:
        click.echo(told, err=True)
    engine = _load(name)
    if image is not None and engine.film_domain is None:
        raise UsageError(f"the engine {engine.name!r} reads text only", "leave --image away")
    documents = read_documents(file, image)
    if engine.film_domain is not None and engine.film_domain != films:
        documents = _without_films(documents, engine.film_domain)
    write = {"radgraph": write_radgraph, "triplets": write_triplets, "table": write_tables}[form]
    readers = Readers(engine, name, processes or default_processes(engine))
    refused = write(_read_all(readers, documents))
    if refused:
        what = "1 mention or triplet was" if refused == 1 else f"{refused} mentions or triplets were"
        click.echo(f"{what} refused", err=True)


def _load(name: str) -> Engine:
    """The engine. A checkpoint's folder need not be promoted to be tried here, but whoever tries it is told."""
    engine = load_engine(name, unpromoted=name != MODEL)
    if engine.checkpoint and name != MODEL and not is_promoted(describe(Path(name))):
        click.echo(f"the checkpoint {engine.checkpoint} is not promoted: do not rely on what it reads", err=True)
    return engine


def _without_films(documents: Iterable[Document], domain: FilmDomain) -> Iterator[Document]:
    """The same documents; their films are left out, and whoever gave one is told so, once."""
    told = False
    for document in documents:
        if document.image is not None and not told:
            told = True
            click.echo(f"the checkpoint was trained on {domain.value} films alone: films are not read", err=True)
        yield document._replace(image=None)


def _read_all(readers: Readers, documents: Iterable[Document]) -> Iterator[Read]:
    source = iter(documents)
    batches = iter(lambda: list(islice(source, _BATCH)), [])
    for batch, read in read_batches(readers, ((batch, _studies(readers.engine, batch)) for batch in batches)):
        for document, readings in zip(batch, read, strict=True):
            for film in readings.unread:
                click.echo(f"the film {film.image} was not read: {film.reason}", err=True)
            if readings.reports[0].truncated:
                click.echo(f"the reading of {document.key} was cut short: facts may lack", err=True)
            for line in told(document.key, document.text, readings.reports[0]):
                click.echo(shown(line), err=True)
            yield Read(document.key, document.text, readings)


def _studies(engine: Engine, documents: Iterable[Document]) -> list[StudyInput]:
    return [StudyInput((document.text,), _films(engine, document)) for document in documents]


def _films(engine: Engine, document: Document) -> tuple[ImageInput, ...]:
    """The film of a document. Raises RefusedError where the file cannot be read."""
    if document.image is None or engine.film_domain is None:
        return ()
    try:
        return (ImageInput(document.image.name, document.image.read_bytes()),)
    except OSError as error:
        raise RefusedError(f"{document.image} cannot be read: {error.strerror or type(error).__name__}") from error
