"""The forwards of the language model: complete new windows, and the newly written symbols of the others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from vlmkg.model.decoding.batch import Batch, Row
from vlmkg.model.decoding.key_value_cache import mask_of

_SHARED = 8
"""A stem with at least this many tokens, or with a film, is read once and copied; shorter ones per window.
"""
_AT_ONCE = 16
"""Up to this number of positions a row costs about as much as with one position."""
_PREFILL = 4096
"""Most positions read at once: more is not faster and needs memory."""
_PADDING = 64
"""Positions of padding that cost less than a separate forward."""

Key = tuple[int | None, tuple[int, ...]]


class Stems:
    """Keys and values of the common beginnings of prompts: a film's embeddings and the instruction."""

    def __init__(self, prefixes: Sequence[Tensor], rows: Iterable[Row]) -> None:
        self._prefixes = prefixes
        self._uses = Counter((row.prompt.prefix, row.prompt.stem) for row in rows)
        self._known: dict[Key, Tensor] = {}

    def shared(self, batch: Batch, at: int) -> Tensor | None:
        """(Y, 2, P + T, K, E) the cached stem of the row, read into that row if not cached; None: not shared."""
        prompt = batch.rows[at].prompt
        key = (prompt.prefix, prompt.stem)
        if prompt.prefix is None and len(prompt.stem) < _SHARED:
            return None
        if key not in self._known:
            embeddings = self._embeddings(batch, key)
            positions = torch.arange(embeddings.shape[1], device=embeddings.device)[None]
            forward(batch, embeddings, positions, at)
            self._known[key] = batch.cache.copy(at, embeddings.shape[1])
        self._uses[key] -= 1
        return self._known[key] if self._uses[key] else self._known.pop(key)

    def _embeddings(self, batch: Batch, key: Key) -> Tensor:
        """(1, P + T, D)."""
        tokens = _embed(batch, [key[1]])
        return tokens if key[0] is None else torch.cat((self._prefixes[key[0]].to(tokens)[None], tokens), dim=1)


def read_new(batch: Batch, stems: Stems, count: int) -> None:
    """Read the last `count` rows, which were added longest first, and make them ready."""
    first = len(batch.rows) - count
    while first < len(batch.rows):
        size = _alike([len(row.prompt.ids) for row in batch.rows[first:]])
        _read_prompts(batch, stems, first, first + size)
        first += size


def _alike(lengths: Sequence[int]) -> int:
    """The number of first rows, longest first, that are read together."""
    padding = 0
    for size, length in enumerate(lengths):
        padding += lengths[0] - length
        if padding > max(_PADDING, size * lengths[0] // 8) or (size and (size + 1) * lengths[0] > _PREFILL):
            return size
    return len(lengths)


def _read_prompts(batch: Batch, stems: Stems, first: int, end: int) -> None:
    bodies: list[Sequence[int]] = []
    for at in range(first, end):
        row = batch.rows[at]
        stem = stems.shared(batch, at)
        bodies.append(row.prompt.ids if stem is None else row.prompt.body)
        if stem is not None:
            batch.cache.paste(at, stem)
            row.length = stem.shape[2]
    rows = batch.rows[first:end]
    sizes = [len(body) for body in bodies]
    hidden = forward(batch, _embed(batch, bodies), _positions(batch, rows, max(sizes)), first)
    for row, size in zip(rows, sizes, strict=True):
        row.length += size
    batch.ready.append((rows, _logits(batch, hidden, range(len(rows)), sizes)))


def read_on(batch: Batch) -> None:
    """Read the pending symbols of the active rows; rows without further pending symbols become ready."""
    rows = batch.rows[: batch.active]
    if not rows:
        return
    count = max(len(row.pending) for row in rows)
    if count * len(rows) > _AT_ONCE:
        count = 1
    read = [row.pending[:count] for row in rows]
    positions = _positions(batch, rows, count)
    hidden = forward(batch, _embed(batch, read), positions, 0)
    for row, ids in zip(rows, read, strict=True):
        row.length += len(ids)
        row.pending = row.pending[len(ids) :]
    ready = [at for at, row in enumerate(rows) if not row.pending]
    if ready:
        logits = _logits(batch, hidden, ready, [len(read[at]) for at in ready])
        batch.ready.append(([rows[at] for at in ready], logits))


def forward(batch: Batch, embeddings: Tensor, positions: Tensor, first: int) -> Tensor:
    """(R, Q, D) embeddings at (R, Q) positions of rows `first` on -> (R, Q, D) last hidden states."""
    length = int(positions[:, -1].max()) + 1
    batch.cache.point(first, positions, length)
    output: Any = batch.language_model.base_model(
        inputs_embeds=embeddings,
        attention_mask=mask_of(positions, length, embeddings.dtype),
        position_ids=positions,
        past_key_values=batch.cache,
        use_cache=True,
    )
    hidden: Tensor = output.last_hidden_state
    return hidden


def _embed(batch: Batch, ids: Sequence[Sequence[int]]) -> Tensor:
    """(R, Q, D), each row padded after its end. Padding is overwritten before it is read."""
    count = max(map(len, ids))
    padded = [[*row, *[0] * (count - len(row))] for row in ids]
    embedding = batch.language_model.get_input_embeddings()
    embeddings: Tensor = embedding(torch.tensor(padded, device=batch.language_model.device))
    return embeddings


def _positions(batch: Batch, rows: Sequence[Row], count: int) -> Tensor:
    """(R, `count`) the positions after those that each row has read."""
    device = batch.language_model.device
    return torch.tensor([row.length for row in rows], device=device)[:, None] + torch.arange(count, device=device)


def _logits(batch: Batch, hidden: Tensor, rows: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """(B, S) of the last position that was read of each of the rows."""
    index = torch.tensor([list(rows), [size - 1 for size in sizes]], device=hidden.device)
    return batch.head.logits(hidden[index[0], index[1]])
