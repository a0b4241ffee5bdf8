"""Options that every sub-command shares."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from vlmkg.data_dir import DataDir

F = TypeVar("F", bound=Callable[..., object])


def data_option(function: F) -> F:
    """The `--data DIR` option of every command; the command receives `data: DataDir`."""
    option = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="VLMKG_DATA",
        default=Path("var"),
        show_default="./var",
        callback=lambda _context, _parameter, value: DataDir(value),
        help="Data folder of the stack. Also VLMKG_DATA.",
    )
    return option(function)
