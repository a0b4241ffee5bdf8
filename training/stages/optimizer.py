"""The optimizers: AdamW, or Muon for the matrices of the layers and AdamW for the rest.

Muon after Jordan et al., 2024 (kellerjordan.github.io/posts/muon): the momentum of a matrix is orthogonalised
approximately by five Newton-Schulz steps. `torch.optim.Muon` always computes them in bfloat16, which is many times
slower than float32 on a CPU without such instructions; here they have the weights' number format, and matrices of the
same shape are computed together.

Shapes: M matrices of R rows and C columns.
"""

from collections.abc import Callable, Mapping
from math import cos, pi
from typing import Any, cast

import torch
from torch import Tensor, nn

from training.stages.config import OptimizerName, StageConfig

BETAS = (0.9, 0.98)
MOMENTUM = 0.95
MATRIX_RATE = 10.0
"""Factor of Muon's learning rate, because its steps have another norm."""
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


def optimizers(network: nn.Module, stage: StageConfig, *, fused: bool = False) -> list[torch.optim.Optimizer]:
    """The optimizers of the trained weights. A group's learning rate is the stage's times its `share`.

    `fused`: AdamW updates all weights in one kernel.
    """
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    matrices = _matrices(network) if stage.optimizer is OptimizerName.MUON else {}
    chosen = {id(weight) for weight in matrices.values()}
    rest = [weight for weight in trained if id(weight) not in chosen]
    found: list[torch.optim.Optimizer] = []
    if rest:
        group = {"params": rest, "share": 1.0}
        decay, rate = stage.weight_decay, stage.learning_rate
        found.append(torch.optim.AdamW([group], lr=rate, betas=BETAS, weight_decay=decay, fused=fused or None))
    if matrices:
        found.append(Muon(matrices, stage.learning_rate, stage.weight_decay))
    return found


def _matrices(network: nn.Module) -> dict[str, nn.Parameter]:
    """The weights of linear layers by name, except those shared with an embedding."""
    tied = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
    linear = {
        f"{name}.weight": cast("nn.Parameter", module.weight)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
    }
    return {name: weight for name, weight in linear.items() if weight.requires_grad and id(weight) not in tied}


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for matrices (R, C) by name, with decoupled weight decay."""

    def __init__(self, matrices: Mapping[str, nn.Parameter], learning_rate: float, weight_decay: float) -> None:
        groups = [{"params": list(matrices.values()), "share": MATRIX_RATE}]
        super().__init__(groups, {"lr": learning_rate * MATRIX_RATE, "weight_decay": weight_decay})
        self._names = {id(weight): name for name, weight in matrices.items()}

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update the matrices that have a gradient. Raises TypeError for a `closure`."""
        if closure is not None:
            raise TypeError("Muon does not call a closure: call step() without one")
        for group in self.param_groups:
            shapes: dict[torch.Size, list[nn.Parameter]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(weight.shape, []).append(weight)
            for weights in shapes.values():
                self._move(weights, group)

    def _move(self, weights: list[nn.Parameter], group: dict[str, Any]) -> None:
        rows, columns = weights[0].shape
        pace = group["lr"] * max(1.0, rows / columns) ** 0.5
        steps = orthogonal(torch.stack([self._momentum(weight) for weight in weights]))
        for weight, step in zip(weights, steps, strict=True):
            weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step, alpha=pace)

    def _momentum(self, weight: nn.Parameter) -> Tensor:
        gradient: Tensor | None = weight.grad
        if gradient is None:
            raise ValueError(f"{self._names[id(weight)]} has no gradient: use it in the loss, or freeze it")
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        kept: Tensor = state["momentum"]
        kept.lerp_(gradient, 1 - MOMENTUM)
        ahead: Tensor = gradient.lerp(kept, MOMENTUM)
        return ahead


def orthogonal(matrices: Tensor) -> Tensor:
    """(M, R, C) to (M, R, C): singular values near 1 (0.7 to 1.2), with the same vectors."""
    wide = matrices.mT if matrices.shape[1] > matrices.shape[2] else matrices
    found: Tensor = wide / (wide.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        square = found @ found.mT
        found = a * found + (b * square + c * square @ square) @ found
    turned: Tensor = found.mT
    return turned if matrices.shape[1] > matrices.shape[2] else found


FLOOR = 0.1
"""The final share of the maximum learning rate."""


def learning_rate(stage: StageConfig, step: int) -> float:
    """The learning rate of the step with this number, counted from 0."""
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    progress = min(1.0, (step - stage.warmup) / max(1, stage.steps - stage.warmup))
    return stage.learning_rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + cos(pi * progress)))
