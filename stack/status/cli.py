"""`vlmkg status`."""

import json
import signal
import sys
import time
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import datetime

import click
from rich.console import Console
from rich.live import Live

from stack.status.screen import screen
from stack.status.snapshot import Observer, Snapshot
from vlmkg.data_dir import DataDir
from vlmkg.options import data_option

PIPE_WIDTH = 160
SLEEP_S = 0.2


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, once.")
@click.option("--once", is_flag=True, help="Print once and exit (default if output is not a terminal).")
@click.option("--every", type=click.FloatRange(min=1), default=5.0, show_default=True, help="Seconds between updates.")
@data_option
def status(data: DataDir, every: float, *, as_json: bool, once: bool) -> None:
    """Show what runs, what waits, what was refused, which engine reads and what the graph holds, until Ctrl-C.

    Printed once, exit code 1: a part does not work, or a door is closed.
    """
    console = Console(highlight=False)
    with closing(Observer(data)) as observer:
        if not (as_json or once) and console.is_terminal:
            _follow(observer, console, every)
            return
        snapshot = observer.look()
    if as_json:
        click.echo(as_text(snapshot))
    else:
        if not console.is_terminal:
            console.width = PIPE_WIDTH
        console.print(screen(snapshot))
    sys.exit(0 if snapshot.works else 1)


def _follow(observer: Observer, console: Console, every: float) -> None:
    stopped = False

    def interrupt(*_: object) -> None:
        # The exception ends a look that waits. Python drops it if it is raised within a finalizer; then the flag ends.
        # Not a threading.Event: setting one here while `wait` holds its lock would wait for ever.
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    with suppress(KeyboardInterrupt), Live(console=console, screen=True, auto_refresh=False) as live:
        while not stopped:
            live.update(screen(observer.look()), refresh=True)
            again = time.monotonic() + every
            while not stopped and time.monotonic() < again:
                time.sleep(SLEEP_S)


def as_text(snapshot: Snapshot) -> str:
    """One line of JSON, with times in ISO 8601."""

    def told(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} has no JSON form here")

    return json.dumps(asdict(snapshot) | {"works": snapshot.works}, default=told, ensure_ascii=False)
