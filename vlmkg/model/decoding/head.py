"""The language model's head, only over the structural symbols: a few hundred rows instead of the whole vocabulary."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from vlmkg.errors import RefusedError
from vlmkg.linearization import END, LINKS, TO, Symbol, pointer
from vlmkg.model.codec import Codec
from vlmkg.model.transformers_parts import takes_other_attention
from vlmkg.numbered_tokens import RELATIONS, Label


@dataclass(frozen=True, slots=True)
class Head:
    """`symbols` are the first N pointers and all other symbols; `ids` their token ids; `weight` (S, D)."""

    symbols: tuple[Symbol, ...]
    ids: tuple[int, ...]
    width: int
    weight: Tensor
    bias: Tensor | None

    @property
    def names(self) -> int:
        """F: film names among the symbols."""
        return len(self.symbols) - self.width - len([*Label, *RELATIONS, TO, LINKS, END])

    def logits(self, hidden: Tensor) -> Tensor:
        """(B, D) -> (B, S), in single precision."""
        return functional.linear(hidden, self.weight, self.bias).float()


def head_over(language_model: PreTrainedModel, codec: Codec, width: int) -> Head:
    """The head over the symbols that windows of `width` tokens need."""
    symbols = (*(pointer(token) for token in range(width)), *codec.symbols[codec.pointers :])
    ids = tuple(codec.symbol_ids[codec.index[symbol]] for symbol in symbols)
    output: Any = language_model.get_output_embeddings()  # type: ignore[no-untyped-call]
    index = torch.tensor(ids, device=output.weight.device)
    bias = getattr(output, "bias", None)
    return Head(symbols, ids, width, output.weight[index], None if bias is None else bias[index])


def check_language_model(language_model: PreTrainedModel, codec: Codec) -> None:
    """Raise RefusedError if our decoding would give other results than the language model itself.

    That is the case with too few rows for the codec's tokens, attention over a sliding window, logits that are not the
    output of the head, or attention that can't be replaced.
    """
    embedding: Any = language_model.get_input_embeddings()
    rows = embedding.weight.shape[0]
    if rows < codec.vocabulary_size:
        raise RefusedError(
            f"the language model has {rows} tokens, but its tokenizer has {codec.vocabulary_size}",
            "resize the model's token embeddings",
        )
    config = language_model.config
    if set(getattr(config, "layer_types", None) or ["full_attention"]) != {"full_attention"}:
        raise RefusedError(
            "decoding needs a language model whose layers all attend to the whole prompt",
            "use a language model without a sliding window",
        )
    if not takes_other_attention(language_model):
        raise RefusedError(
            f"decoding cannot replace the attention of {type(language_model).__name__}",
            "use an architecture with replaceable attention, such as Qwen2",
        )
    head = head_over(language_model, codec, codec.pointers)
    ids = torch.tensor([codec.stem], device=language_model.device)
    with torch.inference_mode():
        whole = language_model(input_ids=ids).logits[0, -1, list(head.ids)].float()
        hidden = language_model.base_model(input_ids=ids).last_hidden_state[0, -1:]
        if not torch.allclose(head.logits(hidden)[0], whole, rtol=1e-2, atol=1e-2):
            raise RefusedError(
                "the language model's logits are not the output of its head",
                "use an architecture with a plain head, such as Qwen2",
            )
