"""`vlmkg worker`."""

import os
import sys
from collections.abc import Iterator

import click
import structlog

from ingest.heartbeat_command import health
from ingest.workers.queues import Queue
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import RULES, choose_engine
from vlmkg.logs import configure_logging
from vlmkg.options import data_option
from vlmkg.parent_watch import end_with_parent
from vlmkg.pipeline import ENGINES
from vlmkg.settings import EngineSettings

log = structlog.get_logger()

ALL = "all"
THREADS = 4
"""Threads that feed a model: while one batch is read, the others load, compare and commit."""


@click.group(invoke_without_command=True)
@click.option(
    "--queue",
    type=click.Choice([*(queue.value for queue in Queue), ALL]),
    default=ALL,
    show_default=True,
    help="extract: read reports (on hosts with a GPU); merge: write the graph.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=None,
    show_default="one per core; 4 for a model",
    help="Processes that extract with rules, or threads that feed a model. Merging uses one.",
)
@click.option(
    "--engine",
    default=lambda: EngineSettings().engine,
    show_default="$VLMKG_ENGINE, else model if there is one",
    help="rules, model ($VLMKG_CHECKPOINT, the last promoted or the shipped checkpoint), or a checkpoint's folder.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    show_default="$VLMKG_DEVICE, else a GPU if there is one, else cpu",
    help="Device of the model: cpu, cuda:0 ... May be repeated; each device gets a process.",
)
@click.option("--with-parent", is_flag=True, hidden=True, help="End when the parent process ends.")
@data_option
@click.pass_context
def worker(
    context: click.Context,
    data: DataDir,
    queue: str,
    concurrency: int | None,
    engine: str | None,
    devices: tuple[str, ...],
    *,
    with_parent: bool,
) -> None:
    """Run a worker, which reads reports (extract) and writes the graph (merge).

    Ctrl-C or SIGTERM stops it after the current work.
    """
    if context.invoked_subcommand is not None:
        return
    configure_logging()
    engine = _choose(engine, queue, data)
    number = concurrency or ((os.cpu_count() or 1) if engine in ENGINES else THREADS)
    # A model's process has a parent, too, which restarts it if it is killed or hangs.
    is_model = engine not in ENGINES and queue != Queue.MERGE
    if queue == ALL or (is_model and not with_parent):
        from ingest.workers.worker_group import run_all  # noqa: PLC0415

        common = ("--concurrency", str(number), "--engine", engine, "--data", str(data.root))
        sys.exit(run_all([(*one, *common) for one in _workers(queue, devices)]))
    if with_parent:
        end_with_parent()
    # Here, so that `health`, which is called every few seconds, loads none of it.
    from ingest.workers.run import run_worker  # noqa: PLC0415
    from ingest.workers.settings import find_config  # noqa: PLC0415

    one = Queue(queue)
    device = devices[0] if devices else None
    sys.exit(run_worker(find_config(data, one, engine, device), number if one is Queue.EXTRACT else 1))


worker.add_command(health)


def _choose(named: str | None, queue: str, data: DataDir) -> str:
    """Choose the engine once for all child processes. A worker that only merges needs none."""
    if queue == Queue.MERGE:
        return named or RULES
    choice = choose_engine(named, data)
    if choice.told:
        log.warning(choice.told)
    return choice.engine


def _workers(queue: str, devices: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The different options of each of several workers."""
    if queue != Queue.MERGE:
        yield from (("--queue", Queue.EXTRACT.value, "--device", device) for device in devices)
    if queue != Queue.MERGE and not devices:
        yield ("--queue", Queue.EXTRACT.value)
    if queue != Queue.EXTRACT:
        yield ("--queue", Queue.MERGE.value)
