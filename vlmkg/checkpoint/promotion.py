"""Promotion: which checkpoints may work, and which one the engine `model` stands for. No torch.

A promoted checkpoint bears `promotion.json` with the digest of the manifest that was promoted, so it stays promoted
where it is copied to, and no longer is where a byte of it changes. DATA/checkpoints/current.json names the folder that
`model` stands for, and those it stood for before.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import PROMOTION_FILE, Verified, verify
from vlmkg.data_dir import DataDir
from vlmkg.errors import UsageError

GATE: dict[str, float] = {"entity_f1": 0.92, "relation_f1": 0.80, "presence_f1": 0.92}
"""The least that a checkpoint must have reached on gold (docs/model.md)."""
MOST_INVALID = 0.0
"""Of the metric `invalid`: triplets that validation refused."""


class Promotion(BaseModel):
    """A promotion: of which manifest, when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    manifest: str
    promoted_at: datetime


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


def promote(folder: Path, data: DataDir) -> Verified:
    """Verify the checkpoint, hold it to the gate, mark it promoted and make it the one that `model` stands for.

    Raises CheckpointError where it is damaged or the gate is not met.
    """
    verified = verify(folder)
    if missed := unmet(verified.manifest.metrics):
        raise CheckpointError("gate_not_met", folder, "; ".join(missed))
    mark_promoted(verified)
    make_current(folder, data)
    return verified


def mark_promoted(verified: Verified) -> None:
    """Write the mark of a promotion, whatever the gate: `promote` is the door. A mark that holds already stays."""
    try:
        if is_promoted(verified):
            return
    except CheckpointError:
        pass  # a mark of another manifest is replaced
    promotion = Promotion(manifest=verified.digest, promoted_at=datetime.now(UTC))
    _write(verified.folder / PROMOTION_FILE, promotion.model_dump_json(indent=2))


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
        raise CheckpointError("bad_promotion", verified.folder, "its promotion is of another manifest")
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
        raise UsageError(message, "promote a checkpoint again after taking the file away") from error


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
