"""Training and reading at the paper's sizes on one device, by one prepared script.

    python -m benchmarks.gpu [--size debug|paper] [--steps N] [--out FILE.json]

Weights are random, in the shapes of the published models; what is measured is work, not quality.

    encode        films a second through the image encoder
    stage1        steps of the language model alone: tokens a second, share of the peak, greatest memory, by batch
    stage2        the same with projector and one film an example
    waiting       the share of the time that a stage waits for data, by reading processes
    agreement     the loss of one batch on the device and on the CPU, in float32
    resume        a run that was stopped and went on: the largest difference of its losses from one that was not
    decoding      `benchmarks.decoding`: reports a second and bytes a second over a measured copy

At size `debug`, the default without a GPU, all of it takes a minute or two of a CPU, and its figures mean nothing.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

from training.stages.batches import Batch
from training.stages.config import RunConfig, read_config
from training.stages.language_stage import run_text
from training.stages.optimizer import optimizers
from training.stages.records import read_log
from vlmkg.model.config import ModelConfig
from vlmkg.model.network import IGNORED, VlmKg
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.encoder import VisionEncoder, encode
from vlmkg.model.vision.store import build_encoder

CONFIGS = Path(__file__).parents[1] / "training" / "configs"


@dataclass(frozen=True)
class Size:
    """What is measured: shapes, batches, window length, and steps."""

    language_model: dict[str, Any]
    projector: ModelConfig
    encoder: tuple[str, dict[str, Any]]
    batches: tuple[int, ...]
    length: int
    steps: int
    films: int
    workers: tuple[int, ...]
    decoding: tuple[str, ...]


SIZES = {
    "debug": Size(
        {
            "vocab_size": 1024,
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 96,
        },
        ModelConfig(prefix_length=4, clip_length=4, layers=2, heads=4),
        ("small", {"feature_size": 512}),
        (2, 4),
        64,
        3,
        8,
        (0,),
        ("small", "--count", "4", "--rows", "2"),
    ),
    "paper": Size(
        {
            "vocab_size": 151_936,
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "intermediate_size": 2816,
            "max_position_embeddings": 4096,
        },
        ModelConfig(),
        ("medclip", {"feature_size": 512, "swin": {}}),
        (8, 32),
        512,
        60,
        2048,
        (0, 4, 8),
        ("half-billion", "--count", "512", "--rows", "128"),
    ),
}


def main() -> None:
    """Measure everything and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="paper" if torch.cuda.is_available() else "debug")
    parser.add_argument("--steps", type=int, help="steps of each training measurement")
    parser.add_argument("--peak", type=float, default=989.0, help="TFLOP/s of the device in bf16")
    parser.add_argument("--out", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    size = SIZES[given.size]
    if given.steps:
        size = replace(size, steps=given.steps)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found: dict[str, Any] = {"size": given.size, "device": _device(device), "torch": torch.__version__}
    found["encode"] = films_a_second(size, device)
    for name, films in (("stage1", False), ("stage2", True)):
        found[name] = [training(size, batch, device, given.peak * 1e12, films=films) for batch in size.batches]
    found["agreement"] = agreement(size, device)
    with TemporaryDirectory() as scratch:
        found["waiting"] = {str(workers): waiting(Path(scratch), workers, size.steps) for workers in size.workers}
        found["resume"] = resume(Path(scratch))
    found["decoding"] = decoding(size)
    text = json.dumps(found, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")


def films_a_second(size: Size, device: str) -> dict[str, float]:
    """Films a second through the encoder, 64 at a time, after one warm-up."""
    encoder = _encoder(size, device)
    side, channels = encoder.pixels.size, len(encoder.pixels.mean)
    pixels = torch.rand(min(64, size.films), channels, side, side).to(device)
    encode(encoder, pixels)
    _wait(device)
    began, done = time.perf_counter(), 0
    while done < size.films:
        encode(encoder, pixels)
        done += len(pixels)
    _wait(device)
    return {"films_per_second": round(done / (time.perf_counter() - began), 1)}


def training(size: Size, batch: int, device: str, peak: float, *, films: bool) -> dict[str, float]:
    """Tokens a second, share of the peak and greatest memory of whole steps; the first step is not counted."""
    torch.manual_seed(0)
    network = _network(size, films=films).to(device)
    stage = replace(read_config(CONFIGS / "paper.yaml").stage2, batch=batch)
    moving = optimizers(network, stage, fused=device == "cuda")
    given = _batch(size, batch, films=films, device=device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    for step in range(size.steps + 1):
        if step == 1:
            _wait(device)
            began = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = network.loss(*given)
        loss.backward()
        for optimizer in moving:
            optimizer.step()
            optimizer.zero_grad()
    _wait(device)
    seconds = time.perf_counter() - began
    tokens = size.steps * batch * (size.length + (size.projector.prefix_length if films else 0))
    shape = size.language_model
    parameters = sum(weight.numel() for weight in network.parameters())
    flops = tokens * (6 * parameters + 12 * shape["num_hidden_layers"] * shape["hidden_size"] * size.length)
    memory = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0.0
    return {
        "batch": batch,
        "tokens_per_second": round(tokens / seconds, 1),
        "share_of_peak": round(flops / seconds / peak, 6),
        "peak_memory_gib": round(memory, 2),
        "loss": float(loss.detach()),
    }


def agreement(size: Size, device: str) -> dict[str, float]:
    """The loss of one batch on the CPU and on the device."""
    torch.manual_seed(0)
    network = _network(size, films=True).eval()
    given = _batch(size, size.batches[0], films=True, device="cpu")
    with torch.inference_mode():
        here = float(network.loss(*given))
        there = float(network.to(device).loss(*(one if one is None else one.to(device) for one in given)))
    return {"cpu": here, "device": there, "difference": abs(here - there)}


def waiting(scratch: Path, workers: int, steps: int) -> float:
    """The share of the time that stage 1 of the debug config waits for its data."""
    config = _debug(steps=max(4, steps))
    run_text(replace(config, data=replace(config.data, workers=workers)), scratch / f"waiting{workers}")
    return float(read_log(scratch / f"waiting{workers}" / "stage1.run")[-1]["waiting"])


def resume(scratch: Path) -> float:
    """The largest difference of the losses of a run in two parts from those of one run."""
    config = _debug(steps=8)
    run_text(config, scratch / "whole")
    _stopped(config, scratch / "parts")
    run_text(config, scratch / "parts")
    one, other = (
        [float(row["loss"]) for row in read_log(scratch / name / "stage1.run")] for name in ("whole", "parts")
    )
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def decoding(size: Size) -> str:
    """What `benchmarks.decoding` prints, in a process of its own."""
    # Our own module with constant arguments.
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.decoding", *size.decoding], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip()


def _stopped(config: RunConfig, out: Path) -> None:
    """The run until its first evaluation wrote its state; then it is stopped."""
    from training.stages import loop  # noqa: PLC0415 - its saving is watched

    save = loop.save_state

    def stop(folder: Path, state: Any) -> None:
        save(folder, state)
        raise KeyboardInterrupt

    loop.save_state = stop  # type: ignore[assignment]
    try:
        run_text(config, out)
    except KeyboardInterrupt:
        pass
    finally:
        loop.save_state = save  # type: ignore[assignment]


def _debug(steps: int) -> RunConfig:
    config = read_config(CONFIGS / "debug.yaml")
    return replace(config, stage1=replace(config.stage1, steps=steps, evaluate_every=4, read=0))


def _network(size: Size, *, films: bool) -> VlmKg:
    shape = {"num_key_value_heads": size.language_model["num_attention_heads"], "tie_word_embeddings": True}
    model = Qwen2ForCausalLM(Qwen2Config(**size.language_model, **shape))
    return VlmKg(model, build_projector(size.projector, size.language_model["hidden_size"]) if films else None)


def _batch(size: Size, count: int, *, films: bool, device: str) -> Batch:
    ids = torch.randint(0, size.language_model["vocab_size"], (count, size.length), device=device)
    labels = ids.clone()
    labels[:, : size.length // 2] = IGNORED
    features: Tensor | None = torch.randn(count, 1, size.projector.feature_size, device=device) if films else None
    counts = torch.ones(count, dtype=torch.long, device=device) if films else None
    return Batch(ids, labels, torch.ones_like(ids), features, counts)


def _encoder(size: Size, device: str) -> VisionEncoder:
    encoder = build_encoder(*size.encoder)
    encoder.module.eval().to(device)
    return encoder


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _device(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu: no GPU was at hand"


if __name__ == "__main__":
    main()
