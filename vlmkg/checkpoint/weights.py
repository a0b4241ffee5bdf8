"""Reads weights from safetensors and from the pickles of published models."""

import pickle
from pathlib import Path
from typing import IO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vlmkg.checkpoint.errors import CheckpointError


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file: safetensors if its suffix says so, else a pickle. Raises CheckpointError."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with path.open("rb") as file:
            return unpickled(file, path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError("wrong_layout", path, f"it cannot be read: {type(error).__name__}") from error


def unpickled(file: IO[bytes], source: Path) -> dict[str, Tensor]:
    """The tensors of a pickle, opened with `weights_only`.

    Anything else in it raises CheckpointError and does not run.
    """
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        detail = f"it is not a pickle of weights only: {type(error).__name__}"
        raise CheckpointError("wrong_layout", source, detail) from error
    if not isinstance(weights, dict) or not all(isinstance(one, Tensor) for one in weights.values()):
        raise CheckpointError("wrong_layout", source, "it is not a state dict")
    return weights
