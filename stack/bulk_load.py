"""`vlmkg graph bulk-load`: the whole graph at once, from the ledger, with Neo4j's own loader."""

import json
import shutil
import sys
from pathlib import Path

import click
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress

from graph.bulk.loading import emptied, has_graph, load
from graph.connection import open_driver
from graph.live_files import ARGUMENTS, complete
from graph.local_server import USERNAME, prepare, running
from graph.migrate import migrate
from graph.settings import Neo4jSettings
from graph.status import GraphCounts, count_graph
from ingest.isolation import Fault
from ingest.ledger import study_facts
from ingest.ledger.storage.database import Ledger
from ingest.projection.files import write_graph
from ingest.settings import existing_ledger_of
from ingest.workers.settings import WorkerSettings
from stack import ports
from stack.addresses import NEO4J_PASSWORD
from stack.folder import DEMO_MARK, owned, secret
from stack.settings import StackSettings
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError
from vlmkg.options import data_option

START_LIMIT_S = 600.0
"""Neo4j may need long to open a large store for the first time."""
END_LIMIT_S = 120.0

SCRIPT = """\
#!/bin/sh
# Load these files into the database neo4j of a stopped Neo4j 5.26 that is empty. They hold patient data.
# Then start it, and call: vlmkg graph migrate, vlmkg rebuild
cd "$(dirname "$0")" || exit 1
exec neo4j-admin database import full neo4j {arguments}
"""


@click.command("bulk-load")
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write only the files and a script that loads them, for a Neo4j elsewhere.",
)
@click.option("--anew", is_flag=True, help="Replace the graph in the data folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@data_option
def bulk_load(data: DataDir, files: Path | None, *, anew: bool, as_json: bool) -> None:
    """Load the graph of all studies at once, from the ledger. For an empty graph and many studies.

    The stack in the data folder must be stopped. What is received later is merged as always.

    Exit code 1: some studies can't be written. They are listed.
    """
    ledger = existing_ledger_of(data)
    if files is not None:
        studies, faults = _files_only(ledger, data, files)
        said = {"studies": studies, "faults": len(faults), "files": str(files)}
        text = f"the files of {studies:,} studies are in {files}: stop Neo4j and call load.sh there"
    else:
        if StackSettings().neo4j_uri is not None:
            raise UsageError(
                "NEO4J_URI names a Neo4j elsewhere, whose files can't be written from here",
                "unset it, or write the files with --files FOLDER and load them where that Neo4j is",
            )
        studies, faults, counts = _into_store(ledger, data, anew=anew)
        said = {"studies": studies, "faults": len(faults), "labels": counts.labels}
        text = f"loaded {studies:,} studies; start the stack: vlmkg up"
    click.echo(json.dumps(said) if as_json else text)
    for fault in faults:
        click.echo(f"study {fault.item} can't be written, an unexpected error: {fault.where}", err=True)
    sys.exit(bool(faults))


def _files_only(ledger: Ledger, data: DataDir, folder: Path) -> tuple[int, list[Fault[str]]]:
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "name an empty folder, or one that does not exist")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    written = _write(ledger, data, folder)
    arguments = " \\\n  ".join(ARGUMENTS)
    (folder / "load.sh").write_text(SCRIPT.format(arguments=f"\\\n  {arguments}"))
    return written


def _into_store(ledger: Ledger, data: DataDir, *, anew: bool) -> tuple[int, list[Fault[str]], GraphCounts]:
    with owned(data, lambda text: click.echo(text, err=True)) as children:
        if has_graph(data.neo4j) and not anew:
            raise UsageError(
                f"{data.neo4j} holds a graph already",
                "write changed studies with: vlmkg rebuild; or replace the graph with --anew",
            )
        folder = data.root / "bulk-load"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            studies, faults = _write(ledger, data, folder)
            chosen = ports.choose({"bolt": 7687, "http": 7474})
            heap = StackSettings().vlmkg_neo4j_heap
            password = secret(data, NEO4J_PASSWORD)
            server = prepare(
                data.neo4j,
                bolt_port=chosen["bolt"].number,
                http_port=chosen["http"].number,
                password=password,
                heap_mib=heap,
                loading=True,
            )
            with emptied(data.neo4j):
                load(folder, server, ARGUMENTS, java_options=(), locks=(children,))
                login = Neo4jSettings(uri=server.uri, username=USERNAME, password=SecretStr(password))
                with (
                    running(server, password, start_limit_s=START_LIMIT_S, end_limit_s=END_LIMIT_S, locks=(children,)),
                    open_driver(login) as driver,
                ):
                    migrate(driver, login.database, just_written=True)
                    complete(driver, login.database)
                    counts = count_graph(driver, login.database)
            ports.release(chosen)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return studies, faults, counts


def _write(ledger: Ledger, data: DataDir, folder: Path) -> tuple[int, list[Fault[str]]]:
    console = Console(stderr=True)
    with_text = WorkerSettings().graph_text or (data.root / DEMO_MARK).exists()
    with Progress(console=console, disable=not console.is_terminal) as progress:
        with ledger.read() as connection:
            bar = progress.add_task("studies", total=len(study_facts.all_study_keys(connection)))
        return write_graph(ledger, folder, with_text=with_text, done=lambda count: progress.advance(bar, count))
