"""Parts of a checkpoint made from published models: a language model's folder, MedCLIP's file, an open_clip folder.

Each importer writes the checkpoint folder `language_model/` or `vision/`, from which training starts.
Weights are safetensors or a pickle. Only this module opens pickles, with `weights_only`, so no code in them runs.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any
from uuid import uuid4

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel

from vlmkg.checkpoint.errors import CheckpointError
from vlmkg.checkpoint.store import load_language_model
from vlmkg.checkpoint.weights import read_weights, unpickled
from vlmkg.model.codec import extend_tokenizer, save_codec
from vlmkg.model.vision import medclip, open_clip_towers
from vlmkg.model.vision.store import build_encoder, save_encoder, with_weights

PICKLE_FILE = "pytorch_model.bin"
OPEN_CLIP_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
LOCAL_DIR = "local-dir:"
"""open_clip's prefix of a local folder's path."""


def import_language_model(source: Path, folder: Path, pointers: int = 1024) -> None:
    """A Hugging Face folder of a causal language model, such as Qwen1.5-0.5B's, as `language_model/`.

    Reads `config.json`, `tokenizer.json` and `model.safetensors` (or shards with their index, or `pytorch_model.bin`).
    The structural tokens follow the tokenizer's own; if they need more rows, the embedding gets rows of random weights
    from a fixed seed. Raises CheckpointError for another layout.
    """
    tokenizer_file = source / "tokenizer.json"
    _need(source, "config.json", "tokenizer.json")
    model = _load_source(source)
    codec = extend_tokenizer(Tokenizer.from_file(str(tokenizer_file)), pointers)
    embeddings: Any = model.get_input_embeddings()
    if embeddings.num_embeddings < codec.vocabulary_size:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model.resize_token_embeddings(codec.vocabulary_size, mean_resizing=False)

    def write(part: Path) -> None:
        model.save_pretrained(part)
        save_codec(codec, part)

    _whole(folder, write)


def import_medclip(source: Path, folder: Path) -> None:
    """MedCLIP-ViT as `vision/`: its zip, the folder unpacked from it, or its `pytorch_model.bin`.

    Only names under `vision_model.` are read from the file of the whole model. The weights give the Swin's shape.
    Raises CheckpointError for another layout, MedCLIP's ResNet among them.
    """
    weights = _under(medclip.TOWER, _medclip_weights(source), source)
    try:
        swin = _swin_shape(weights)
        feature_size = weights["projection_head.weight"].shape[0]
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError("wrong_layout", source, "the image encoder is not MedCLIP's Swin") from error
    encoder = build_encoder("medclip", {"feature_size": feature_size, "swin": swin})
    _whole(folder, lambda part: save_encoder(with_weights(encoder, weights), part))


def import_open_clip(source: str | Path, folder: Path) -> None:
    """The visual tower of an open_clip folder (BiomedCLIP) as `vision/`; its path may begin with `local-dir:`.

    Reads `open_clip_config.json` and the names under `visual.` in the first of OPEN_CLIP_FILES that exists.
    Raises CheckpointError for another layout.
    """
    place = Path(str(source).removeprefix(LOCAL_DIR))
    _need(place, open_clip_towers.CONFIG_FILE)
    try:
        config = json.loads((place / open_clip_towers.CONFIG_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError("wrong_layout", place, f"{open_clip_towers.CONFIG_FILE} is not JSON") from error
    path = next((place / name for name in OPEN_CLIP_FILES if (place / name).is_file()), None)
    if path is None:
        raise CheckpointError("wrong_layout", place, f"the folder has none of {', '.join(OPEN_CLIP_FILES)}")
    weights = _under(open_clip_towers.TOWER, read_weights(path), place)
    encoder = build_encoder("open_clip", config)
    _whole(folder, lambda part: save_encoder(with_weights(encoder, weights), part))


def _swin_shape(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The Swin's config, derived from its weights; the image size is MedCLIP's."""
    found = [re.match(r"model\.encoder\.layers\.(\d+)\.blocks\.(\d+)\.", name) for name in weights]
    blocks = {(int(match[1]), int(match[2])) for match in found if match}
    layers = max(layer for layer, _ in blocks) + 1
    first = "model.encoder.layers.{}.blocks.0."
    tables = [weights[first.format(at) + "attention.self.relative_position_bias_table"] for at in range(layers)]
    patches = weights["model.embeddings.patch_embeddings.projection.weight"]
    return {
        "embed_dim": patches.shape[0],
        "patch_size": patches.shape[-1],
        "depths": [sum(layer == at for layer, _ in blocks) for at in range(layers)],
        "num_heads": [table.shape[1] for table in tables],
        "window_size": (int(tables[0].shape[0] ** 0.5) + 1) // 2,
        "mlp_ratio": weights[first.format(0) + "intermediate.dense.weight"].shape[0] / patches.shape[0],
    }


def _medclip_weights(source: Path) -> dict[str, Tensor]:
    if source.is_dir():
        _need(source, PICKLE_FILE)
        return read_weights(source / PICKLE_FILE)
    if source.suffix != ".zip":
        return read_weights(source)
    try:
        with zipfile.ZipFile(source) as archive, TemporaryFile() as scratch:
            name = next((name for name in archive.namelist() if Path(name).name == PICKLE_FILE), None)
            if name is None:
                raise CheckpointError("wrong_layout", source, f"the archive holds no {PICKLE_FILE}")
            with archive.open(name) as file:
                shutil.copyfileobj(file, scratch)
            scratch.seek(0)
            return unpickled(scratch, source)
    except (OSError, zipfile.BadZipFile) as error:
        raise CheckpointError("wrong_layout", source, "it is not a zip archive") from error


def _under(prefix: str, weights: Mapping[str, Tensor], source: Path) -> dict[str, Tensor]:
    """The weights whose names begin with the prefix, with the prefix removed."""
    found = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    if not found:
        raise CheckpointError("wrong_layout", source, f"no weight's name begins with {prefix}")
    return found


def _load_source(source: Path) -> PreTrainedModel:
    """The language model of a folder. If the folder has only a pickle, it is converted to safetensors first."""
    if not (source / PICKLE_FILE).is_file() or any(source.glob("*.safetensors")):
        return load_language_model(source)
    with TemporaryDirectory() as scratch:
        weights = {name: value.clone() for name, value in read_weights(source / PICKLE_FILE).items()}
        save_file(weights, Path(scratch) / "model.safetensors", metadata={"format": "pt"})
        shutil.copy(source / "config.json", scratch)
        return load_language_model(Path(scratch))


def _need(source: Path, *names: str) -> None:
    missing = [name for name in names if not (source / name).is_file()]
    if missing:
        raise CheckpointError("wrong_layout", source, f"it lacks {', '.join(missing)}")


def _whole(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary folder, and rename it when it is complete."""
    if folder.exists():
        raise CheckpointError("exists", folder, "the target already exists")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    try:
        write(part)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
