"""The cost of a run, before it is started: parameters, memory, FLOPs and hours of each stage.

    FLOPs of a step        6 x parameters x tokens (forward and backward; Kaplan et al., 2020), and attention's
                           12 x layers x width x length per token
    memory                 weights, gradients and AdamW's two moments in float32 (16 bytes a trained parameter), and the
                           activations of one forward pass: 34 x width + 5 x heads x length bytes a token and layer
                           (Korthikanti et al., 2022); logits in float32
    hours                  at the device's peak and the given share of it

Films are encoded before stage 2 and are not counted here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from training.data.jsonl import read_files
from training.data.rows import Row
from training.stages.config import RunConfig, StageConfig
from training.stages.examples import Reading, report_examples
from training.stages.language_models import codec_of, own_language_model
from training.synthetic.studies import studies
from vlmkg.model.projector import build_projector

PEAK = 989e12
"""FLOP/s of one H100 or H200 in bf16, dense, as its maker says."""
USED = 0.4
"""The share of the peak that a well-fed run of half a billion parameters reaches; measure your own with the log."""
_SAMPLE = 200
_OPTIMIZED = 16
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Estimate:
    """One stage: tokens of a window, windows of an epoch (None for an endless stream), FLOPs and hours, bytes."""

    parameters: int
    tokens_a_window: float
    windows_an_epoch: float | None
    flops: float
    hours: float
    state_bytes: float
    activation_bytes: float

    def as_json(self) -> dict[str, Any]:
        """Plain values with their units in the names."""
        return {
            "parameters": self.parameters,
            "tokens a window": round(self.tokens_a_window, 1),
            "windows an epoch": None if self.windows_an_epoch is None else round(self.windows_an_epoch),
            "FLOP": float(f"{self.flops:.3g}"),
            "hours": round(self.hours, 3),
            "GiB of weights, gradients and optimizer": round(self.state_bytes / _GIB, 2),
            "GiB of activations": round(self.activation_bytes / _GIB, 2),
        }


def estimate(config: RunConfig, peak: float = PEAK, used: float = USED) -> dict[str, Estimate]:
    """The estimates of stages 1 and 2. Only configs are read; no weights are made or loaded."""
    codec = codec_of(config)
    with torch.device("meta"):
        model = _language_model(config)
        width = int(model.config.hidden_size)
        projector = sum(one.numel() for one in build_projector(config.projector, width).parameters())
    language = sum(one.numel() for one in model.parameters())
    rows, total = _rows(config)
    prefix = config.projector.prefix_length
    found = {}
    for name, stage, parameters, length in (
        ("stage1", config.stage1, language, 0),
        ("stage2", config.stage2, language + projector, prefix),
    ):
        reading = Reading(codec, config.language_model.positions, config.language_model.whole_report, length)
        found[name] = _stage(
            model.config, stage, parameters, _windows(reading, rows, length), (len(rows), total), (peak, used)
        )
    return found


def _stage(
    shape: Any,
    stage: StageConfig,
    parameters: int,
    windows: Sequence[int],
    rows: tuple[int, int | None],
    speed: tuple[float, float],
) -> Estimate:
    sampled, total = rows
    tokens = sum(windows) / len(windows)
    layers, width, heads = shape.num_hidden_layers, shape.hidden_size, shape.num_attention_heads
    seen = stage.steps * stage.batch * stage.accumulation * tokens
    flops = seen * (6 * parameters + 12 * layers * width * tokens)
    longest = max(windows)
    activations = stage.batch * longest * (layers * (34 * width + 5 * heads * longest) + 4 * shape.vocab_size)
    return Estimate(
        parameters,
        tokens,
        None if total is None else total * len(windows) / sampled,
        flops,
        flops / (speed[0] * speed[1]) / 3600,
        parameters * _OPTIMIZED,
        activations,
    )


def _windows(reading: Reading, rows: Sequence[Row], prefix: int) -> list[int]:
    """The tokens of each window of the sample, with the prefixes of the row's films."""
    found = []
    for row in rows:
        films = tuple(range(len(row.images))) if prefix else ()
        found += [one.length + prefix * len(films) for one in report_examples(reading, row, films)]
    return found


def _rows(config: RunConfig) -> tuple[list[Row], int | None]:
    """A sample of the training rows, and the number of all of them; None: generated without end."""
    if not config.data.files:
        made = studies(config.data.seed, _SAMPLE, films=config.data.film_share)
        return [
            Row(one.study_id, one.patient_id, one.text, one.graph, ("x",) if one.facts else ()) for one in made
        ], None
    rows = [row for row in read_files([Path(name) for name in config.data.files])[0] if row.split in {"", "train"}]
    step = max(1, len(rows) // _SAMPLE)
    return list(islice(rows, 0, None, step)), len(rows)


def _language_model(config: RunConfig) -> PreTrainedModel:
    if not config.language_model.folder:
        return own_language_model(config, codec_of(config))
    model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
        AutoConfig.from_pretrained(config.language_model.folder, local_files_only=True)
    )
    return model


def shown(found: dict[str, Estimate]) -> str:
    """The estimates as JSON."""
    return json.dumps({name: one.as_json() for name, one in found.items()}, indent=2)
