"""`vlmkg train data`: synthetic studies, their page, and how far the rules engine agrees with them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import track

from training.synthetic.agreement import agreement as compare
from training.synthetic.dataset import MANIFEST_FILE, write_studies
from training.synthetic.dicom import FilmFormat
from training.synthetic.page import write_html, write_picture
from training.synthetic.studies import Study, studies
from vlmkg.errors import UsageError
from vlmkg.rules.engine import RulesEngine

SEED = click.option("--seed", default=0, show_default=True, help="The same seed gives the same studies.")
FILM_SHARE = click.option(
    "--film-share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Share of studies with a film."
)


@click.group()
def data() -> None:
    """Make and look at training data."""


@data.command()
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of studies.")
@click.option(
    "--films", type=click.Choice(["none", *(one.value for one in FilmFormat)]), default="png8", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder.")
@SEED
@FILM_SHARE
def synthetic(count: int, films: str, out: Path, seed: int, film_share: float) -> None:
    """Write synthetic studies: reports with exact graphs, phantom films of the same facts."""
    if out.exists():
        raise UsageError(f"{out} is there already", "name a new folder")
    film_format = None if films == "none" else FilmFormat(films)
    recipe = {"seed": seed, "count": count, "film_share": film_share, "films": films}
    written = write_studies(_progress(studies(seed, count, films=film_share), count), out, film_format, recipe)
    click.echo(f"{written} synthetic studies in {out}; {MANIFEST_FILE} says how they were made")


@data.command()
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="Number of studies.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.html or FILE.png.")
@SEED
@FILM_SHARE
def page(count: int, out: Path, seed: int, film_share: float) -> None:
    """Show synthetic studies, film beside report and graph, as HTML or as one picture."""
    made = list(studies(seed, count, films=film_share))
    if out.suffix == ".html":
        write_html(made, out)
    elif out.suffix == ".png":
        write_picture(made, out)
    else:
        raise UsageError(f"{out} is neither .html nor .png")
    click.echo(str(out))


@data.command()
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of studies.")
@SEED
@FILM_SHARE
def agreement(count: int, seed: int, film_share: float) -> None:
    """Compare the generator's gold with the rules engine: where they differ, one of them is wrong."""
    figures = compare(list(studies(seed, count, films=film_share)), RulesEngine())
    click.echo(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))


def _progress(made: Iterator[Study], count: int) -> Iterator[Study]:
    yield from track(made, "studies", total=count, disable=not sys.stderr.isatty())
