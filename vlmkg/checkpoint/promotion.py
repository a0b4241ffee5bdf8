"""Promotion: which checkpoints workers may use, and which one the engine `model` uses. No torch.

Promotion measures a checkpoint on the evaluation that its manifest names, and the current `model` beside it. Figures in
the manifest do not count (0150).

A promoted checkpoint has `promotion.json` with the digest of the promoted manifest. So a copy stays promoted, and a
changed file ends the promotion. DATA/checkpoints/current.json lists the folders that `model` has used, the current one
last.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.evaluation import Evaluator, Measured
from vlmkg.checkpoint.manifest import PROMOTION_FILE, ModifyDirection, Verified, verify
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

GATE: dict[str, float] = {"entity_f1": 0.92, "relation_f1": 0.80, "presence_f1": 0.92}
"""The minimum figures on gold (docs/model.md)."""
MOST_INVALID = 0.0
"""The maximum of the metric `invalid`: triplets that validation refused."""
LEAST_REPORTS = 50
"""The minimum number of reports. RadGraph's test set has 50 reports of each of two hospitals."""


class Promotion(BaseModel):
    """The record of a promotion: the manifest, the time, and the figures.

    `compared_with` is the digest of the checkpoint that it was compared with; None if there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: str
    promoted_at: datetime
    reports: int | None = None
    metrics: dict[str, float] | None = None
    compared_with: str | None = None


class Current(BaseModel):
    """The folders that `model` has used, the current one last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: tuple[Path, ...]


def unmet(metrics: Mapping[str, float]) -> list[str]:
    """The requirements of the gate that the metrics do not meet, as short sentences; empty if the gate is met."""
    found = [
        f"{name} is {metrics[name]:.4f}, below {least:.2f}" if name in metrics else f"{name} was not measured"
        for name, least in GATE.items()
        if not metrics.get(name, -1.0) >= least
    ]
    if not metrics.get("invalid", 1.0) <= MOST_INVALID:
        found.append(f"invalid is {metrics['invalid']:g}" if "invalid" in metrics else "invalid was not measured")
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """A promoted checkpoint, its figures, and the checkpoint that it was compared with.

    `not_compared` says why the former `model` could not be compared; empty if it was compared or there was none.
    """

    verified: Verified
    measured: Measured
    compared_with: Verified | None
    not_compared: str = ""


def promote(
    folder: Path, data: DataDir, evaluate: Evaluator, gold: Path | None = None, *, standing: Path | None = None
) -> Judged:
    """Verify and measure the checkpoint, compare it with the gate and the current one, and make it `model`.

    Args:
        folder: the checkpoint's folder.
        data: the data folder, which records what `model` uses.
        evaluate: measures it: `training.gate.measure_for_promotion`.
        gold: the path of the gold file that the manifest names, if it names one.
        standing: the folder that `model` uses if nothing was promoted in `data`.

    Raises CheckpointError if it is damaged, names no evaluation, does not meet the gate, reads worse than the current
    `model`, or reads worse with its lead than the better of its witnesses. Errors of `evaluate` pass.
    """
    verified = verify(folder)
    if verified.manifest.modify_direction is not ModifyDirection.DESCRIBING_TO_DESCRIBED:
        raise CheckpointError(
            "other_direction", folder, "its `modify` relations have the direction of RadGraph's published files"
        )
    evaluation = verified.manifest.evaluation
    if evaluation is None:
        raise CheckpointError("no_evaluation", folder, "its manifest names no evaluation")
    other, why_not = _standard(verified, current_folder(data) or standing)
    measured = evaluate(folder, evaluation, gold=gold, other=other.folder if other else None)
    _hold_to_gate(folder, measured)
    if other:
        _hold_to(folder, other, measured)
    _hold_to_witnesses(folder, measured)
    judged = Judged(verified, measured, other, why_not)
    mark_promoted(verified, judged)
    make_current(folder, data)
    return judged


def figures(metrics: Mapping[str, float]) -> str:
    """The gate's figures, each with its minimum."""
    shown = [f"{name} {metrics[name]:.4f} (gate {least:.2f})" for name, least in GATE.items() if name in metrics]
    if "invalid" in metrics:
        shown.append(f"invalid {metrics['invalid']:g} (gate {MOST_INVALID:g})")
    return ", ".join(shown)


def regressions(measured: Measured) -> list[str]:
    """The figures that are significantly worse: the whole interval of the difference is below zero."""
    return [
        f"{name} is {-gap.difference:.4f} lower ({gap.low:+.4f} to {gap.high:+.4f})"
        for name, gap in measured.against.items()
        if name in GATE and gap.high < 0
    ]


