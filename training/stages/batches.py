"""Batches of examples of similar length, in an order that depends only on the seed and the position in the stream.

Shapes: B examples, T token ids, I films of the example with the most, F numbers in an image vector.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from random import Random
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from training.stages.examples import Example
from vlmkg.model.network import IGNORED
from vlmkg.parent_watch import end_with_parent

ChunkType = TypeVar("ChunkType")


class HasLength(Protocol):
    """An item of a batch."""

    @property
    def length(self) -> int:
        """Token ids in all."""
        ...


class Cursor(NamedTuple):
    """A position in the stream: the batch `batch` of the chunk `chunk`."""

    chunk: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Examples that are sorted together, and their image vectors (films, F); None without films."""

    examples: tuple[Example, ...]
    features: Tensor | None = None


class Batch(NamedTuple):
    """Input of `VlmKg.loss`: ids, labels and mask (B, T), image vectors (B, I, F) and their counts (B,), or None."""

    input_ids: Tensor
    labels: Tensor
    attention_mask: Tensor
    features: Tensor | None
    counts: Tensor | None


ReadChunk = Callable[[int], Chunk]
"""Returns the chunk of a number; the same number gives the same chunk in any process."""


def stream(
    read: ReadChunk, size: int, seed: int, start: Cursor, pad: int, workers: int = 0
) -> Iterator[tuple[Cursor, Batch]]:
    """Batches of `size` examples from `start` on, endlessly, each with the position after it."""
    for following, chunk, group in groups(read, lambda chunk: chunk.examples, size, seed, start, workers):
        yield following, collate([chunk.examples[one] for one in group], chunk.features, pad)


def groups(
    read: Callable[[int], ChunkType],
    examples: Callable[[ChunkType], Sequence[HasLength]],
    size: int,
    seed: int,
    start: Cursor,
    workers: int = 0,
) -> Iterator[tuple[Cursor, ChunkType, list[int]]]:
    """The groups of `size` (see `plan`) of each chunk's examples from `start` on, endlessly.

    Each comes with the position after it and its chunk.
    """
    for number, chunk in chunks(read, start.chunk, workers):
        planned = plan(examples(chunk), size, seed + number)
        first = start.batch if number == start.chunk else 0
        for at in range(first, len(planned)):
            following = Cursor(number, at + 1) if at + 1 < len(planned) else Cursor(number + 1)
            yield following, chunk, planned[at]


def plan(examples: Sequence[HasLength], size: int, seed: int) -> list[list[int]]:
    """Indices of the examples in shuffled groups of `size` of similar length; one may be smaller."""
    rng = Random(seed)  # noqa: S311 - an order, no secret
    order = list(range(len(examples)))
    rng.shuffle(order)
    order.sort(key=lambda at: examples[at].length)
    groups = [order[at : at + size] for at in range(0, len(order), size)]
    rng.shuffle(groups)
    return groups


def collate(examples: Sequence[Example], features: Tensor | None, pad: int) -> Batch:
    """Examples padded on the right; only targets have labels."""
    longest = max(example.length for example in examples)
    shape = (len(examples), longest)
    ids, labels = torch.full(shape, pad), torch.full(shape, IGNORED)
    mask = torch.zeros(shape, dtype=torch.long)
    for at, example in enumerate(examples):
        begin, end = len(example.prompt), example.length
        ids[at, :end] = torch.tensor(example.prompt + example.target)
        labels[at, begin:end] = ids[at, begin:end]
        mask[at, :end] = 1
    return Batch(ids, labels, mask, *_films(examples, features))


def chunks(read: Callable[[int], ChunkType], start: int, workers: int) -> Iterator[tuple[int, ChunkType]]:
    """The chunks from number `start` on with their numbers; `workers` processes read ahead, 0: none."""
    if not workers:
        for number in count(start):
            yield number, read(number)
    # Spawned: a forked copy of a process with torch's threads in it may hang.
    with ProcessPoolExecutor(workers, get_context("spawn"), end_with_parent) as pool:
        ahead: list[Future[ChunkType]] = [pool.submit(read, start + at) for at in range(workers + 1)]
        for number in count(start):
            ready = ahead.pop(0)
            ahead.append(pool.submit(read, number + workers + 1))
            yield number, ready.result()


def _films(examples: Sequence[Example], features: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    counts = torch.tensor([len(example.films) for example in examples])
    if features is None or not counts.any():
        return None, None
    films = torch.zeros(len(examples), int(counts.max()), features.shape[1])
    for at, example in enumerate(examples):
        for place, film in enumerate(example.films):
            films[at, place] = features[film]
    return films, counts
