"""Queries to a checkpoint's text witness: the parts of a text where the model leads and shows a finding."""

from collections.abc import Sequence

from vlmkg.engine_protocol import Lead, WordLabels
from vlmkg.schema import ReportGraph
from vlmkg.text_witness.reader import WordReader
from vlmkg.witnesses.claims import is_claimed
from vlmkg.witnesses.lead import led_by_model


def label_words(
    reader: WordReader | None, texts: Sequence[str], graphs: Sequence[ReportGraph], lead: Lead
) -> list[tuple[WordLabels, ...]]:
    """For each text the labels of the words in such parts, in text order; none without a reader."""
    if reader is None:
        return [()] * len(texts)
    asked = [_parts(text, graph, lead) for text, graph in zip(texts, graphs, strict=True)]
    read = iter(
        reader.read([text[start:end] for text, parts in zip(texts, asked, strict=True) for start, end in parts])
    )
    return [
        tuple(
            word._replace(start=word.start + start, end=word.end + start) for start, _ in parts for word in next(read)
        )
        for parts in asked
    ]


def _parts(text: str, graph: ReportGraph, lead: Lead) -> list[tuple[int, int]]:
    claimed = [one.start for one in graph.mentions if is_claimed(one)]
    return [part for part in led_by_model(text, lead) if any(part[0] <= start < part[1] for start in claimed)]
