"""The learning rate at a step: a linear rise, then half a cosine down to a tenth."""

from math import cos, pi

from training.stages.config import StageConfig

FLOOR = 0.1
"""Of the greatest learning rate, what is left at the end."""


def learning_rate(stage: StageConfig, step: int) -> float:
    """The learning rate of the step of that number, counted from 0."""
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    progress = min(1.0, (step - stage.warmup) / max(1, stage.steps - stage.warmup))
    return stage.learning_rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + cos(pi * progress)))
