"""`vlmkg graph browse`."""

import signal
from pathlib import Path

import click

from graph.local_server import USERNAME
from graph.research.browsing import browsed


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the Neo4j store [default: FOLDER.neo4j].",
)
@click.option("--bolt-port", default=17687, show_default=True)
@click.option("--http-port", default=17474, show_default=True)
def browse(folder: Path, home: Path | None, bolt_port: int, http_port: int) -> None:
    """Load a research copy's files in FOLDER into a Neo4j on this machine and serve Neo4j Browser, until Ctrl-C.

    It listens on loopback. The first start loads the files; later starts reuse the store unless the files have changed.
    """
    folder = folder.absolute()
    home = home or folder.with_name(folder.name + ".neo4j")
    # A shell starts background processes with Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with browsed(folder, home, bolt_port=bolt_port, http_port=http_port) as running:
            click.echo(f"Neo4j Browser  {running.server.browser}")
            click.echo(f"Bolt           {running.server.uri}")
            click.echo(f"login          {USERNAME} {running.password}")
            click.echo("ready")
            running.process.wait()
    except KeyboardInterrupt:
        click.echo("ended")
