"""The state of a stage on disk, written atomically, from which a killed run continues.

The state is only for training and not part of a checkpoint.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from training.stages.batches import Cursor

STATE_FILE = "state.pt"


@dataclass(frozen=True, slots=True)
class State:
    """After `step` optimizer steps: position in the stream, weights, optimizers, and the state of early stopping."""

    step: int
    cursor: Cursor
    network: dict[str, Any]
    optimizers: list[dict[str, Any]]
    best: float
    stale: int
    losses: list[float] = field(default_factory=list)
    """Of the steps since the last evaluation."""


def save_state(folder: Path, state: State) -> None:
    """Replace the previous state atomically."""
    part = folder / f"{STATE_FILE}.part"
    with part.open("wb") as file:
        torch.save(
            {
                "step": state.step,
                "cursor": tuple(state.cursor),
                "network": state.network,
                "optimizers": state.optimizers,
                "best": state.best,
                "stale": state.stale,
                "losses": state.losses,
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / STATE_FILE)


def load_state(folder: Path) -> State | None:
    """The state of an interrupted run, None if there is none."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    values = torch.load(path, map_location="cpu", weights_only=True)
    values["cursor"] = Cursor(*values["cursor"])
    return State(**values)
