"""`vlmkg worker`."""

import os
import sys

import click

from ingest.worker.both import run_both
from ingest.worker.logs import configure_logging
from ingest.worker.processes import exit_with_parent
from ingest.worker.queues import Queue
from ingest.worker.run import run_worker
from ingest.worker.settings import find_config
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option
from vlmkg.pipeline import ENGINES

ALL = "all"


@click.command()
@click.option(
    "--queue",
    type=click.Choice([*(queue.value for queue in Queue), ALL]),
    default=ALL,
    show_default=True,
    help="extract reads reports (hosts with a GPU), merge writes the graph.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=None,
    show_default="one a core",
    help="Processes that extract. Merging has one.",
)
@click.option("--engine", type=click.Choice(sorted(ENGINES)), default="rules", show_default=True)
@click.option("--with-parent", is_flag=True, hidden=True, help="End when the process that started this one does.")
@data_option
def worker(data: DataDir, queue: str, concurrency: int | None, engine: str, *, with_parent: bool) -> None:
    """Run a worker: extract and merge. Ctrl-C or SIGTERM ends it after the work in hand."""
    processes = concurrency or os.cpu_count() or 1
    if queue == ALL:
        options = ("--concurrency", str(processes), "--engine", engine, "--data", str(data.root))
        sys.exit(run_both(options))
    if with_parent:
        exit_with_parent()
    configure_logging()
    one = Queue(queue)
    sys.exit(run_worker(find_config(data, one, engine), processes if one is Queue.EXTRACT else 1))
