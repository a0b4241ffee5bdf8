"""The tagger's training examples: the language model's windows, with tags and pairs for their graphs.

Shapes: B windows, T pieces, W words, M mentions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from training.data.rows import Row
from training.stages.batches import Cursor, groups
from training.stages.examples import Reading
from training.stages.loading import RowReader, rows_of
from training.tagger.relations import NO_RELATION, allowed, class_of, owned
from training.tagger.tags import LABELS, tags_of
from vlmkg.model.codec import Codec
from vlmkg.model.network import IGNORED
from vlmkg.model.prompt import report_windows
from vlmkg.model.windows import Window
from vlmkg.numbered_tokens import Edge, Numbered, Span, TokenGraph, number, readable_part


@dataclass(frozen=True, slots=True)
class Pieces:
    """The input of a window: ids of its words' pieces, the word of each piece, and the first own word."""

    ids: tuple[int, ...]
    words: tuple[int, ...]
    own_from: int

    @property
    def length(self) -> int:
        """Number of pieces."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class TagExample:
    """A window with its gold: all its mentions, with those of the context, and its own edges, by its word numbers."""

    pieces: Pieces
    spans: tuple[Span, ...]
    edges: tuple[Edge, ...]

    @property
    def length(self) -> int:
        """Number of pieces."""
        return self.pieces.length


class TagBatch(NamedTuple):
    """Padded windows.

    `pieces`, `word_of` (IGNORED at padding) and `own` (1 in own sentences) are (B, T); `tags` (B, W), IGNORED in
    context; `spans` (B, M, 3): first word, last word, label; `relations` (B, M, M), IGNORED where the window does not
    own the pair or the schema allows it nothing.
    """

    pieces: Tensor
    word_of: Tensor
    own: Tensor
    tags: Tensor
    spans: Tensor
    relations: Tensor


@dataclass(frozen=True, slots=True)
class TagChunks:
    """Windows of the reports that `rows` reads; picklable, for read-ahead."""

    reading: Reading
    rows: RowReader

    def __call__(self, number: int) -> tuple[TagExample, ...]:
        """The windows of the chunk with this number."""
        return tuple(one for row in rows_of(self.rows(number)) for one in tag_examples(self.reading, row))


def tag_examples(reading: Reading, row: Row) -> Iterator[TagExample]:
    """One example per window of the report. Facts that numbered tokens can't express are left out."""
    numbered = number(row.report)
    graph, _ = readable_part(numbered, row.graph)
    for window in report_windows(reading.codec, numbered, reading.positions, whole=reading.whole_report):
        yield TagExample(read_pieces(reading.codec, numbered, window), *_gold(window, graph))


def read_pieces(codec: Codec, numbered: Numbered, window: Window) -> Pieces:
    """The input of the window."""
    spelled = [codec.spell(token.text) for token in numbered.tokens[window.first : window.end]]
    return Pieces(
        tuple(piece for word in spelled for piece in word),
        tuple(at for at, word in enumerate(spelled) for _ in word),
        window.own_from,
    )


def tag_stream(
    read: TagChunks, size: int, seed: int, start: Cursor, workers: int = 0
) -> Iterator[tuple[Cursor, TagBatch]]:
    """Batches of `size` windows from `start` on, in the same order as in stage 1."""
    for following, examples, group in groups(read, lambda chunk: chunk, size, seed, start, workers):
        yield following, collate_tags([examples[one] for one in group])


def collate_tags(examples: Sequence[TagExample]) -> TagBatch:
    """The examples, padded on the right."""
    words = max(example.pieces.words[-1] + 1 for example in examples)
    mentions = max(1, *(len(example.spans) for example in examples))
    tags = torch.full((len(examples), words), IGNORED)
    spans = torch.zeros(len(examples), mentions, 3, dtype=torch.long)
    relations = torch.full((len(examples), mentions, mentions), IGNORED)
    for at, example in enumerate(examples):
        own, end = example.pieces.own_from, example.pieces.words[-1] + 1
        tags[at, own:end] = torch.tensor(tags_of([one for one in example.spans if one.first >= own], end)[own:])
        if example.spans:
            spans[at, : len(example.spans)] = span_numbers(example.spans)
            relations[at, : len(example.spans), : len(example.spans)] = _pairs(example)
    return TagBatch(*collate_pieces([example.pieces for example in examples]), tags, spans, relations)


def collate_pieces(windows: Sequence[Pieces]) -> tuple[Tensor, Tensor, Tensor]:
    """(B, T) each: pieces, the word of each, IGNORED at padding, and 1 in own sentences."""
    shape = (len(windows), max(window.length for window in windows))
    ids, words = torch.zeros(shape, dtype=torch.long), torch.full(shape, IGNORED)
    for at, window in enumerate(windows):
        ids[at, : window.length] = torch.tensor(window.ids)
        words[at, : window.length] = torch.tensor(window.words)
    first = torch.tensor([window.own_from for window in windows])
    return ids, words, (words >= first[:, None]).long()


def span_numbers(spans: Sequence[Span]) -> Tensor:
    """(M, 3): first word, last word and label of each mention."""
    return torch.tensor([(span.first, span.last, LABELS.index(span.label)) for span in spans])


def _gold(window: Window, graph: TokenGraph) -> tuple[tuple[Span, ...], tuple[Edge, ...]]:
    """Mentions in the window's context or own sentences, and the edges whose later end is its own."""
    inside = [
        span
        for span in graph.spans
        if window.first <= span.first and span.last < (window.own if span.first < window.own else window.end)
    ]
    labels = {span.first: span.label for span in inside}
    edges = [
        edge
        for edge in graph.edges
        if labels.keys() >= {edge.head, edge.tail}
        and max(edge.head, edge.tail) >= window.own
        and allowed(labels[edge.head], labels[edge.tail])[class_of(edge.type)]
    ]
    shift = window.first
    return (
        tuple(Span(one.first - shift, one.last - shift, one.label) for one in inside),
        tuple(Edge(one.head - shift, one.type, one.tail - shift) for one in edges),
    )


def _pairs(example: TagExample) -> Tensor:
    """(M, M): the relation of head (row) and tail (column), NO_RELATION, or IGNORED."""
    found = {(edge.head, edge.tail): class_of(edge.type) for edge in example.edges}
    own = example.pieces.own_from
    return torch.tensor(
        [
            [
                found.get((head.first, tail.first), NO_RELATION) if owned(head, tail, own) else IGNORED
                for tail in example.spans
            ]
            for head in example.spans
        ]
    )
