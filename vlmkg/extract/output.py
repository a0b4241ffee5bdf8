"""The output of `vlmkg extract`: RadGraph JSON, lines of triplets, or tables.

Disagreements of model and rules are in the lines and tables; for RadGraph's format they are printed on stderr.
"""

import json
from collections.abc import Iterable

import click
from rich.console import Console
from rich.table import Table

from vlmkg import engine_protocol as stored
from vlmkg.reader_result import Reading
from vlmkg.reading_rows import conflicts, described_by, is_finding, tails
from vlmkg.schema import Mention, RelationType


def write_radgraph(read: Iterable[Reading]) -> int:
    """Write one RadGraph JSON object of all reports. Returns the number of rejected triplets, as do the other two."""
    refused, separator = 0, "{"
    for one in read:
        click.echo(f"{separator}{json.dumps(one.key)}: {json.dumps(one.to_radgraph())}", nl=False)
        refused, separator = refused + len(one.rejections), ",\n"
        if reasons := conflicts(one.report):
            click.echo(f"{one.key}: model and rules differ: {', '.join(reasons)}", err=True)
    click.echo("}" if separator != "{" else "{}")
    return refused


def write_triplets(read: Iterable[Reading]) -> int:
    """Write one JSON line for each report."""
    refused = 0
    for one in read:
        click.echo(json.dumps(one.to_triplets()))
        refused += len(one.rejections)
    return refused


def write_tables(read: Iterable[Reading]) -> int:
    """Print one table for each report, and for each film with facts."""
    console = Console(highlight=False, markup=False)
    refused = 0
    for one in read:
        table = _table(one.key, one.report)
        console.print(table if table.row_count else shown(f"{one.key}: {_nothing(one.report)}"))
        if reasons := conflicts(one.report):
            console.print(f"model and rules differ: {', '.join(reasons)}")
        for film, seen in (each for each in one.films if each[1].graph.mentions):
            console.print(_table(f"{one.key}: the film {film}", seen))
        refused += len(one.rejections)
    return refused


def _nothing(reading: stored.Reading) -> str:
    """The text printed instead of an empty table; stderr says why."""
    if not reading.graph.mentions:
        return "nothing was read"
    return f"no finding; only body parts: {', '.join(one.text for one in reading.graph.mentions)}"


def _table(title: str, reading: stored.Reading) -> Table:
    """The findings of one report or film: observations that do not describe another."""
    table = Table("Finding", "Presence", "Where", "Described by", "Suggests", "Concept", title=shown(title))
    for number, mention in enumerate(reading.graph.mentions):
        if not is_finding(reading, number):
            continue
        table.add_row(
            shown(mention.text),
            _presence(mention),
            shown(tails(reading, number, RelationType.LOCATED_AT)),
            shown(described_by(reading, number)),
            shown(tails(reading, number, RelationType.SUGGESTIVE_OF)),
            shown(reading.links[number].name),
        )
    return table


def _presence(mention: Mention) -> str:
    """As "absent, disputed (model: present)"."""
    if not mention.disputed:
        return mention.presence.value
    other = f" (model: {mention.other_presence.value})" if mention.other_presence else ""
    return f"{mention.presence.value}, disputed{other}"


def shown(text: str) -> str:
    """The text for a terminal: lone surrogates are replaced."""
    return text.encode("utf-8", "replace").decode()
