"""The language model of a run: ours with random weights, or an imported one; and its tokenizer."""

from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM

from training.stages.config import RunConfig, StageConfig
from training.synthetic.studies import studies
from vlmkg.checkpoint.store import load_language_model
from vlmkg.errors import UsageError
from vlmkg.model.codec import CODEC_FILE, PAD, Codec, load_codec, train_codec


def codec_of(config: RunConfig) -> Codec:
    """The codec of the config's folder, or our own, learned from the data's first synthetic reports."""
    model = config.language_model
    if model.folder:
        return _imported_codec(config)
    texts = (study.text for study in studies(config.data.seed, model.tokenizer_reports, films=config.data.film_share))
    return train_codec(texts, model.vocabulary, model.pointers)


def _imported_codec(config: RunConfig) -> Codec:
    """The codec of an imported language model. Raises UsageError if it was not imported, or has too few positions."""
    folder = Path(config.language_model.folder)
    if not (folder / CODEC_FILE).is_file():
        why = "was not imported yet" if (folder / "config.json").is_file() else "has no language model"
        raise UsageError(f"{folder} {why}", f"run: vlmkg checkpoint import qwen SOURCE {folder}")
    shape = AutoConfig.from_pretrained(folder, local_files_only=True)
    most = getattr(shape, "max_position_embeddings", None)
    if most is not None and config.language_model.positions > most:
        raise UsageError(
            f"language_model.positions is {config.language_model.positions}, but {folder} reads at most {most} tokens",
            f"set language_model.positions to {most} or less",
        )
    return load_codec(folder)


def language_model_of(config: RunConfig, codec: Codec) -> PreTrainedModel:
    """The language model that a run starts from, in float32."""
    model = config.language_model
    if model.folder:
        module: nn.Module = load_language_model(Path(model.folder))
        return cast("PreTrainedModel", module.to(torch.float32))
    return own_language_model(config, codec)


def own_language_model(config: RunConfig, codec: Codec) -> PreTrainedModel:
    """Our own language model of the config's sizes, with random weights."""
    model = config.language_model
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=codec.vocabulary_size,
            hidden_size=model.hidden_size,
            intermediate_size=model.mlp_width,
            num_hidden_layers=model.layers,
            num_attention_heads=model.heads,
            num_key_value_heads=model.kv_heads,
            max_position_embeddings=model.positions,
            tie_word_embeddings=True,
            pad_token_id=codec.id(PAD),
        )
    )


def prepare_kernels(model: PreTrainedModel, config: RunConfig, stage: StageConfig) -> None:
    """Choose the kernels of training: attention, and activations that are computed again."""
    if config.language_model.attention:
        model.set_attn_implementation(config.language_model.attention.value)
    if stage.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})  # type: ignore[no-untyped-call]
