"""`vlmkg evaluate`."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from training.documents import Raw, load
from training.evaluation import evaluate as score
from training.table import show
from vlmkg.errors import UsageError
from vlmkg.pipeline import extract_texts, load_engine
from vlmkg.radgraph import to_radgraph

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--gold", type=FILE, required=True, help="Gold reports, RadGraph JSON.")
@click.option("--engine", help="Engine that reads the gold file's texts, e.g. rules.")
@click.option("--predicted", type=FILE, help="Predictions to score instead of an engine's, RadGraph JSON.")
@click.option("--against", type=FILE, help="Second prediction, RadGraph JSON: compared by paired bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(gold: Path, engine: str | None, predicted: Path | None, against: Path | None, as_json: bool) -> None:
    """Score an engine, or a prediction file, against RadGraph gold."""
    if (engine is None) == (predicted is None):
        raise UsageError("evaluate needs one prediction", "give either --engine or --predicted")
    truth = load(gold)
    said = load(predicted) if predicted else _read(engine or "", truth)
    result = score(truth, said, load(against) if against else None)
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
    else:
        show(result, Console(width=100))


def _read(engine: str, gold: dict[str, Any]) -> dict[str, Raw]:
    """The engine's own output, before validation: what it says wrongly must be counted."""
    texts = [doc["text"] for doc in gold.values()]
    graphs = extract_texts(load_engine(engine, unpromoted=True), texts)
    return {key: to_radgraph(text, graph) for key, text, graph in zip(gold, texts, graphs, strict=True)}
