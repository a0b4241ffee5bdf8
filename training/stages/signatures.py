"""Signs of a failing run, watched while it trains, each with a threshold and advice."""

import math
from dataclasses import dataclass, field

from torch import nn

STILL_GRADIENT, STILL_STEPS = 1e-6, 50
SURFACE_GAP = 30.0
UNPARSABLE = 0.01
ADVICE = {
    "still_gradient": "no gradient reaches the part: is it frozen, cut off, or at a learning rate of zero?",
    "surface_gap": "ROUGE-L far above BLEU-4: words are right, triplets are not; look at pointers and order",
    "unparsable": "the free text of the model breaks the form: train longer, or look at the tokenizer",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One sign: its name in ADVICE, the part or figure, and the step at which it was seen."""

    name: str
    what: str
    step: int


@dataclass(slots=True)
class Watch:
    """Watches the gradients of the named parts of a network."""

    parts: tuple[str, ...]
    seen: list[Signature] = field(default_factory=list)
    _still: dict[str, int] = field(default_factory=dict)

    def gradients(self, network: nn.Module, step: int) -> dict[str, float]:
        """The gradient's norm of each part, before clipping; notes a part that stood still for too long."""
        norms = {}
        for part in self.parts:
            norm = _norm(network, part)
            norms[f"{part}_gradient"] = norm
            self._still[part] = self._still.get(part, 0) + 1 if norm < STILL_GRADIENT else 0
            if self._still[part] == STILL_STEPS:
                self.seen.append(Signature("still_gradient", part, step))
        return norms


def figure_signatures(rouge_l: float, bleu_4: float, unparsable: float, step: int) -> list[Signature]:
    """The signs in figures of free decoding (constraint off): BLEU and ROUGE from 0 to 100, a share of outputs."""
    found = []
    if rouge_l - bleu_4 > SURFACE_GAP:
        found.append(Signature("surface_gap", "ROUGE-L minus BLEU-4", step))
    if unparsable > UNPARSABLE:
        found.append(Signature("unparsable", "unparsable outputs", step))
    return found


def _norm(network: nn.Module, part: str) -> float:
    squares = [
        float(weight.grad.pow(2).sum())
        for name, weight in network.named_parameters()
        if f"{part}." in name and weight.grad is not None
    ]
    return math.sqrt(sum(squares))
