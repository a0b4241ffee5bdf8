"""From a checkpoint's folder to an engine: verified, promoted, loaded."""

from pathlib import Path

import torch

from vlmkg.checkpoint.manifest import verify
from vlmkg.checkpoint.promotion import require_promoted
from vlmkg.checkpoint.store import open_verified
from vlmkg.engine.engine import ModelEngine
from vlmkg.errors import UsageError
from vlmkg.model.decoding.head import check_language_model
from vlmkg.settings import EngineSettings


def load_model_engine(
    folder: Path, device: str | None = None, *, unpromoted: bool = False, known_windows: int | None = None
) -> ModelEngine:
    """The engine of a checkpoint's folder, on `device` as torch names it; None: a GPU where there is one.

    `known_windows`: how many it remembers; None: as VLMKG_KNOWN_WINDOWS says.

    `unpromoted` takes a checkpoint that was not promoted: to evaluate it, never to work with it. Raises CheckpointError
    for one that is damaged, of another form or not promoted, UsageError for a device that is not there.
    """
    verified = verify(folder)
    if not unpromoted:
        require_promoted(verified)
    checkpoint = open_verified(verified, choose_device(device))
    check_language_model(checkpoint.network.language_model, checkpoint.codec)
    return ModelEngine(checkpoint, EngineSettings().known_windows if known_windows is None else known_windows)


def choose_device(name: str | None) -> str:
    """The device of that name; None: a GPU where there is one. Raises UsageError where it is not there."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"this machine has no device {name!r}", "use the names of torch: cpu, cuda:0") from error
    return name
