"""`vlmkg extract`: read reports into graphs, without any service."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table

from vlmkg.errors import RefusedError, UsageError
from vlmkg.pipeline import load_engine, read_reports
from vlmkg.radgraph import to_radgraph
from vlmkg.reading import Engine, Reading
from vlmkg.schema import Kind, Mention, RelationType

_BATCH = 256
"""Reports read at once; bounds memory on long .jsonl files."""


class Document(NamedTuple):
    """One report as given: its id and text."""

    key: str
    text: str


@click.command()
@click.option("--engine", "engine_name", default="rules", show_default=True, help="rules, or a checkpoint's folder.")
@click.option("--image", type=click.Path(path_type=Path), help="The film that belongs to the report.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["radgraph", "triplets", "table"]),
    default="table",
    show_default=True,
    help="One RadGraph JSON object; one JSON line of triplets a report; or tables to look at.",
)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path), default="-")
def extract(engine_name: str, image: Path | None, form: str, file: Path) -> None:
    """Read one report (plain text) or many (.jsonl with `id` and `text`) into graphs. `-` is standard input."""
    engine = load_engine(engine_name)
    if image is not None:
        raise UsageError(f"the engine {engine.name!r} reads text only", "leave --image away")
    read = _read_all(engine, _documents(file))
    write = {"radgraph": _write_radgraph, "triplets": _write_triplets, "table": _write_tables}[form]
    refused = write(read)
    if refused:
        click.echo(f"{refused} triplets were refused by validation", err=True)


def _documents(file: Path) -> Iterator[Document]:
    """The reports of the file. Raises RefusedError where it cannot be read."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        with click.open_file(str(file), encoding="utf-8") as source:
            yield from _parse(source, name, file)
    except OSError as error:
        raise RefusedError(f"{name} cannot be read: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 text") from error


def _parse(source: IO[str], name: str, file: Path) -> Iterator[Document]:
    first = source.readline()
    if file.suffix != ".jsonl" and not (str(file) == "-" and first.lstrip().startswith("{")):
        yield Document("report" if str(file) == "-" else file.stem, first + source.read())
        return
    seen: set[str] = set()
    for number, line in enumerate(_lines(first, source), start=1):
        if not line.strip():
            continue
        document = _parse_line(line, f"line {number} of {name}")
        if document.key in seen:
            raise RefusedError(f"line {number} of {name} repeats an id")
        seen.add(document.key)
        yield document


def _lines(first: str, source: IO[str]) -> Iterator[str]:
    yield first
    yield from source


def _parse_line(line: str, where: str) -> Document:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RefusedError(f"{where} is not JSON") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not isinstance(row.get("id"), str | int):
        raise RefusedError(f"{where} is not an object with `id` and `text`")
    return Document(str(row["id"]), row["text"])


def _read_all(engine: Engine, documents: Iterable[Document]) -> Iterator[tuple[Document, Reading]]:
    source = iter(documents)
    while batch := list(islice(source, _BATCH)):
        yield from zip(batch, read_reports(engine, [document.text for document in batch]), strict=True)


def _write_radgraph(read: Iterable[tuple[Document, Reading]]) -> int:
    refused, separator = 0, "{"
    for document, reading in read:
        entry = json.dumps(to_radgraph(document.text, reading.graph))
        click.echo(f"{separator}{json.dumps(document.key)}: {entry}", nl=False)
        refused, separator = refused + len(reading.rejections), ",\n"
    click.echo("}" if separator != "{" else "{}")
    return refused


def _write_triplets(read: Iterable[tuple[Document, Reading]]) -> int:
    refused = 0
    for document, reading in read:
        mentions, relations = reading.graph.mentions, reading.graph.relations
        tied = {end for relation in relations for end in (relation.head, relation.tail)}
        row = {
            "id": document.key,
            "triplets": [
                {"head": _plain(mentions[one.head]), "relation": one.type.value, "tail": _plain(mentions[one.tail])}
                for one in relations
            ],
            "alone": [_plain(mention) for number, mention in enumerate(mentions) if number not in tied],
        }
        click.echo(json.dumps(row))
        refused += len(reading.rejections)
    return refused


def _plain(mention: Mention) -> dict[str, Any]:
    return {
        "text": mention.text,
        "kind": mention.kind.value,
        "presence": mention.presence.value,
        "start": mention.start,
        "end": mention.end,
    }


def _write_tables(read: Iterable[tuple[Document, Reading]]) -> int:
    console = Console(highlight=False, markup=False)
    refused = 0
    for document, reading in read:
        console.print(_table(document, reading))
        refused += len(reading.rejections)
    return refused


def _table(document: Document, reading: Reading) -> Table:
    """The findings of one report: observations that describe no other."""
    table = Table("Finding", "Presence", "Where", "Described by", "Suggests", "Concept", title=_shown(document.key))
    graph = reading.graph
    describing = {relation.head for relation in graph.relations if relation.type is RelationType.MODIFY}
    for number, mention in enumerate(graph.mentions):
        if mention.kind is Kind.ANATOMY or number in describing:
            continue
        table.add_row(
            _shown(mention.text),
            mention.presence.value,
            _joined(reading, number, RelationType.LOCATED_AT),
            _describing(reading, number),
            _joined(reading, number, RelationType.SUGGESTIVE_OF),
            _shown(reading.links[number].name),
        )
    return table


def _joined(reading: Reading, number: int, kind: RelationType) -> str:
    """The tails of a mention's relations of one type, each with the words that describe it before it."""
    tails = [one.tail for one in reading.graph.relations if one.head == number and one.type is kind]
    phrases = [f"{_describing(reading, tail)} {reading.graph.mentions[tail].text}".strip() for tail in tails]
    return _shown(", ".join(phrases))


def _describing(reading: Reading, number: int) -> str:
    relations = reading.graph.relations
    heads = [one.head for one in relations if one.tail == number and one.type is RelationType.MODIFY]
    return _shown(" ".join(reading.graph.mentions[head].text for head in sorted(heads)))


def _shown(text: str) -> str:
    """The text as a terminal can show it: lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode()
