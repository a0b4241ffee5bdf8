"""`vlmkg evaluate`."""

import json
from pathlib import Path

import click
from rich.console import Console

from training.documents import load
from training.evaluation import evaluate as score
from training.predictions import predict
from training.run_options import FILE
from training.table import show
from vlmkg.errors import UsageError
from vlmkg.pipeline import load_engine


@click.command()
@click.option("--gold", type=FILE, required=True, help="Gold reports, RadGraph JSON.")
@click.option("--engine", help="Engine that reads the gold texts, e.g. rules.")
@click.option("--predicted", type=FILE, help="Predictions to score instead of an engine's, RadGraph JSON.")
@click.option("--against", type=FILE, help="Second prediction, RadGraph JSON: compared by paired bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(gold: Path, engine: str | None, predicted: Path | None, against: Path | None, as_json: bool) -> None:
    """Score an engine, or a prediction file, against RadGraph gold."""
    if (engine is None) == (predicted is None):
        raise UsageError("evaluate needs exactly one prediction", "give either --engine or --predicted")
    truth = load(gold)
    said = load(predicted) if predicted else predict(load_engine(engine or "", unpromoted=True), truth)
    result = score(truth, said, load(against) if against else None)
    if as_json:
        click.echo(json.dumps(result.as_json(), indent=2))
    else:
        show(result, Console(width=100))
