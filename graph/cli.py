"""`vlmkg graph`: migrate, count and verify. Packages above add the commands that need the ledger."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table

from graph.connection import Driver, open_driver
from graph.digest import graph_digest
from graph.errors import GraphUnavailableError
from graph.migrate import Migrated
from graph.migrate import migrate as migrate_graph
from graph.settings import find_settings
from graph.status import GraphCounts, count_graph
from graph.verify import TextLookup, violations
from vlmkg.cli import LazyCommands
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option

WAIT_EVERY_S = 1.0

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


HELP = {
    "migrate": "Migrate the graph to the schema of this release.",
    "status": "Count the nodes and relationships of the graph.",
    "verify": "Count violations of the graph's invariants; digest its content.",
    "bulk-load": "Load the graph of all studies at once, from the ledger.",
    "research-copy": "Copy the graph without identifiers for a research project.",
    "browse": "Load the files of a research copy and serve Neo4j Browser on them.",
    "browser-settings": "Print the settings of a Neo4j by which Neo4j Browser shows words, colours and a guide.",
}


@click.group("graph", cls=LazyCommands, entry_points_group="vlmkg.graph_commands", about=HELP)
def graph() -> None:
    """Migrate, count and verify the graph; copy it for researchers."""


@click.command()
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait for Neo4j if it does not respond yet.",
)
@json_option
@data_option
def migrate(data: DataDir, wait_s: float, as_json: bool) -> None:
    """Migrate the graph to this release: constraints, indexes, vocabulary. Safe to repeat."""
    with _graph(data) as (driver, database):
        done = _migrate_when_it_answers(driver, database, wait_s)
    if as_json:
        click.echo(json.dumps({"applied": done.applied, "vocabulary_loaded": done.vocabulary_loaded}))
        return
    for name in done.applied:
        click.echo(f"applied {name}")
    click.echo("loaded the vocabulary" if done.vocabulary_loaded else "the vocabulary was already loaded")


@click.command()
@json_option
@data_option
def status(data: DataDir, as_json: bool) -> None:
    """Count nodes by label and relationships by type."""
    with _graph(data) as (driver, database):
        counts = count_graph(driver, database)
    if as_json:
        click.echo(json.dumps({"labels": counts.labels, "relationships": counts.relationships}))
    else:
        _print_counts(counts)


def verify_graph(data: DataDir, texts: TextLookup | None, *, with_digest: bool, as_json: bool) -> bool:
    """Print the number of violations of each invariant. Returns whether there are none.

    `texts` looks up report texts that are not in the graph. If it is None, their mentions are not checked.
    """
    with _graph(data) as (driver, database):
        found = violations(driver, database, texts)
        digest = graph_digest(driver, database) if with_digest else None
    if as_json:
        click.echo(json.dumps({"violations": found} | ({"digest": digest} if digest else {})))
    else:
        _print_violations(found, digest, compared=texts is not None)
    return not any(found.values())


def _migrate_when_it_answers(driver: Driver, database: str, wait_s: float) -> Migrated:
    until, said = time.monotonic() + wait_s, False
    while True:
        try:
            return migrate_graph(driver, database)
        except GraphUnavailableError as error:
            # A login that is refused stays refused, and Neo4j locks an account out after some tries.
            if error.is_login or time.monotonic() >= until:
                raise
            if not said:
                click.echo("waiting for Neo4j, which does not respond yet", err=True)
            said = True
            time.sleep(WAIT_EVERY_S)


@contextmanager
def _graph(data: DataDir) -> Iterator[tuple[Driver, str]]:
    settings = find_settings(data)
    with open_driver(settings) as driver:
        yield driver, settings.database


def _print_counts(counts: GraphCounts) -> None:
    console = Console()
    for title, numbers in (("Nodes", counts.labels), ("Relationships", counts.relationships)):
        table = Table(title, "count")
        table.columns[1].justify = "right"
        for name, count in numbers.items():
            table.add_row(name, f"{count:,}")
        console.print(table)


def _print_violations(found: Mapping[str, int], digest: str | None, *, compared: bool) -> None:
    broken = {name: count for name, count in found.items() if count}
    if broken:
        table = Table("broken invariant", "count")
        table.columns[1].justify = "right"
        for name, count in broken.items():
            table.add_row(name, f"{count:,}")
        Console().print(table)
    click.echo(f"{len(found) - len(broken)} of {len(found)} invariants hold")
    if not compared:
        click.echo(
            "no ledger was found, so only mentions whose report text is in the graph were checked. Name "
            "the data folder with --data to check all."
        )
    if digest:
        click.echo(f"digest {digest}")
