"""The arms of the experiments with training: the changes of the config, and the start.

Arms are plain data; `runs` trains them. The first arm of an experiment is the baseline of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.stages.config import RunConfig, StageConfig
from vlmkg.model.config import ModelConfig, Projector
from vlmkg.model.projector import build_projector

PREFIX_LENGTHS = (8, 16, 32, 64, 128)
NOISE = (0.0, 0.1, 0.2, 0.3)
SIZES = ((2, 128, 384), (4, 192, 576), (6, 256, 768))
"""Layers, width and width of the MLP of the language models."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train. `films`: it ends with stage 2, else with stage 1; `from_scratch`: stage 2 without a stage 1.

    `noise` is the share of wrong labels, None for generated studies.
    """

    name: str
    config: RunConfig
    films: bool = True
    from_scratch: bool = False
    noise: float | None = None


def projector_arms(config: RunConfig) -> list[Arm]:
    """LLM-KG without films, after stage 1 and trained as long as the others; then the three projectors.

    The MLP has about as many parameters as the transformer.
    """
    width = matched_mlp_width(config.projector, config.language_model.hidden_size)
    shapes = {
        "linear": replace(config.projector, projector=Projector.LINEAR),
        "mlp": replace(config.projector, projector=Projector.MLP, mlp_width=width),
        "transformer": replace(config.projector, projector=Projector.TRANSFORMER),
    }
    longer = replace(config, stage1=_longer(config.stage1, config.stage2.steps))
    return [
        Arm("LLM-KG", config, films=False),
        Arm("LLM-KG, as long as the rest", longer, films=False),
        *(Arm(name, replace(config, projector=shape)) for name, shape in shapes.items()),
    ]


def prefix_arms(config: RunConfig, lengths: Sequence[int] = PREFIX_LENGTHS) -> list[Arm]:
    """The transformer with n = k prefix embeddings and clip tokens."""
    shapes = {length: replace(config.projector, prefix_length=length, clip_length=length) for length in lengths}
    return [Arm(f"n = k = {length}", replace(config, projector=shape)) for length, shape in shapes.items()]


def scratch_arms(config: RunConfig) -> list[Arm]:
    """Stage 2 after stage 1; without it; without it but with the steps of both."""
    longer = replace(config, stage2=_longer(config.stage2, config.stage1.steps))
    return [
        Arm("stage 1, then stage 2", config),
        Arm("stage 2 alone", config, from_scratch=True),
        Arm("stage 2 alone, steps of both", longer, from_scratch=True),
    ]


def noise_arms(config: RunConfig) -> list[Arm]:
    """Stage 1 on reports of which a share of the mentions is labelled wrongly."""
    return [Arm(f"{share:.0%} wrong", config, films=False, noise=share) for share in NOISE]


def size_arms(config: RunConfig) -> list[Arm]:
    """Stage 1 with larger language models."""
    models = {
        f"{layers} layers x {width}": replace(config.language_model, layers=layers, hidden_size=width, mlp_width=mlp)
        for layers, width, mlp in SIZES
    }
    return [Arm(name, replace(config, language_model=model), films=False) for name, model in models.items()]


def seeded(config: RunConfig, seed: int) -> RunConfig:
    """The config with a seed for weights, order, studies and films."""
    return replace(config, seed=config.seed + seed, data=replace(config.data, seed=config.data.seed + seed))


def on_files(config: RunConfig, path: Path) -> RunConfig:
    """The config on a file of rows."""
    return replace(config, data=replace(config.data, files=(str(path),)))


def matched_mlp_width(config: ModelConfig, hidden_size: int) -> int:
    """The width of the MLP that has as many parameters as the transformer, rounded."""
    transformer = build_projector(replace(config, projector=Projector.TRANSFORMER), hidden_size)
    wanted = sum(weight.numel() for weight in transformer.parameters())
    outputs = config.prefix_length * hidden_size
    return max(1, round((wanted - outputs) / (config.feature_size + 1 + outputs)))


def _longer(stage: StageConfig, steps: int) -> StageConfig:
    return replace(stage, steps=stage.steps + steps)
