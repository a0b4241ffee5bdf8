"""Training examples: blocks of synthetic texts, synthetic studies and rows of files, with the tag of each word.

Shapes: B blocks, W words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from training.data.rows import Row
from training.stages.batches import Cursor, groups
from training.synthetic.kinds.families import Chosen
from training.synthetic.kinds.stream import make
from training.synthetic.studies import make_study
from training.text_witness.config import WitnessData
from vlmkg.model.network import IGNORED
from vlmkg.schema import ReportGraph
from vlmkg.text_witness.blocks import Block, Pieces
from vlmkg.text_witness.network import BlockBatch, collate
from vlmkg.text_witness.tags import tags_of


@dataclass(frozen=True, slots=True)
class Tagged:
    """A block and the tag of each of its words."""

    block: Block
    tags: tuple[int, ...]

    @property
    def length(self) -> int:
        """Number of pieces."""
        return self.block.length


class TaggedBatch(NamedTuple):
    """Padded blocks and their tags (B, W), IGNORED at padding."""

    blocks: BlockBatch
    tags: Tensor


@dataclass(frozen=True, slots=True)
class Texts:
    """The chunks of a run: each follows from the data's seed and its number alone."""

    pieces: Pieces
    data: WitnessData
    chosen: Chosen
    rows: tuple[Row, ...] = ()

    def __call__(self, number: int) -> tuple[Tagged, ...]:
        """The blocks of the chunk with this number."""
        return tuple(one for text, graph in self._texts(number) for one in tagged(self.pieces, text, graph))

    def _texts(self, number: int) -> Iterator[tuple[str, ReportGraph]]:
        studies = round(self.data.chunk * self.data.studies_share)
        filed = round(self.data.chunk * self.data.files_share) if self.rows else 0
        kinds = self.data.chunk - studies - filed
        for at in range(number * kinds, (number + 1) * kinds):
            made = make(self.data.seed, at, self.chosen)
            yield made.text, made.graph
        for at in range(number * studies, (number + 1) * studies):
            study = make_study(self.data.seed, at, films=0.0)
            yield study.text, study.graph
        rng = Random(f"{self.data.seed} {number}")  # noqa: S311 - an order, no secret
        for row in rng.choices(self.rows, k=filed) if filed else ():
            yield row.report, row.graph


def tagged(pieces: Pieces, text: str, graph: ReportGraph) -> Iterator[Tagged]:
    """The blocks of a text with the tags of its graph."""
    blocks = list(pieces.blocks(text))
    tags = tags_of(tuple(word for block in blocks for word in block.words), graph)
    at = 0
    for block in blocks:
        yield Tagged(block, tuple(tags[at : at + len(block.words)]))
        at += len(block.words)


def tagged_stream(texts: Texts, size: int, seed: int, start: Cursor) -> Iterator[tuple[Cursor, TaggedBatch]]:
    """Batches of `size` blocks of like length from `start` on."""
    for following, examples, group in groups(texts, lambda chunk: chunk, size, seed, start):
        yield following, collate_tagged([examples[one] for one in group])


def collate_tagged(examples: Sequence[Tagged]) -> TaggedBatch:
    """The examples, padded on the right."""
    blocks = collate([one.block for one in examples])
    tags = torch.full(blocks.firsts.shape, IGNORED)
    for at, one in enumerate(examples):
        tags[at, : len(one.tags)] = torch.tensor(one.tags)
    return TaggedBatch(blocks, tags)
