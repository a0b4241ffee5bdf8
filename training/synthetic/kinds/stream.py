"""A stream of synthetic texts: seed and number determine each one, so any part can be reproduced."""

from hashlib import sha256
from random import Random

from training.synthetic.kinds.drawing import draw
from training.synthetic.kinds.families import Chosen, families, pools
from training.synthetic.kinds.sample import Sample, sample
from training.synthetic.kinds.surface import restyled

GENERATOR = 1
"""Increase it when the same seed, number and data give another text than before."""


def make(seed: int, number: int, chosen: Chosen) -> Sample:
    """The text with this number: the families take turns; template and style are random."""
    rng = Random(_mixed(seed, number))  # noqa: S311 - made-up data, not secrets
    template = rng.choice(families()[chosen.names[number % len(chosen.names)]])
    made = sample(draw(template, pools(), rng), pools())
    return restyled(made, rng) if template.language == "en" else made


def _mixed(seed: int, number: int) -> int:
    return int.from_bytes(sha256(f"kinds/{GENERATOR}/{seed}/{number}".encode()).digest()[:8], "big")
