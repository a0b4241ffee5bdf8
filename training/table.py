"""An evaluation as tables for a terminal."""

from rich.console import Console
from rich.table import Table

from training.evaluation import Evaluation
from training.metrics import Score


def show(evaluation: Evaluation, console: Console) -> None:
    """Print all figures, those by type below their total."""
    console.print(_scores(evaluation))
    accuracy = ", ".join(f"{name} {value:.3f}" for name, value in evaluation.presence_accuracy.items())
    console.print(f"presence accuracy on found spans: {accuracy}")
    triplets = evaluation.scores["relation"].predicted
    console.print(
        f"hallucination rate: {_share(evaluation.hallucination_rate, triplets)} "
        f"({evaluation.hallucinated} predicted triplets that the gold does not entail)"
    )
    kinds = ", ".join(f"{kind}: {count}" for kind, count in evaluation.invalid.items()) or "none"
    console.print(f"invalid: {evaluation.invalid_rate:.4f} of the predictions ({kinds})")
    console.print(_paper_form(evaluation))
    if evaluation.against:
        console.print(_against(evaluation))


def _scores(evaluation: Evaluation) -> Table:
    table = Table(title=f"{evaluation.reports} reports, 95 % intervals by bootstrap over reports", title_justify="left")
    table.add_column("")
    for name in ("precision", "recall", "F1", "interval", "gold", "predicted"):
        table.add_column(name, justify="right")
    for name, score in evaluation.scores.items():
        table.add_row(f"  {name}" if ":" in name else name, *_cells(score))
    for level, score in evaluation.radgraph_f1.items():
        cells = _cells(score)
        table.add_row(f"RadGraph-F1 {level}", "", "", cells[2], cells[3], "", "")
    return table


def _cells(score: Score) -> tuple[str, ...]:
    bounds = f"{score.low:.3f}-{score.high:.3f}" if score.low is not None else ""
    either = score.gold + score.predicted
    figures = (
        _share(score.precision, score.predicted),
        _share(score.recall, score.gold),
        _share(score.f1, either),
    )
    return (*figures, bounds if either else "", str(score.gold), str(score.predicted))


def _share(value: float, number: int) -> str:
    """The figure, or - if it is a share of nothing."""
    return f"{value:.3f}" if number else "-"


def _paper_form(evaluation: Evaluation) -> Table:
    table = Table(title="paper's linear form; reference: gold in that form", title_justify="left")
    table.add_column("")
    for name in ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L"):
        table.add_column(name, justify="right")
    for name, row in evaluation.paper_form.items():
        values = (row.bleu_1, row.bleu_2, row.bleu_3, row.bleu_4, row.rouge_l)
        table.add_row(name, *(f"{value:.2f}" for value in values))
    return table


def _against(evaluation: Evaluation) -> Table:
    table = Table(title="difference from the other prediction, paired bootstrap over reports", title_justify="left")
    table.add_column("")
    table.add_column("difference", justify="right")
    table.add_column("interval", justify="right")
    for name, row in evaluation.against.items():
        table.add_row(name, f"{row.difference:+.3f}", f"{row.low:+.3f} to {row.high:+.3f}")
    return table
