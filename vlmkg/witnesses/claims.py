"""Mentions that the model alone reads as present, and how they are doubted."""

from collections.abc import Set as AbstractSet
from dataclasses import replace

from vlmkg.engine_protocol import ReadingWarning
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Kind, Mention, Presence, ReportGraph, Witness


def is_claimed(mention: Mention) -> bool:
    """Whether the model alone says that an observation is there."""
    alone = mention.witness is Witness.MODEL
    return alone and mention.kind is Kind.OBSERVATION and mention.presence is Presence.PRESENT


def doubt(
    graph: ReportGraph, doubted: AbstractSet[int], code: ReadingCode
) -> tuple[ReportGraph, tuple[ReadingWarning, ...]]:
    """The graph with the mentions at these positions uncertain and disputed, and a warning for each."""
    if not doubted:
        return graph, ()
    mentions = tuple(
        replace(one, presence=Presence.UNCERTAIN, disputed=True) if at in doubted else one
        for at, one in enumerate(graph.mentions)
    )
    warnings = tuple(ReadingWarning(code, graph.mentions[at].text) for at in sorted(doubted))
    return replace(graph, mentions=mentions), warnings
