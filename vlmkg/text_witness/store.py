"""A text witness on disk: `config.json`, `model.safetensors` in half precision, `tokenizer.json`, `witness.json`."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel

from vlmkg.checkpoint.plain_config import require_plain_config
from vlmkg.errors import RefusedError
from vlmkg.text_witness.blocks import Pieces
from vlmkg.text_witness.network import WordTagger
from vlmkg.text_witness.tags import TAGS

FORM = 1
ABOUT_FILE, CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = (
    "witness.json",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
)


class TextWitness(NamedTuple):
    """A network in evaluation mode, and its tokenizer."""

    network: WordTagger
    pieces: Pieces


def save_witness(folder: Path, network: WordTagger, tokenizer: Tokenizer, about: Mapping[str, Any]) -> None:
    """Write a text witness into the new `folder`, atomically; `about` says how it was made."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    network.encoder.config.to_json_file(part / CONFIG_FILE)
    tokenizer.save(str(part / TOKENIZER_FILE), pretty=False)
    weights = {name: one.half().contiguous() for name, one in network.state_dict().items()}
    save_file(weights, part / WEIGHTS_FILE, {"format": "pt"})
    content = {"form": FORM, "tags": TAGS, **about}
    (part / ABOUT_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.rename(folder)


def without_pooler(model_type: str) -> dict[str, bool]:
    """The options that leave out a layer which no word needs."""
    return {"add_pooling_layer": False} if model_type in {"bert", "roberta"} else {}


def _require_form(folder: Path) -> None:
    about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    if (about["form"], about["tags"]) != (FORM, TAGS):
        raise RefusedError(f"{folder.name} has a text witness of another format", "train it with this release")


def load_witness(folder: Path, device: str = "cpu") -> TextWitness:
    """The text witness that `save_witness` wrote, in float32. Nothing is fetched and no code of the folder is run.

    Raises RefusedError if there is none, or one of another form.
    """
    try:
        _require_form(folder)
        require_plain_config(folder)
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        make: Any = AutoModel.from_config
        network = WordTagger(make(config, trust_remote_code=False, **without_pooler(config.model_type)))
        network.load_state_dict({name: one.float() for name, one in load_file(folder / WEIGHTS_FILE).items()})
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except RefusedError:
        raise
    except Exception as error:  # the tokenizer's library raises errors of no kind of their own
        raise RefusedError(
            f"{folder.name} holds no text witness: {type(error).__name__}", "train one: vlmkg train witness"
        ) from error
    return TextWitness(network.to(torch.device(device)).eval(), Pieces(tokenizer))
