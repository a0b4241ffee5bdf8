"""Writes checkpoints atomically, and loads them as their manifests say."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.manifest import LANGUAGE_MODEL, PROJECTOR_FILE, VISION, Manifest, Verified, verify, write_manifest
from vlmkg.checkpoint.plain_config import require_plain_config
from vlmkg.model import config as model_config
from vlmkg.model.codec import Codec, load_codec, save_codec
from vlmkg.model.config import ModelConfig
from vlmkg.model.network import VlmKg
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.encoder import VisionEncoder
from vlmkg.model.vision.store import load_encoder, save_encoder


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded checkpoint: the network and the image encoder on one device, both in evaluation mode."""

    verified: Verified
    network: VlmKg
    codec: Codec
    config: ModelConfig | None
    vision: VisionEncoder | None

    @property
    def manifest(self) -> Manifest:
        """The checkpoint's manifest."""
        return self.verified.manifest


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a new checkpoint. `config` and `vision` are None if it reads no films."""

    network: VlmKg
    codec: Codec
    config: ModelConfig | None = None
    vision: VisionEncoder | None = None


def save_checkpoint(folder: Path, parts: Parts, **facts: Any) -> Verified:
    """Write a checkpoint into a new folder.

    Args:
        folder: must not exist; it appears when it is complete.
        parts: models, tokenizer, encoder.
        facts: the manifest's `name`, `modalities`, `image_domain`, `data`, `metrics`, `licence`, `whole_report`,
            `lead`.

    Raises CheckpointError if the folder exists or a fact is invalid.
    """
    if folder.exists():
        raise CheckpointError("exists", folder, "the target already exists")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    try:
        _write_parts(part, parts)
        write_manifest(
            part,
            model=model_config.to_json(parts.config) if parts.config else None,
            language_model=_about(parts.network.language_model),
            **facts,
        )
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return verify(folder)


def load_checkpoint(folder: Path, device: str = "cpu") -> Checkpoint:
    """Verify and load a checkpoint. Raises CheckpointError. It may load an unpromoted one."""
    return open_verified(verify(folder), device)


def open_verified(verified: Verified, device: str = "cpu") -> Checkpoint:
    """Load a verified checkpoint. Raises CheckpointError if its parts do not match its manifest or each other."""
    folder, manifest = verified.folder, verified.manifest
    language_model = load_language_model(folder / LANGUAGE_MODEL)
    if _about(language_model) != manifest.language_model:
        raise CheckpointError("bad_weights", folder, "the language model is not the one that the manifest describes")
    language_model = _computed(language_model, device)
    codec = load_codec(folder / LANGUAGE_MODEL)
    embeddings: Any = language_model.get_input_embeddings()
    if embeddings.num_embeddings < codec.vocabulary_size:
        raise CheckpointError("bad_weights", folder, "the tokenizer has more tokens than the language model knows")
    if manifest.model is None:
        return Checkpoint(verified, _ready(VlmKg(language_model, None), device), codec, None, None)
    config = model_config.from_json(manifest.model)
    projector = build_projector(config, int(manifest.language_model["hidden_size"]))
    _load_projector(folder, projector, language_model.dtype)
    vision = load_encoder(folder / VISION)
    vision.module.to(device)
    return Checkpoint(verified, _ready(VlmKg(language_model, projector), device), codec, config, vision)


def load_language_model(folder: Path) -> PreTrainedModel:
    """The causal language model of a Hugging Face folder, with exactly the weights of its safetensors.

    Nothing is downloaded, and no code of the folder runs. Raises CheckpointError if a weight is missing, superfluous,
    of another shape, or a pickle.
    """
    _quiet()
    require_plain_config(folder)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype="auto",
            output_loading_info=True,
        )
    except Exception as error:  # the library raises errors of many kinds for a config that it can't use
        detail = f"{folder.name} is not a causal language model in safetensors: {type(error).__name__}"
        raise CheckpointError("bad_weights", folder, detail) from error
    model: PreTrainedModel = loaded[0]
    odd = [name for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in loaded[1][kind]]
    if odd:
        raise CheckpointError("bad_weights", folder, f"{len(odd)} weights do not fit, such as {odd[0]}")
    return model


def _write_parts(folder: Path, parts: Parts) -> None:
    _quiet()
    place = folder / LANGUAGE_MODEL
    parts.network.language_model.save_pretrained(place)
    save_codec(parts.codec, place)
    if parts.network.projector is not None:
        weights = {name: value.contiguous() for name, value in parts.network.projector.state_dict().items()}
        save_file(weights, folder / PROJECTOR_FILE)
    if parts.vision is not None:
        save_encoder(parts.vision, folder / VISION)


def _computed(language_model: PreTrainedModel, device: str) -> PreTrainedModel:
    """The model in the device's number format: float32 on CPUs, since few of them have bfloat16 instructions."""
    module: torch.nn.Module = language_model
    return cast("PreTrainedModel", module.float()) if device == "cpu" else language_model


def _load_projector(folder: Path, projector: torch.nn.Module, dtype: torch.dtype) -> None:
    try:
        projector.load_state_dict(load_file(folder / PROJECTOR_FILE))
    except (RuntimeError, SafetensorError, OSError) as error:
        raise CheckpointError("bad_weights", folder, "the projector's weights do not fit its config") from error
    projector.to(dtype)


def _quiet() -> None:
    """Hide progress bars: in a log they are noise."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _about(language_model: PreTrainedModel) -> dict[str, Any]:
    embeddings: Any = language_model.get_input_embeddings()
    return {
        "architecture": type(language_model).__name__,
        "hidden_size": embeddings.embedding_dim,
        "parameters": sum(weight.numel() for weight in language_model.parameters()),
        "dtype": str(language_model.dtype).removeprefix("torch."),
    }


def _ready(network: VlmKg, device: str) -> VlmKg:
    return network.to(device).eval()
