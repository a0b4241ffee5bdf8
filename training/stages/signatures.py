"""Signs of a failing run, checked during training, each with a threshold and advice.

Each is reported once on stderr when it first occurs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import click
from torch import nn

STILL_GRADIENT, STILL_STEPS = 1e-6, 50
SURFACE_GAP = 30.0
UNPARSABLE = 0.01
ADVICE = {
    "still_gradient": "the part gets no gradient: check whether it is frozen, disconnected, or has learning rate zero",
    "surface_gap": "ROUGE-L is far above BLEU-4: the words are right, the triplets are not; check pointers and order",
    "unparsable": "the model's unconstrained output is often not parsable: train longer, or check the tokenizer",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One sign: its name in ADVICE, the part or figure, and the step."""

    name: str
    what: str
    step: int

    def __str__(self) -> str:
        return f"warning: {self.name} ({self.what}, step {self.step}): {ADVICE[self.name]}"


@dataclass(slots=True)
class Watch:
    """Watches the gradients of the named parts of a network, and figures from step `figures_from` on.

    `tells`: whether this process reports on stderr.
    """

    parts: tuple[str, ...]
    figures_from: int = 0
    tells: bool = True
    seen: list[Signature] = field(default_factory=list)
    _still: dict[str, int] = field(default_factory=dict)

    def gradients(self, network: nn.Module, step: int) -> dict[str, float]:
        """The gradient's norm of each part, before clipping. Records a part without updates for too long."""
        norms = {}
        for part in self.parts:
            norm = _norm(network, part)
            norms[f"{part}_gradient"] = norm
            self._still[part] = self._still.get(part, 0) + 1 if norm < STILL_GRADIENT else 0
            if self._still[part] == STILL_STEPS:
                self._note(Signature("still_gradient", part, step))
        return norms

    def figures(self, figures: Mapping[str, float], step: int) -> None:
        """Record the signs in an evaluation's figures: `rouge_l` and `bleu_4` (0 to 100), `unparsable` (a share).

        Before `figures_from` a model that can't write yet is normal.
        """
        if step < self.figures_from or "unparsable" not in figures:
            return
        for sign in figure_signatures(figures["rouge_l"], figures["bleu_4"], figures["unparsable"], step):
            if sign.name not in {one.name for one in self.seen}:
                self._note(sign)

    def _note(self, sign: Signature) -> None:
        self.seen.append(sign)
        if self.tells:
            click.echo(str(sign), err=True)


def figure_signatures(rouge_l: float, bleu_4: float, unparsable: float, step: int) -> list[Signature]:
    """The signs in figures: BLEU and ROUGE from 0 to 100, the share of windows without a graph (constraint off)."""
    found = []
    if rouge_l - bleu_4 > SURFACE_GAP:
        found.append(Signature("surface_gap", f"ROUGE-L {rouge_l:.1f}, BLEU-4 {bleu_4:.1f}", step))
    if unparsable > UNPARSABLE:
        found.append(Signature("unparsable", f"{100 * unparsable:.1f} % of windows, constraint off", step))
    return found


def _norm(network: nn.Module, part: str) -> float:
    """The norm of all gradients of the part, with one transfer from the device."""
    named = network.named_parameters()
    gradients = [weight.grad for name, weight in named if f"{part}." in name and weight.grad is not None]
    return float(nn.utils.get_total_norm(gradients))
