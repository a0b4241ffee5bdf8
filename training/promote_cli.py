"""`vlmkg checkpoint promote`: in this package because it is measured by `training.gate`."""

from pathlib import Path
from typing import Any

import click

from vlmkg.checkpoint import promotion
from vlmkg.checkpoint.evaluation import Evaluator
from vlmkg.checkpoint_cli import facts_of, show
from vlmkg.data_dir import DataDir
from vlmkg.default_engine import find_checkpoint
from vlmkg.errors import UsageError
from vlmkg.options import data_option


@click.command("promote")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.option(
    "--gold",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Gold file named by the manifest, or an extra one for measuring the lead.",
)
@click.argument("folder", type=click.Path(path_type=Path))
@data_option
def promote(folder: Path, data: DataDir, *, gold: Path | None, as_json: bool) -> None:
    """Verify FOLDER, measure it on the evaluation of its manifest, and make it the engine `model`.

    It is refused if it is below the gate, if it reads worse than the present `model`, or if model and rules together,
    with the manifest's lead, score below the better of the two on the gold file, on synthetic studies or on the
    families of kinds.
    """
    judged = promotion.promote(folder, data, _evaluator(), gold, standing=find_checkpoint(data))
    show({**facts_of(judged.verified), **_judgement(judged)}, as_json=as_json)


def _evaluator() -> Evaluator:
    """The evaluator. Raises UsageError if a package that it needs is not installed."""
    try:
        from training.gate import measure_for_promotion  # noqa: PLC0415 - the packages of an evaluation, which a service lacks
    except ModuleNotFoundError as error:
        message = f"the evaluation needs {error.name}, which is not installed"
        raise UsageError(message, "install the extra `training`, or promote it on a machine that has it") from error
    return measure_for_promotion


def _judgement(judged: promotion.Judged) -> dict[str, Any]:
    measured, other = judged.measured, judged.compared_with
    return {
        "gate": promotion.unmet(measured.metrics),
        "reports": measured.reports,
        "measured": dict(measured.metrics),
        "compared": other.manifest.name if other else judged.not_compared or "with none: nothing was promoted before",
        "difference": {name: gap.difference for name, gap in measured.against.items()},
        "less_witness": {name: gap.difference for name, gap in measured.less_witness.items()},
    }
