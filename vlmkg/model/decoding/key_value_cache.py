"""Keys and values of a batch in one tensor, row by row, and the attention that reads them.

Each row counts its own positions from 0, so no row is padded on the left: a finished row is replaced by another one,
and the model reads only up to the longest remaining row. Hugging Face's models write through `update` and attend
through `grouped_attention`, which reads each key once for all query heads that share it.

Shapes: Y layers, R rows, K key-value heads, G query heads for each of them, C capacity, Q positions written at once,
L positions that are read, E width of a head.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, PreTrainedModel

from vlmkg.model.transformers_parts import attending_by

_STEP = 64
"""Step by which the capacity grows."""
ATTENTION = "vlmkg_grouped"


class RowCache:
    """The `past_key_values` of the language model.

    `memory` is (Y, 2, R, C, K, E): keys and values, adjacent for each position, so that writing a position is one
    copy. Before each forward `point` sets the rows and positions to write.
    """

    is_compileable = False

    def __init__(self, language_model: PreTrainedModel, rows: int) -> None:
        config = language_model.config
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        shape = (config.num_hidden_layers, 2, rows, 0, heads, width)
        self.memory = torch.empty(shape, dtype=language_model.dtype, device=language_model.device)
        self._rows = slice(0, 0)
        self._spots = torch.empty(0)
        self._length = 0

    def point(self, first: int, positions_RQ: Tensor, length: int) -> None:
        """Let the next forward write rows from `first` on at these positions and read `length` positions of each."""
        self.reserve(length)
        rows = len(positions_RQ)
        self._rows, self._length = slice(first, first + rows), length
        starts = torch.arange(first, first + rows, device=positions_RQ.device) * self.memory.shape[3]
        self._spots = (starts[:, None] + positions_RQ).flatten()

    def reserve(self, length: int) -> None:
        """Grow so that each row holds `length` positions."""
        lacking = length - self.memory.shape[3]
        if lacking > 0:
            steps = -(-lacking // _STEP)
            # Masked values have no effect, but must be numbers.
            self.memory = functional.pad(self.memory, (0, 0, 0, 0, 0, steps * _STEP))

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write (R, K, Q, E) keys and values; return views (R, K, L, E) of everything that the rows attend to."""
        return self._write(self.memory[layer, 0], keys), self._write(self.memory[layer, 1], values)

    def _write(self, memory: Tensor, new: Tensor) -> Tensor:
        memory.flatten(0, 1).index_copy_(0, self._spots, new.transpose(1, 2).flatten(0, 1))
        return memory[self._rows, : self._length].transpose(1, 2)

    def move(self, sources: list[int], length: int) -> None:
        """Copy the first `length` positions of row `sources[i]` to row i."""
        changed = [row for row, source in enumerate(sources) if row != source]
        if changed:
            self.memory[:, :, changed, :length] = self.memory[:, :, [sources[row] for row in changed], :length]

    def copy(self, row: int, length: int) -> Tensor:
        """(Y, 2, `length`, K, E) the first positions of a row."""
        return self.memory[:, :, row, :length].clone()

    def paste(self, row: int, stem: Tensor) -> None:
        """Write the result of `copy` to another row."""
        length = stem.shape[2]
        self.reserve(length)
        self.memory[:, :, row, :length] = stem

    def get_seq_length(self, layer: int = 0) -> int:
        """Number of positions read at present. Each row's own positions are passed separately."""
        return self._length


def mask_of(positions_RQ: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """(R, 1, Q, L) mask: each written position attends to itself and all before it in its row; 0 or -inf."""
    read = torch.arange(length, device=positions_RQ.device) <= positions_RQ[:, None, :, None]
    return torch.zeros(read.shape, dtype=dtype, device=read.device).masked_fill_(~read, float("-inf"))


def grouped_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention of (R, K * G, Q, E) queries over (R, K, L, E) keys, as (R, Q, K * G, E).

    The G query heads of a key are stacked along Q, instead of copying each key G times.
    """
    rows, heads, count, width = query.shape
    groups = heads // key.shape[1]
    if attention_mask is not None and groups > 1 and count > 1:
        attention_mask = attention_mask.repeat(1, 1, groups, 1)
    folded = query.reshape(rows, key.shape[1], groups * count, width)
    mixed = functional.scaled_dot_product_attention(folded, key, value, attention_mask, scale=scaling)
    return mixed.reshape(rows, heads, count, width).transpose(1, 2), None


@contextmanager
def attending(language_model: PreTrainedModel) -> Iterator[None]:
    """Let the language model use `grouped_attention` during the block."""
    AttentionInterface.register(ATTENTION, grouped_attention)
    with attending_by(language_model, ATTENTION):
        yield
