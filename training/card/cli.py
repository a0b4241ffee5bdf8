"""`vlmkg train card`."""

import tarfile
import tempfile
from pathlib import Path

import click

from training.data.iu_xray import read_openi
from training.data.tally import Tally
from training.documents import load
from training.run_options import FILE
from vlmkg.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--gold", type=FILE, required=True, help="Gold reports, RadGraph JSON.")
@click.option("--reports", type=FILE, required=True, help="Open-i's reports, .tgz of XML.")
@click.option("--studies", type=click.IntRange(4), default=100, show_default=True, help="Synthetic studies with films.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The page, Markdown.")
def card(folder: Path, gold: Path, reports: Path, studies: int, out: Path) -> None:
    """Measure the checkpoint FOLDER and the rules engine, and write the model card."""
    from training.card.figures import agreement, engines, gold_figures, speed  # noqa: PLC0415 - torch takes seconds
    from training.card.films import film_figures  # noqa: PLC0415 - as above
    from training.card.page import page  # noqa: PLC0415 - as above
    from vlmkg.checkpoint.manifest import verify  # noqa: PLC0415 - as above

    texts = open_i(reports)
    model, rules = engines(folder)
    found = gold_figures(model, rules, load(gold))
    rates, agreed = speed(folder, rules, texts), agreement(model, rules, texts)
    out.write_text(page(verify(folder), found, agreed, rates, film_figures(folder, studies)), encoding="utf-8")
    click.echo(str(out))


def open_i(archive: Path) -> list[str]:
    """The reports of the archive, read as for training.

    Each XML file is extracted by its file name, so that paths in the archive have no effect. Raises UsageError if two
    files have the same name, or the archive has no XML file.
    """
    with tempfile.TemporaryDirectory() as place, tarfile.open(archive) as packed:
        folder = Path(place)
        for member in packed:
            if member.name.endswith(".xml") and (content := packed.extractfile(member)) is not None:
                _write(folder / Path(member.name).name, content.read())
        return [row.report for row in read_openi(folder, Tally())]


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UsageError(
            f"the archive has two files named {path.name}", "use the original archive of Open-i"
        ) from error
