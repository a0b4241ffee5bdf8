"""An encoder without the word pieces and positions that no report in English needs.

Left out are the pieces that were never trained (`[unused7]`) and those with a letter outside Latin scripts. A word is
then cut as before, unless it has such a letter: those become `[UNK]`.
"""

import json
import re
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel

_UNUSED = re.compile(r"\[unused\d+\]")
_LATIN = 0x24F
"""The last code point of Latin letters with marks."""
_SIGNS = range(0x2000, 0x2300)
"""Dashes, quotation marks, arrows, signs of mathematics."""


def prune(encoder: PreTrainedModel, tokenizer: Tokenizer, positions: int) -> tuple[PreTrainedModel, Tokenizer]:
    """The encoder with fewer word pieces and `positions` positions, and its tokenizer. An encoder of another kind than
    BERT's is returned as it is."""
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    embeddings: Any = getattr(encoder, "embeddings", None)
    if content["model"]["type"] != "WordPiece" or not hasattr(embeddings, "position_embeddings"):
        return encoder, tokenizer
    vocabulary = content["model"]["vocab"]
    kept = [piece for piece in sorted(vocabulary, key=vocabulary.__getitem__) if is_kept(piece)]
    rows = torch.tensor([vocabulary[piece] for piece in kept])
    content["model"]["vocab"] = {piece: at for at, piece in enumerate(kept)}
    _renumber(content, content["model"]["vocab"])
    embeddings.word_embeddings = _part(embeddings.word_embeddings, rows)
    embeddings.position_embeddings = _part(embeddings.position_embeddings, torch.arange(positions))
    embeddings.position_ids = embeddings.position_ids[:, :positions]
    embeddings.token_type_ids = embeddings.token_type_ids[:, :positions]
    encoder.config.vocab_size, encoder.config.max_position_embeddings = len(kept), positions
    return encoder, Tokenizer.from_str(json.dumps(content))


def is_kept(piece: str) -> bool:
    """Whether an English report may need the word piece."""
    letters = all(ord(letter) <= _LATIN or ord(letter) in _SIGNS for letter in piece)
    return letters and not _UNUSED.fullmatch(piece)


def _part(embedding: nn.Embedding, rows: torch.Tensor) -> nn.Embedding:
    part = nn.Embedding(len(rows), embedding.embedding_dim)
    part.weight.data.copy_(embedding.weight.detach()[rows])
    return part


def _renumber(content: dict[str, Any], vocabulary: dict[str, int]) -> None:
    """Special tokens stand with their numbers in other parts of the tokenizer too."""
    for one in content["added_tokens"]:
        one["id"] = vocabulary[one["content"]]
    special = cast("dict[str, Any]", (content.get("post_processor") or {}).get("special_tokens", {}))
    for name, one in special.items():
        one["ids"] = [vocabulary[name]]
