"""Read reports with the tagger: tags give the mentions of each window, the scorer the relations between them.

Shapes: B windows, T pieces, W words, D the encoder's width, M mentions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.tagger.examples import Pieces, collate_pieces, read_pieces, span_numbers
from training.tagger.network import SpanTagger
from training.tagger.relations import best_edges
from training.tagger.tags import best_tags, spans_of
from vlmkg.model.codec import Codec
from vlmkg.model.decoded import Decoded
from vlmkg.model.prompt import report_windows
from vlmkg.model.windows import Window, merge_windows
from vlmkg.numbered_tokens import Numbered, Span, TokenGraph, number, report_graph
from vlmkg.schema import ReportGraph

ROWS = 64
"""Windows of one forward pass."""
REPORTS = 64
"""Reports whose vectors are in memory at once."""


@dataclass(frozen=True, slots=True)
class Tagger:
    """The tagger: network, tokenizer, and the window limits of the language model with the same config."""

    network: SpanTagger
    codec: Codec
    positions: int
    whole_report: bool = False


def read_reports(tagger: Tagger, texts: Sequence[str]) -> list[ReportGraph]:
    """One valid graph for each text, in the same order, with scores; witness the model.

    A mention's score is the geometric mean of its tags' probabilities, an edge's its probability.
    """
    tagger.network.eval()
    with torch.inference_mode():
        return [
            graph
            for at in range(0, len(texts), REPORTS)
            for graph in _read([number(text) for text in texts[at : at + REPORTS]], tagger)
        ]


def _read(reports: Sequence[Numbered], tagger: Tagger) -> list[ReportGraph]:
    windows = [report_windows(tagger.codec, one, tagger.positions, whole=tagger.whole_report) for one in reports]
    pieces = [
        read_pieces(tagger.codec, one, window) for one, cut in zip(reports, windows, strict=True) for window in cut
    ]
    vectors = iter(_encode(tagger.network, pieces))
    return [
        _graph(one, cut, [next(vectors) for _ in cut], tagger.network)
        for one, cut in zip(reports, windows, strict=True)
    ]


def _encode(network: SpanTagger, windows: Sequence[Pieces]) -> list[Tensor]:
    """(W, D) vectors of each window's words. Windows of similar length are encoded together."""
    device = network.tag_head.weight.device
    order = sorted(range(len(windows)), key=lambda at: windows[at].length)
    found: dict[int, Tensor] = {}
    for start in range(0, len(order), ROWS):
        group = order[start : start + ROWS]
        lengths = [windows[at].words[-1] + 1 for at in group]
        read = [one.to(device) for one in collate_pieces([windows[at] for at in group])]
        words_BWD = network.words(read[0], read[1], read[2], max(lengths))
        found |= {at: words_BWD[row, :length] for row, (at, length) in enumerate(zip(group, lengths, strict=True))}
    return [found[at] for at in range(len(windows))]


def _graph(
    numbered: Numbered, windows: Sequence[Window], vectors: Sequence[Tensor], network: SpanTagger
) -> ReportGraph:
    parts: list[Decoded] = []
    before: list[Span] = []
    for window, words_WD in zip(windows, vectors, strict=True):
        own, scores = _mentions(network.tag_scores(words_WD).cpu().numpy(), window.own_from)
        # The context's mentions are from the window that owns them.
        context = [_shifted(one, -window.first) for one in before if window.first <= one.first < window.own]
        parts.append(_joined(network, words_WD, context, own, scores, window.own_from))
        before = [_shifted(one, window.first) for one in own]
    merged = merge_windows(windows, parts)
    return report_graph(numbered, merged.graph, merged.span_scores, merged.edge_scores)


def _mentions(scores_WL: npt.NDArray[Any], own_from: int) -> tuple[list[Span], list[float]]:
    """The own mentions by the window's word numbers, and their scores."""
    tags = best_tags(scores_WL[own_from:])
    chosen_W = scores_WL[np.arange(own_from, len(scores_WL)), tags]
    spans = spans_of(tags)
    scores = [float(np.exp(chosen_W[one.first : one.last + 1].mean())) for one in spans]
    return [_shifted(one, own_from) for one in spans], scores


def _joined(
    network: SpanTagger,
    words_WD: Tensor,
    context: Sequence[Span],
    own: Sequence[Span],
    scores: Sequence[float],
    own_from: int,
) -> Decoded:
    """The own mentions, and the edges between them and to the context's."""
    spans = [*context, *own]
    if not own:
        return Decoded()
    numbers = span_numbers(spans).to(words_WD.device)
    relations_MMR = network.relation_scores(words_WD[None], numbers[None])[0].cpu().numpy()
    edges = best_edges(spans, relations_MMR, own_from)
    graph = TokenGraph(tuple(own), tuple(edge for edge, _ in edges))
    return Decoded(graph, tuple(scores), tuple(probability for _, probability in edges))


def _shifted(span: Span, by: int) -> Span:
    return Span(span.first + by, span.last + by, span.label)
