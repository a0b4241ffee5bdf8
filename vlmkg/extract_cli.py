"""`vlmkg extract`: read reports into graphs, without any service."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import click

from vlmkg.checkpoint.manifest import describe
from vlmkg.checkpoint.promotion import is_promoted
from vlmkg.default_engine import MODEL, choose_engine
from vlmkg.errors import RefusedError, UsageError
from vlmkg.extract_output import Read, write_radgraph, write_tables, write_triplets
from vlmkg.pipeline import load_engine, read_studies
from vlmkg.reading import Engine, FilmDomain, ImageInput, StudyInput
from vlmkg.settings import EngineSettings

_BATCH = 256
"""Reports read at once; bounds memory on long .jsonl files."""


class Document(NamedTuple):
    """One report as given: its id and text, and the file of its film."""

    key: str
    text: str
    image: Path | None = None


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
    "--format",
    "form",
    type=click.Choice(["radgraph", "triplets", "table"]),
    default="table",
    show_default=True,
    help="One RadGraph JSON object; one JSON line of triplets a report; or tables to look at.",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path), default="-")
def extract(engine_name: str | None, image: Path | None, films: str, form: str, file: Path) -> None:
    """Read one report (plain text) or many (.jsonl with `id`, `text` and perhaps `image`) into graphs.

    `-` is standard input. A path in `image` is taken from the folder of the .jsonl file.
    """
    name, told = choose_engine(engine_name)
    if told:
        click.echo(told, err=True)
    engine = _load(name)
    if image is not None and engine.film_domain is None:
        raise UsageError(f"the engine {engine.name!r} reads text only", "leave --image away")
    documents = _documents(file, image)
    if engine.film_domain is not None and engine.film_domain != films:
        documents = _without_films(documents, engine.film_domain)
    write = {"radgraph": write_radgraph, "triplets": write_triplets, "table": write_tables}[form]
    refused = write(_read_all(engine, documents))
    if refused:
        click.echo(f"{refused} triplets were refused by validation", err=True)


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


def _documents(file: Path, image: Path | None) -> Iterator[Document]:
    """The reports of the file; `image` is the film of the only one. Raises RefusedError where it cannot be read."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        with click.open_file(str(file), encoding="utf-8") as source:
            yield from _parse(source, name, file, image)
    except OSError as error:
        raise RefusedError(f"{name} cannot be read: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 text") from error


def _parse(source: IO[str], name: str, file: Path, image: Path | None) -> Iterator[Document]:
    first = source.readline()
    if file.suffix != ".jsonl" and not (str(file) == "-" and first.lstrip().startswith("{")):
        yield Document("report" if str(file) == "-" else file.stem, first + source.read(), image)
        return
    if image is not None:
        raise UsageError("--image belongs to one report", "name each report's film in the .jsonl: `image`")
    seen: set[str] = set()
    for number, line in enumerate(_lines(first, source), start=1):
        if not line.strip():
            continue
        document = _parse_line(line, f"line {number} of {name}", file.parent)
        if document.key in seen:
            raise RefusedError(f"line {number} of {name} repeats an id")
        seen.add(document.key)
        yield document


def _lines(first: str, source: IO[str]) -> Iterator[str]:
    yield first
    yield from source


def _parse_line(line: str, where: str, folder: Path) -> Document:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedError(f"{where} is not JSON") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not isinstance(row.get("id"), str | int):
        raise RefusedError(f"{where} is not an object with `id` and `text`")
    if not isinstance(row.get("image"), str | None):
        raise RefusedError(f"{where} has an `image` that is no path")
    return Document(str(row["id"]), row["text"], folder / row["image"] if row.get("image") else None)


def _read_all(engine: Engine, documents: Iterable[Document]) -> Iterator[Read]:
    source = iter(documents)
    while batch := list(islice(source, _BATCH)):
        studies = [StudyInput((document.text,), _films(engine, document)) for document in batch]
        for document, readings in zip(batch, read_studies(engine, studies), strict=True):
            for film in readings.unread:
                click.echo(f"the film {film.image} was not read: {film.reason}", err=True)
            if readings.reports[0].truncated:
                click.echo(f"the reading of {document.key} was cut short: facts may lack", err=True)
            yield Read(document.key, document.text, readings)


def _films(engine: Engine, document: Document) -> tuple[ImageInput, ...]:
    """The film of a document. Raises RefusedError where the file cannot be read."""
    if document.image is None or engine.film_domain is None:
        return ()
    try:
        return (ImageInput(document.image.name, document.image.read_bytes()),)
    except OSError as error:
        raise RefusedError(f"{document.image} cannot be read: {error.strerror or type(error).__name__}") from error
