"""A trained tagger on disk: weights, tokenizer, and settings. It is an experiment's result, not a checkpoint."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from training.tagger.network import SpanTagger, TaggerConfig
from training.tagger.prediction import Tagger
from vlmkg.checkpoint.weights import read_weights
from vlmkg.errors import RefusedError
from vlmkg.model.codec import load_codec, save_codec

FORM = 1
ABOUT_FILE, WEIGHTS_FILE = "tagger.json", "model.safetensors"


def save_tagger(folder: Path, tagger: Tagger, config: TaggerConfig, about: Mapping[str, Any]) -> None:
    """Write the tagger to the new `folder`, atomically; `about` are its settings."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_codec(tagger.codec, part)
    save_file({name: one.contiguous() for name, one in tagger.network.state_dict().items()}, part / WEIGHTS_FILE)
    content = {"form": FORM, "config": asdict(config), "whole_report": tagger.whole_report, **about}
    (part / ABOUT_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.rename(folder)


def load_tagger(folder: Path) -> Tagger:
    """The tagger that `save_tagger` wrote. Raises RefusedError if there is none, or one of another format."""
    try:
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusedError(
            f"{folder} holds no tagger: {type(error).__name__}", "train one: vlmkg train tagger"
        ) from error
    if about["form"] != FORM:
        raise RefusedError(f"the tagger has format {about['form']}, but this program reads {FORM}", "train it again")
    config = TaggerConfig(**about["config"])
    network = SpanTagger(config)
    network.load_state_dict(read_weights(folder / WEIGHTS_FILE))
    return Tagger(network.eval(), load_codec(folder), config.positions, about["whole_report"])
