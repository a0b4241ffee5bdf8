"""`vlmkg train data kinds` and `kinds-page`: synthetic texts of many kinds with their exact content."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from training.synthetic.kinds.families import choose, of_template
from training.synthetic.kinds.page import write_page
from training.synthetic.kinds.rows import data_digest, write_rows
from training.synthetic.kinds.sample import Sample
from training.synthetic.kinds.stream import make
from training.synthetic.seeds import check_written_seed
from vlmkg.errors import UsageError

SEED = click.option("--seed", default=0, show_default=True, help="The same seed gives the same texts.")
ONLY = click.option("--only", multiple=True, metavar="FAMILY", help="Use only this family; may be repeated.")
WITHOUT = click.option("--without", multiple=True, metavar="FAMILY", help="Leave this family out; may be repeated.")


@click.command()
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of texts.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="New FILE.jsonl.")
@SEED
@ONLY
@WITHOUT
def kinds(count: int, out: Path, seed: int, only: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Write synthetic texts with many kinds of sentence and style, each with its exact content."""
    if out.exists():
        raise UsageError(f"{out} already exists", "choose a new file")
    check_written_seed(seed)
    chosen = choose(only, without)
    counts = write_rows(((f"KIND{seed}N{number}", make(seed, number, chosen)) for number in range(count)), out)
    click.echo(json.dumps({"synthetic": True, "seed": seed, "data": data_digest(), "families": counts}, indent=2))


@click.command("kinds-page")
@click.option("--count", type=click.IntRange(1), default=2, show_default=True, help="Number of texts of each template.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.html.")
@SEED
@ONLY
@WITHOUT
def kinds_page(count: int, out: Path, seed: int, only: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Show synthetic texts of every template as HTML, with marked mentions."""
    if out.suffix != ".html":
        raise UsageError(f"{out} is not .html", "choose a name that ends with .html")
    write_page(_of_each(seed, count, only, without), out)
    click.echo(str(out))


def _of_each(seed: int, count: int, only: tuple[str, ...], without: tuple[str, ...]) -> Iterator[Sample]:
    for template in choose(only, without).templates():
        yield from (of_template(template, seed, number) for number in range(count))
