"""The guard of an image encoder: which films are unlike those that it was trained on.

A film's distance is the Mahalanobis distance of its image vector from the training films' (Lee et al., 2018), with the
covariance shrunk towards its mean variance (Ledoit and Wolf, 2004). `threshold` is the distance beyond which a share
of 1 % of held-out films of the same kind lies: the false alarms that are accepted.

Shapes: M films, F numbers in an image vector.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vlmkg.errors import RefusedError

GUARD_FILE = "guard.safetensors"
"""Beside the encoder's weights; without it no film is held back."""
FALSE_ALARMS = 0.01
LEAST_FILMS = 200
"""Fewer films give no distance for one in a hundred."""
_HELD = 0.5
"""The share of the films that sets the threshold; the others give mean and covariance."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Mean (F), precision (F, F) and threshold of the training films' vectors."""

    mean: Tensor
    precision: Tensor
    threshold: float

    def distances(self, vectors_MF: Tensor) -> Tensor:
        """(M, F) image vectors -> (M) distances."""
        off = vectors_MF.to(self.mean) - self.mean
        distances_M: Tensor = ((off @ self.precision) * off).sum(-1).clamp(min=0).sqrt()
        return distances_M

    def unlike(self, vectors_MF: Tensor) -> list[bool]:
        """For each film, whether it is beyond the threshold."""
        return [float(one) > self.threshold for one in self.distances(vectors_MF)]


def fit(vectors_MF: Tensor, false_alarms: float = FALSE_ALARMS) -> Guard:
    """The guard of training films' vectors; their order must not depend on their content.

    Raises ValueError if there are too few.
    """
    if len(vectors_MF) < LEAST_FILMS:
        raise ValueError(f"the guard needs at least {LEAST_FILMS} films; got {len(vectors_MF)}")
    vectors = vectors_MF.double()
    cut = int(len(vectors) * _HELD)
    held, used = vectors[:cut], vectors[cut:]
    mean = used.mean(0)
    guard = Guard(mean, torch.linalg.inv(shrunk_covariance(used - mean)), 0.0)
    threshold = float(torch.quantile(guard.distances(held), 1 - false_alarms))
    return Guard(guard.mean.float(), guard.precision.float(), threshold)


def shrunk_covariance(centred_MF: Tensor) -> Tensor:
    """(M, F), mean zero -> (F, F): the sample covariance, shrunk as Ledoit and Wolf compute it."""
    count, size = centred_MF.shape
    sample = centred_MF.mT @ centred_MF / count
    scale = sample.trace() / size
    target = scale * torch.eye(size, dtype=sample.dtype, device=sample.device)
    distance = (sample - target).square().sum()
    squares = centred_MF.square()
    noise = ((squares.mT @ squares).sum() / count - sample.square().sum()) / count
    share = float((noise / distance).clamp(0, 1)) if distance > 0 else 1.0
    return share * target + (1 - share) * sample


def save_guard(guard: Guard, folder: Path) -> None:
    """Write the guard into the encoder's folder."""
    tensors = {"mean": guard.mean, "precision": guard.precision, "threshold": torch.tensor([guard.threshold])}
    save_file({name: value.float().contiguous() for name, value in tensors.items()}, folder / GUARD_FILE)


def load_guard(folder: Path) -> Guard | None:
    """The guard of an encoder's folder; None if it has none. Raises RefusedError if the file is damaged."""
    if not (folder / GUARD_FILE).exists():
        return None
    try:
        tensors = load_file(folder / GUARD_FILE)
        return Guard(tensors["mean"], tensors["precision"], float(tensors["threshold"]))
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise RefusedError(f"{folder / GUARD_FILE} is not a guard", "copy the whole checkpoint again") from error
