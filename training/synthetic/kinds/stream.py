"""Synthetic texts as a stream: each is made of its seed and number alone, so any part can be made anew."""

from hashlib import sha256
from random import Random

from training.synthetic.kinds.drawing import draw
from training.synthetic.kinds.families import Chosen, families, pools
from training.synthetic.kinds.sample import Sample, sample
from training.synthetic.kinds.surface import restyled

GENERATOR = 1
"""Raised when the same seed, number and data give another text than before."""


def make(seed: int, number: int, chosen: Chosen) -> Sample:
    """The text of that number: of the families in turn, of any template of its family, in any way of writing."""
    rng = Random(_mixed(seed, number))  # noqa: S311 - made-up data, not secrets
    template = rng.choice(families()[chosen.names[number % len(chosen.names)]])
    made = sample(draw(template, pools(), rng), pools())
    return restyled(made, rng) if template.language == "en" else made


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(sha256(f"kinds/{GENERATOR}/{seed}/{number}".encode()).digest()[:8], "big")
