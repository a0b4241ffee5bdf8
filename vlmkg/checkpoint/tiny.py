"""Tiny checkpoints with random weights, for tests. What they read is random.

`make` writes one in the format of a real checkpoint.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from vlmkg.checkpoint.manifest import Verified
from vlmkg.checkpoint.promotion import GATE, mark_promoted
from vlmkg.checkpoint.store import Parts, save_checkpoint
from vlmkg.engine_protocol import FilmDomain, Lead, Modality
from vlmkg.model.codec import train_codec
from vlmkg.model.config import ModelConfig
from vlmkg.model.network import VlmKg
from vlmkg.model.projector import build_projector
from vlmkg.model.vision.store import build_encoder

WORDS = ("No pneumothorax or pleural effusion.", "The heart is mildly enlarged.", "Left lower lobe opacity.")
HIDDEN_SIZE = 32
MADE_UP_METRICS: Mapping[str, float] = {**dict.fromkeys(GATE, 1.0), "invalid": 0.0}
"""Invented metrics for tests of promotion. Random weights would not pass the gate."""


def make(
    folder: Path,
    *,
    name: str = "tiny-random",
    image_domain: FilmDomain | None = FilmDomain.SYNTHETIC,
    lead: Lead = Lead.ALWAYS,
    promoted: bool = False,
    seed: int = 0,
    texts: Sequence[str] = WORDS,
    pointers: int = 96,
    positions: int = 1024,
) -> Verified:
    """Write a tiny random checkpoint into a new folder.

    Args:
        folder: must not exist.
        name: the name stored with extractions.
        image_domain: the films that it claims to read; None: it reads only text.
        lead: where its reading of a text leads the rules'.
        promoted: whether it has a promotion, with invented metrics.
        seed: the seed of the weights.
        texts: the texts that its tokenizer learns words from.
        pointers: the maximum number of tokens of a window.
        positions: the maximum number of tokens of the language model.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = _parts(texts, pointers, positions, films=image_domain is not None)
    verified = save_checkpoint(
        folder,
        parts,
        name=name,
        modalities=(Modality.TEXT, Modality.IMAGE) if image_domain else (Modality.TEXT,),
        image_domain=image_domain,
        lead=lead,
        data={"none": "random weights"},
        metrics=dict(MADE_UP_METRICS) if promoted else {},
        licence="Apache-2.0",
    )
    if promoted:
        mark_promoted(verified)
    return verified


def _parts(texts: Sequence[str], pointers: int, positions: int, *, films: bool) -> Parts:
    codec = train_codec(texts, vocabulary=512 + pointers, pointers=pointers)
    language_model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=codec.vocabulary_size,
            hidden_size=HIDDEN_SIZE,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
        )
    )
    if not films:
        return Parts(VlmKg(language_model, None), codec)
    config = ModelConfig(prefix_length=4, clip_length=4, layers=2, heads=4)
    projector = build_projector(config, HIDDEN_SIZE)
    vision = build_encoder("small", {"feature_size": config.feature_size})
    return Parts(VlmKg(language_model, projector), codec, config, vision)
