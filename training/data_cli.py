"""`vlmkg train data`: synthetic studies and their page, and your own copies of data sets as our JSONL."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.progress import track

from training.data.film_facts import with_film_facts
from training.data.held_out import without
from training.data.importing import only_frontal, what_was_read
from training.data.iu_xray import read_openi, read_r2gen
from training.data.jsonl import read_jsonl, write_file
from training.data.mimic_cxr import MimicSource, read_mimic_cxr
from training.data.radgraph import read_radgraph
from training.data.rows import Row
from training.data.silver import with_silver
from training.data.splits import check_disjoint, duplicates, with_splits
from training.data.tally import Tally
from training.data.verdicts import read_verdicts, with_verdicts
from training.documents import load
from training.kinds_cli import kinds, kinds_page
from training.run_options import FILE, FOLDER
from training.synthetic.agreement import agreement as compare
from training.synthetic.dataset import MANIFEST_FILE, write_studies
from training.synthetic.dicom import FilmFormat
from training.synthetic.layouts import Layout, write_layout
from training.synthetic.page import write_html, write_picture
from training.synthetic.seeds import check_written_seed
from training.synthetic.studies import Study, studies
from vlmkg.errors import UsageError
from vlmkg.reading.rules.engine import RulesEngine

SEED = click.option("--seed", default=0, show_default=True, help="The same seed gives the same studies.")
FILM_SHARE = click.option(
    "--film-share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Share of studies with a film."
)

READERS: dict[str, Callable[[Path, Tally], Iterator[Row]]] = {
    "jsonl": read_jsonl,
    "openi": read_openi,
    "r2gen": read_r2gen,
    "radgraph": read_radgraph,
}
MIMIC = "mimic-cxr"


@click.group()
def data() -> None:
    """Make and view training data."""


data.add_command(kinds)
data.add_command(kinds_page)


@data.command()
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of studies.")
@click.option(
    "--films", type=click.Choice(["none", *(one.value for one in FilmFormat)]), default="png8", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder.")
@SEED
@FILM_SHARE
def synthetic(count: int, films: str, out: Path, seed: int, film_share: float) -> None:
    """Write synthetic studies: reports with exact graphs, and phantom films of the same facts."""
    if out.exists():
        raise UsageError(f"{out} already exists", "choose a new folder")
    film_format = None if films == "none" else FilmFormat(films)
    check_written_seed(seed)
    recipe = {"seed": seed, "count": count, "film_share": film_share, "films": films}
    written = write_studies(_progress(studies(seed, count, films=film_share), count), out, film_format, recipe)
    click.echo(f"{written} synthetic studies in {out}; {MANIFEST_FILE} says how they were made")


@data.command()
@click.option(
    "--format", "layout", type=click.Choice([one.value for one in Layout]), required=True, help="Layout to write."
)
@click.option("--count", type=click.IntRange(1), default=240, show_default=True, help="Number of studies.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder.")
@SEED
def layout(layout: str, count: int, out: Path, seed: int) -> None:
    """Write synthetic studies in the layout of a published data set, to rehearse an import and a run."""
    if out.exists():
        raise UsageError(f"{out} already exists", "choose a new folder")
    written = write_layout(Layout(layout), out, count, seed)
    click.echo(f"{written} synthetic studies in the layout of {layout} in {out}")


@data.command()
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="Number of studies.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.html or FILE.png.")
@SEED
@FILM_SHARE
def page(count: int, out: Path, seed: int, film_share: float) -> None:
    """Show synthetic studies, with film, report and graph side by side, as HTML or as one picture."""
    made = list(studies(seed, count, films=film_share))
    if out.suffix == ".html":
        write_html(made, out)
    elif out.suffix == ".png":
        write_picture(made, out)
    else:
        raise UsageError(f"{out} is neither .html nor .png", "choose a name that ends with .html or .png")
    click.echo(str(out))


@data.command()
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Number of studies.")
@SEED
@FILM_SHARE
def agreement(count: int, seed: int, film_share: float) -> None:
    """Compare the generator's gold with the rules engine. At each difference one of them is wrong."""
    figures = compare(list(studies(seed, count, films=film_share)), RulesEngine())
    click.echo(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))


@data.command("import")
@click.option(
    "--format", "layout", type=click.Choice(sorted([*READERS, MIMIC])), required=True, help="Format of the source."
)
@click.option("--graphs", type=FILE, help="MIMIC-CXR: RadGraph's MIMIC-CXR_graphs.json [default: silver labels].")
@click.option("--films", type=FOLDER, help="MIMIC-CXR: folder of MIMIC-CXR-JPG, if it is not the reports' folder.")
@click.option("--frontal", is_flag=True, help="Keep only films whose view is known to be frontal (PA, AP).")
@click.option(
    "--film-facts", is_flag=True, help="Give films the facts that their report states, to train on films alone."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="New FILE.jsonl.")
@click.option("--resplit", is_flag=True, help="Split by patient and ignore the source's split.")
@click.option(
    "--without", "held_out", type=FILE, help="RadGraph JSON: leave out these studies and all that repeat their text."
)
@click.option("--reviews", type=FILE, help="Output of `vlmkg reviews export`: correct labels by these verdicts.")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def import_(
    layout: str,
    graphs: Path | None,
    films: Path | None,
    frontal: bool,
    film_facts: bool,
    out: Path,
    resplit: bool,
    held_out: Path | None,
    reviews: Path | None,
    source: Path,
) -> None:
    """Convert your own copy of a data set to our JSONL, split by patient. The rules label reports without labels.

    Prints what was read, and what was left out or lost and why.
    """
    if out.exists():
        raise UsageError(f"{out} already exists", "choose a new file")
    if layout != MIMIC and (graphs or films):
        raise UsageError(f"--graphs and --films do not go with --format {layout}", f"use --format {MIMIC}")
    tally = Tally()
    read = (
        read_mimic_cxr(MimicSource(source, films, graphs), tally) if layout == MIMIC else READERS[layout](source, tally)
    )
    if frontal:
        read = only_frontal(read, tally)
    if held_out is not None:
        read = without(read, load(held_out))
    split = with_splits(replace(row, split="") if resplit else row for row in read)
    rows = list(with_verdicts(with_silver(split, RulesEngine()), read_verdicts(reviews) if reviews else {}, tally))
    if not rows:
        raise UsageError(f"nothing was read from {source}: {json.dumps(tally.as_json())}", "check the folder's layout")
    check_disjoint(rows)
    if film_facts:
        rows = list(with_film_facts(rows))
    write_file(out, (replace(row, images=_from(out.parent, row.images)) for row in rows))
    click.echo(json.dumps({**what_was_read(rows, tally), **asdict(duplicates(rows))}, indent=2))


def _from(folder: Path, images: tuple[str, ...]) -> tuple[str, ...]:
    """The paths as seen from the folder."""
    return tuple(Path(os.path.relpath(image, folder)).as_posix() for image in images)


def _progress(made: Iterator[Study], count: int) -> Iterator[Study]:
    yield from track(made, "studies", total=count, disable=not sys.stderr.isatty())
