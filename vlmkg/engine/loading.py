"""Load an engine from a checkpoint's folder, after verifying it and its promotion."""

from pathlib import Path

import torch

from vlmkg.checkpoint.manifest import TEXT_WITNESS, verify
from vlmkg.checkpoint.promotion import require_promoted
from vlmkg.checkpoint.store import open_verified
from vlmkg.engine.engine import ModelEngine
from vlmkg.errors import UsageError
from vlmkg.model.decoding.head import check_language_model
from vlmkg.settings import EngineSettings
from vlmkg.text_witness.reader import WordReader


def load_model_engine(
    folder: Path, device: str | None = None, *, unpromoted: bool = False, known_windows: int | None = None
) -> ModelEngine:
    """The engine of a checkpoint's folder, on `device` in torch's notation; None: a GPU if there is one.

    `known_windows`: the size of its cache; None: VLMKG_KNOWN_WINDOWS.

    `unpromoted` accepts a checkpoint that is not promoted, only for evaluation. Raises CheckpointError
    for one that is damaged, of another format or not promoted, UsageError for a missing device.
    """
    verified = verify(folder)
    if not unpromoted:
        require_promoted(verified)
    place = choose_device(device)
    checkpoint = open_verified(verified, place)
    check_language_model(checkpoint.network.language_model, checkpoint.codec)
    words = WordReader(folder / TEXT_WITNESS, place) if verified.manifest.text_witness else None
    return ModelEngine(checkpoint, EngineSettings().known_windows if known_windows is None else known_windows, words)


def choose_device(name: str | None) -> str:
    """The device with this name; None: a GPU if there is one. Raises UsageError if it is missing."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"this machine has no device {name!r}", "use the names of torch: cpu, cuda:0") from error
    return name
