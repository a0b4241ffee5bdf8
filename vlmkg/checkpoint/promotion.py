"""Promotion: which checkpoints may work, and which one the engine `model` stands for. No torch.

A checkpoint is measured when it is promoted, on the evaluation that its manifest names, beside the one that `model`
stands for: what its manifest says that it reached opens no gate (0150).

A promoted checkpoint bears `promotion.json` with the digest of the manifest that was promoted, so it stays promoted
where it is copied to, and no longer is where a byte of it changes. DATA/checkpoints/current.json names the folder that
`model` stands for, and those it stood for before.
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
"""The least that a checkpoint must have reached on gold (docs/model.md)."""
MOST_INVALID = 0.0
"""Of the metric `invalid`: triplets that validation refused."""
LEAST_REPORTS = 50
"""Fewer say too little: RadGraph's own test reports are 50 of each of two hospitals."""


class Promotion(BaseModel):
    """A promotion: of which manifest, when, and what it was promoted on.

    `compared_with` is the digest of the checkpoint that it was held to; None where there was none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: str
    promoted_at: datetime
    reports: int | None = None
    metrics: dict[str, float] | None = None
    compared_with: str | None = None


class Current(BaseModel):
    """The folder that `model` stands for, last, and those it stood for before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folders: tuple[Path, ...]


def unmet(metrics: Mapping[str, float]) -> list[str]:
    """What the gate asks for and the metrics do not show, as short sentences; empty: the gate is met."""
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
    """A checkpoint that was promoted, its figures, and the checkpoint that it was held to.

    `not_compared` says why the one that `model` stood for was no standard; empty where there was none, or it was one.
    """

    verified: Verified
    measured: Measured
    compared_with: Verified | None
    not_compared: str = ""


def promote(
    folder: Path, data: DataDir, evaluate: Evaluator, gold: Path | None = None, *, standing: Path | None = None
) -> Judged:
    """Verify the checkpoint, measure it, hold it to the gate and to the one before, and let `model` stand for it.

    Args:
        folder: the checkpoint's.
        data: where what `model` stands for is kept.
        evaluate: measures it: `training.gate.measure_for_promotion`.
        gold: where the gold file lies that the manifest names, if it names one.
        standing: the folder that `model` stands for where nothing was promoted in `data`.

    Raises CheckpointError where it is damaged, names no evaluation, does not meet the gate, reads worse than the one
    that `model` stands for, or worse with its lead than the better of its witnesses; and what `evaluate` raises.
    """
    verified = verify(folder)
    if verified.manifest.modify_direction is not ModifyDirection.DESCRIBING_TO_DESCRIBED:
        raise CheckpointError("other_direction", folder, "its modify points as in RadGraph's published files")
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
    """The figures that the gate asks for, each beside it."""
    shown = [f"{name} {metrics[name]:.4f} (gate {least:.2f})" for name, least in GATE.items() if name in metrics]
    if "invalid" in metrics:
        shown.append(f"invalid {metrics['invalid']:g} (gate {MOST_INVALID:g})")
    return ", ".join(shown)


def regressions(measured: Measured) -> list[str]:
    """Where the other checkpoint reads better beyond chance: the whole interval of the difference is below zero."""
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
        detail = f"led as its manifest says, it reads worse than the better of its witnesses: {'; '.join(found)}"
        raise CheckpointError("worse_than_a_witness", folder, detail)


def _standard(verified: Verified, folder: Path | None) -> tuple[Verified | None, str]:
    """The checkpoint that `model` stands for, or why it is no standard: one that no worker would take is none."""
    if folder is None:
        return None, ""
    try:
        other = verify(folder)
        require_promoted(other)
    except CheckpointError as error:
        return None, f"{folder} can't be used any more ({error.reason})"
    return (None, "") if other.digest == verified.digest else (other, "")


def mark_promoted(verified: Verified, judged: Judged | None = None) -> None:
    """Write the mark of a promotion, whatever the gate: `promote` is the door. A mark that holds already stays."""
    try:
        if is_promoted(verified):
            return
    except CheckpointError:
        pass  # a mark of another manifest is replaced
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
    """Whether this very checkpoint was promoted. Raises CheckpointError where its mark is for another or unreadable."""
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
    """Raise CheckpointError unless this very checkpoint was promoted."""
    if not is_promoted(verified):
        raise CheckpointError("not_promoted", verified.folder, "it was not promoted")


def make_current(folder: Path, data: DataDir) -> None:
    """Let `model` stand for the folder from now on; a worker sees it at its next start."""
    folders = (*current_folders(data), folder.absolute())
    text = json.dumps({"folders": [str(one) for one in folders]}, indent=2)
    _file(data).parent.mkdir(parents=True, exist_ok=True)
    _write(_file(data), text)


def current_folders(data: DataDir) -> tuple[Path, ...]:
    """The folders that `model` stood for, the present one last. Raises UsageError where the file cannot be read."""
    try:
        return Current.model_validate_json(_file(data).read_bytes()).folders
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        message = f"{_file(data)} does not name checkpoints: {error.error_count()} problems"
        raise UsageError(message, "remove the file and promote a checkpoint again") from error


def current_folder(data: DataDir) -> Path | None:
    """The folder that `model` stands for; None where nothing was promoted."""
    folders = current_folders(data)
    return folders[-1] if folders else None


def _file(data: DataDir) -> Path:
    return data.root / "checkpoints" / "current.json"


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
