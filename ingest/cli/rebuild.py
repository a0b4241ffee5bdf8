"""`vlmkg rebuild`."""

import sys

import click
from rich.console import Console
from rich.progress import Progress

from graph.connection import open_driver
from graph.migrate import migrate
from graph.settings import find_settings
from ingest.ledger import study_facts
from ingest.settings import existing_ledger_of
from ingest.workers.merge import Target
from ingest.workers.rebuild import Rebuilt
from ingest.workers.rebuild import rebuild as rebuild_graph
from ingest.workers.settings import WorkerSettings
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option


@click.command()
@data_option
def rebuild(data: DataDir) -> None:
    """Rebuild the graph from the ledger, empty or not. Workers may run at the same time.

    Exit code 1: some studies can't be written. They are listed.
    """
    neo4j = find_settings(data)
    ledger = existing_ledger_of(data)
    console = Console(stderr=True)
    with open_driver(neo4j) as driver, Progress(console=console, disable=not console.is_terminal) as progress:
        migrate(driver, neo4j.database)
        with ledger.read() as connection:
            bar = progress.add_task("studies", total=len(study_facts.all_study_keys(connection)))
        target = Target(driver, neo4j.database, WorkerSettings().graph_text)
        rebuilt = rebuild_graph(ledger, target, lambda count: progress.advance(bar, count))
    _report(rebuilt)
    sys.exit(bool(rebuilt.faults))


def _report(rebuilt: Rebuilt) -> None:
    written = rebuilt.studies - len(rebuilt.faults)
    click.echo(f"{written} studies in the graph now match the ledger; {rebuilt.removed} others were removed")
    for fault in rebuilt.faults:
        click.echo(f"study {fault.item} can't be written, an unexpected error: {fault.where}", err=True)
