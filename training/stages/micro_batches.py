"""Steps that fit the device's memory: a batch that is too large is computed in smaller parts with the same gradient.

The loss is a mean over target tokens, so each part counts by its share of the batch's targets.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training.stages.batches import Batch
from vlmkg.errors import DeviceMemoryError
from vlmkg.model.network import IGNORED


class Part(NamedTuple):
    """A part of a batch, and its share of the batch's loss."""

    batch: Any
    share: float


Split = Callable[[Any, int], list[Part]]
"""Cuts a batch into at most the given number of parts; one part is the batch itself."""


def split_batch(batch: Batch, parts: int) -> list[Part]:
    """Parts of about the same number of examples, in order, without columns that are padding in all of a part."""
    if parts == 1:
        return [Part(batch, 1.0)]
    targets = int((batch.labels != IGNORED).sum())
    rows = range(0, len(batch.labels), -(-len(batch.labels) // parts))
    size = rows.step
    return [_part(_rows_of(batch, slice(at, at + size)), targets) for at in rows]


def _rows_of(batch: Batch, rows: slice) -> Batch:
    return Batch(
        batch.input_ids[rows],
        batch.labels[rows],
        batch.attention_mask[rows],
        None if batch.features is None else batch.features[rows],
        None if batch.counts is None else batch.counts[rows],
    )


def whole_batch(batch: Any, parts: int) -> list[Part]:
    """For batches that are not cut: one part, however many are asked for."""
    del parts
    return [Part(batch, 1.0)]


class MicroBatches:
    """The number of parts that a batch of a run is cut into; it grows when the device's memory does not suffice."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self.parts = 1

    def of(self, batch: Any) -> Iterator[Part]:
        """The parts of a batch."""
        return iter(self._split(batch, self.parts))

    def smaller(self, batch: Any, error: torch.OutOfMemoryError) -> None:
        """Cut batches into twice as many parts. Raises DeviceMemoryError if this one cannot be cut further."""
        before = len(self._split(batch, self.parts))
        self.parts *= 2
        if len(self._split(batch, self.parts)) == before:
            message = "the device has too little memory for a single example"
            raise DeviceMemoryError(message, "shorten the windows, freeze less, or use a larger device") from error
        print(f"warning: out of memory; batches are computed in {self.parts} parts from now on", file=sys.stderr)


def _part(batch: Batch, targets: int) -> Part:
    longest = int(batch.attention_mask.sum(dim=1).max())
    ids, labels, mask, features, counts = batch
    own = int((labels != IGNORED).sum())
    films: Tensor | None = features
    if counts is not None and not bool(counts.any()):
        films = counts = None
    cut = Batch(ids[:, :longest], labels[:, :longest], mask[:, :longest], films, counts)
    return Part(cut, own / targets if targets else 0.0)