def _hold_to_gate(folder: Path, measured: Measured) -> None:
    missed = unmet(measured.metrics)
    if measured.reports < LEAST_REPORTS:
        missed.append(f"it was measured on fewer than {LEAST_REPORTS} reports")
    if missed:
        detail = f"{'; '.join(missed)}. Measured on {measured.reports} reports: {figures(measured.metrics)}"
        raise CheckpointError("gate_not_met", folder, detail)


def _hold_to(folder: Path, other: Verified, measured: Measured) -> None:
    if set(GATE) - set(measured.against):
        raise CheckpointError("regression", folder, f"it was not compared with {other.manifest.name}")
    if worse := regressions(measured):
        detail = (
            f"compared with {other.manifest.name}, which is promoted, {'; '.join(worse)}, on {measured.reports} reports"
        )
        raise CheckpointError("regression", folder, detail)


def _hold_to_witnesses(folder: Path, measured: Measured) -> None:
    if not measured.less_witness:
        raise CheckpointError("worse_than_a_witness", folder, "it was not compared with the rules and the model alone")
    found = [
        f"{name} is {-gap.difference:.4f} lower ({gap.low:+.4f} to {gap.high:+.4f})"
        for name, gap in measured.less_witness.items()
        if gap.high < 0
    ]
    if found:
        detail = f"with this lead, model and rules together score below the better of the two: {'; '.join(found)}"
        raise CheckpointError("worse_than_a_witness", folder, detail)


def _standard(verified: Verified, folder: Path | None) -> tuple[Verified | None, str]:
    """The current `model`, or the reason why it cannot be compared: a worker would not load it."""
    if folder is None:
        return None, ""
    try:
        other = verify(folder)
        require_promoted(other)
    except CheckpointError as error:
        return None, f"{folder} can't be used any more ({error.reason})"
    return (None, "") if other.digest == verified.digest else (other, "")


def mark_promoted(verified: Verified, judged: Judged | None = None) -> None:
    """Write `promotion.json` without checking the gate; `promote` checks it first. A valid mark is kept."""
    try:
        if is_promoted(verified):
            return
    except CheckpointError:
        pass  # the mark of another manifest is replaced
    promotion = Promotion(
        manifest=verified.digest, promoted_at=datetime.now(UTC), **(_evidence(judged) if judged else {})
    )
    _write(verified.folder / PROMOTION_FILE, promotion.model_dump_json(indent=2))


def _evidence(judged: Judged) -> dict[str, Any]:
    return {
        "reports": judged.measured.reports,
        "metrics": dict(judged.measured.metrics),
        "compared_with": judged.compared_with.digest if judged.compared_with else None,
    }


def is_promoted(verified: Verified) -> bool:
    """Whether this checkpoint was promoted.

    Raises CheckpointError if its mark is unreadable or of another checkpoint.
    """
    try:
        raw = (verified.folder / PROMOTION_FILE).read_bytes()
    except FileNotFoundError:
        return False
    try:
        promotion = Promotion.model_validate_json(raw)
    except ValidationError as error:
        raise CheckpointError("bad_promotion", verified.folder, f"{PROMOTION_FILE} is not a promotion") from error
    if promotion.manifest != verified.digest:
        raise CheckpointError("bad_promotion", verified.folder, "its promotion belongs to another manifest")
    return True


def require_promoted(verified: Verified) -> None:
    """Raise CheckpointError unless this checkpoint was promoted."""
    if not is_promoted(verified):
        raise CheckpointError("not_promoted", verified.folder, "it was not promoted")


def make_current(folder: Path, data: DataDir) -> None:
    """Make the folder `model`. Workers use it after their next start."""
    folders = (*current_folders(data), folder.absolute())
    text = json.dumps({"folders": [str(one) for one in folders]}, indent=2)
    _file(data).parent.mkdir(parents=True, exist_ok=True)
    _write(_file(data), text)


def current_folders(data: DataDir) -> tuple[Path, ...]:
    """The folders that `model` has used, the current one last. Raises UsageError if the file cannot be read."""
    try:
        return Current.model_validate_json(_file(data).read_bytes()).folders
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        message = f"{_file(data)} does not name checkpoints: {error.error_count()} problems"
        raise UsageError(message, "remove the file and promote a checkpoint again") from error


def current_folder(data: DataDir) -> Path | None:
    """The folder that `model` uses; None if nothing was promoted."""
    folders = current_folders(data)
    return folders[-1] if folders else None


def _file(data: DataDir) -> Path:
    return data.root / "checkpoints" / "current.json"


def _write(path: Path, text: str) -> None:
    """Write the file atomically."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
