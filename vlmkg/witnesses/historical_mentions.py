"""Findings that only the model reads as present, in words that the rules set aside, become uncertain.

"History of pneumonia", "evaluation for effusion", "clinical concern for pneumothorax" report, look for or ask for a
finding; nobody saw it. As present it would be invented; refused, it would be lost if the rules set a statement aside
wrongly. So it is uncertain and `disputed`, with the warning `set_aside` (docs/decisions/0165-talk-is-no-finding.md).
"""

from bisect import bisect_right
from collections.abc import Sequence

from vlmkg.engine_protocol import ReadingWarning
from vlmkg.reading_codes import ReadingCode
from vlmkg.schema import Mention, ReportGraph
from vlmkg.witnesses.claims import doubt, is_claimed


def doubt_aside(
    graph: ReportGraph, aside: tuple[tuple[int, int], ...]
) -> tuple[ReportGraph, tuple[ReadingWarning, ...]]:
    """The combined graph with such mentions uncertain, and a warning for each.

    `aside` are spans of the text, in its order, without overlaps.
    """
    ends = [end for _, end in aside]
    doubted = {at for at, one in enumerate(graph.mentions) if is_claimed(one) and _shares(one, aside, ends)}
    return doubt(graph, doubted, ReadingCode.SET_ASIDE)


def _shares(mention: Mention, spans: Sequence[tuple[int, int]], ends: Sequence[int]) -> bool:
    """Whether the mention shares characters with the first span that ends behind its start."""
    at = bisect_right(ends, mention.start)
    return at < len(spans) and spans[at][0] < mention.end
