"""What decoding one window gives."""

from typing import NamedTuple

from vlmkg.numbered_tokens import TokenGraph


class Decoded(NamedTuple):
    """The graph of one window, over its own token numbers, with a score in [0, 1] for each span and edge.

    A score is the geometric mean, over the symbols that were a choice, of their probability among the allowed ones; 1
    where nothing was to be chosen. Ends of edges may be mentions of the window before. `truncated`: the budget was
    spent before the end, so facts may lack. `film` holds the facts of a film's prompt instead: name, label, score.
    """

    graph: TokenGraph = TokenGraph()
    span_scores: tuple[float, ...] = ()
    edge_scores: tuple[float, ...] = ()
    truncated: bool = False
    film: tuple[tuple[str, str, float], ...] = ()
