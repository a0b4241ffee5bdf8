"""Image encoders in a checkpoint: `config.json` (kind and config) and `model.safetensors` (weights)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from vlmkg.errors import RefusedError
from vlmkg.image.intensity import Intensity
from vlmkg.model.vision.encoder import VisionEncoder
from vlmkg.model.vision.guard import load_guard, save_guard

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
INTENSITY = "intensity"
"""In the config: how grey values are prepared; without it as a viewer shows them."""
MODULES = {
    "small": "vlmkg.model.vision.small",
    "medclip": "vlmkg.model.vision.medclip",
    "open_clip": "vlmkg.model.vision.open_clip_towers",
}
"""The module of each kind, imported when needed: the libraries of two of them take seconds to import."""


def build_encoder(kind: str, config: Mapping[str, Any]) -> VisionEncoder:
    """An encoder with fresh weights. Raises RefusedError if there is no such kind, or its config is incomplete."""
    if kind not in MODULES:
        raise RefusedError(f"there is no image encoder {kind!r}", f"image encoders: {', '.join(MODULES)}")
    own = {name: value for name, value in config.items() if name != INTENSITY}
    try:
        encoder: VisionEncoder = import_module(MODULES[kind]).build(own)
        if INTENSITY in config:
            encoder = with_intensity(encoder, Intensity(config[INTENSITY]))
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedError(
            f"the config of the image encoder {kind!r} is wrong: {type(error).__name__}", "correct config.json"
        ) from error
    return encoder


def with_intensity(encoder: VisionEncoder, intensity: Intensity) -> VisionEncoder:
    """The same encoder for films whose grey values are prepared in this way."""
    config = {**encoder.config, INTENSITY: intensity.value}
    return replace(encoder, config=config, pixels=replace(encoder.pixels, intensity=intensity))


def save_encoder(encoder: VisionEncoder, folder: Path) -> None:
    """Write the encoder into a new folder."""
    folder.mkdir(parents=True)
    text = json.dumps({"kind": encoder.kind, **encoder.config}, indent=2, sort_keys=True)
    (folder / CONFIG_FILE).write_text(text + "\n")
    weights = {name: value.contiguous() for name, value in encoder.module.state_dict().items()}
    save_file(_renamed(encoder.kind, "to_published", weights), folder / WEIGHTS_FILE)
    if encoder.guard is not None:
        save_guard(encoder.guard, folder)


def load_encoder(folder: Path) -> VisionEncoder:
    """The encoder of the folder, frozen. Raises RefusedError if its files do not fit each other."""
    try:
        config = json.loads((folder / CONFIG_FILE).read_text())
        encoder = build_encoder(config.pop("kind"), config)
        weights = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise RefusedError(
            f"{folder} is not an image encoder: {type(error).__name__}", "copy the whole folder again"
        ) from error
    return replace(with_weights(encoder, weights), guard=load_guard(folder))


def with_weights(encoder: VisionEncoder, weights: Mapping[str, Tensor]) -> VisionEncoder:
    """The same encoder with these weights, frozen. Raises RefusedError if names or shapes differ from its own."""
    known = _renamed(encoder.kind, "from_published", weights)
    own = {name: value.shape for name, value in encoder.module.state_dict().items()}
    odd = own.keys() ^ known.keys() | {name for name in own.keys() & known.keys() if own[name] != known[name].shape}
    if odd:
        shown = ", ".join(sorted(odd)[:3])
        raise RefusedError(
            f"{len(odd)} weights do not fit the image encoder {encoder.kind!r}, such as {shown}",
            "use the weights of this encoder",
        )
    encoder.module.load_state_dict(known)
    encoder.module.eval().requires_grad_(requires_grad=False)
    return encoder


def _renamed(kind: str, direction: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights with the names of `direction`: the published names of one kind differ from the library's."""
    if kind != "medclip":
        return dict(weights)
    renamed: dict[str, Tensor] = getattr(import_module(MODULES[kind]), direction)(weights)
    return renamed
