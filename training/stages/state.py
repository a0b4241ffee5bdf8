"""Where a stage stands, on disk: written whole or not at all, so that a killed run goes on from it.

The state is training's own and never part of a checkpoint.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.stages.batches import Cursor

STATE_FILE = "state.pt"


@dataclass(frozen=True, slots=True)
class State:
    """After `step` optimizer steps: the place in the stream, weights, optimizers, and what early stopping knows."""

    step: int
    cursor: Cursor
    network: dict[str, Any]
    optimizers: list[dict[str, Any]]
    best: float
    stale: int


def save_state(folder: Path, state: State) -> None:
    """Write the state in place of the one before, or leave that."""
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
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / STATE_FILE)


def load_state(folder: Path) -> State | None:
    """The state of a run that was broken off, None if there is none."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    values = torch.load(path, map_location="cpu", weights_only=True)
    values["cursor"] = Cursor(*values["cursor"])
    return State(**values)
