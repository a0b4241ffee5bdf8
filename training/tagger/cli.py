"""`vlmkg train tagger` and `tagger-evaluate`."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from training.documents import Raw
from training.run_options import CONFIG, FILE, OUT, is_finished
from vlmkg.errors import UsageError

ROWS = ".jsonl"


@click.command()
@CONFIG
@OUT
def tagger(config_file: Path, out: Path) -> None:
    """Train a span tagger with a biaffine relation head, of the language model's size, in the same way as stage 1."""
    from training.stages.config import read_config  # noqa: PLC0415 - as below
    from training.stages.devices import main_process  # noqa: PLC0415 - as below
    from training.tagger.stage import NAME, run  # noqa: PLC0415 - torch is loaded when a command runs

    if is_finished(out / NAME):
        return
    run(read_config(config_file), out)
    if main_process():
        click.echo(str(out / NAME))


@click.command("tagger-evaluate")
@click.option("--gold", type=FILE, help="RadGraph JSON or our JSONL.")
@click.option("--seed", type=int, help="Use synthetic studies of this seed instead, which it was not trained on.")
@click.option(
    "--count", type=click.IntRange(min=1), default=300, show_default=True, help="Number of synthetic studies."
)
@click.option(
    "--film-share", type=click.FloatRange(0, 1), default=0.3, show_default=True, help="Share of studies with a film."
)
@click.option(
    "--write", type=click.Path(dir_okay=False, path_type=Path), help="New FILE.json for its readings, RadGraph JSON."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def tagger_evaluate(
    folder: Path, gold: Path | None, seed: int | None, count: int, film_share: float, write: Path | None, as_json: bool
) -> None:
    """Read reports with the tagger FOLDER and score them against their gold."""
    from training.evaluation import evaluate  # noqa: PLC0415 - as above
    from training.table import show  # noqa: PLC0415 - as above

    if (gold is None) == (seed is None):
        raise UsageError("a tagger is scored on one set", "give either --gold or --seed")
    if write is not None and write.exists():
        raise UsageError(f"{write} already exists", "choose a new file")
    truth = _of_file(gold) if gold is not None else _of_seed(seed or 0, count, film_share)
    said = _read(folder, {name: text for name, (text, _) in truth.items()})
    if write is not None:
        write.write_text(json.dumps(said, ensure_ascii=False) + "\n", encoding="utf-8")
    result = evaluate({name: document for name, (_, document) in truth.items()}, said)
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
    else:
        show(result, Console(width=100))


def _of_file(path: Path) -> dict[str, tuple[str, Raw]]:
    """Text and gold of each report by its id."""
    from training.data.jsonl import read_files  # noqa: PLC0415 - as above
    from training.documents import load  # noqa: PLC0415 - as above
    from vlmkg.radgraph import to_radgraph  # noqa: PLC0415 - as above

    if path.suffix != ROWS:
        return {name: (str(document["text"]), document) for name, document in load(path).items()}
    rows, _ = read_files([path])
    found: dict[str, tuple[str, Raw]] = {row.study_id: (row.report, to_radgraph(row.report, row.graph)) for row in rows}
    if len(found) < len(rows):
        raise UsageError(f"{path.name} has two reports with the same id", "give each report its own id")
    return found


def _of_seed(seed: int, count: int, film_share: float) -> dict[str, tuple[str, Raw]]:
    from training.synthetic.studies import studies  # noqa: PLC0415 - as above
    from vlmkg.radgraph import to_radgraph  # noqa: PLC0415 - as above

    made = studies(seed, count, films=film_share)
    return {study.study_id: (study.text, to_radgraph(study.text, study.graph)) for study in made}


def _read(folder: Path, texts: dict[str, str]) -> dict[str, Any]:
    from training.tagger.prediction import read_reports  # noqa: PLC0415 - as above
    from training.tagger.store import load_tagger  # noqa: PLC0415 - as above
    from vlmkg.radgraph import to_radgraph  # noqa: PLC0415 - as above

    graphs = read_reports(load_tagger(folder), list(texts.values()))
    return {name: to_radgraph(text, graph) for (name, text), graph in zip(texts.items(), graphs, strict=True)}
