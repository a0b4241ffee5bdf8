"""The result of decoding one window."""

from typing import NamedTuple

from vlmkg.numbered_tokens import TokenGraph


class Decoded(NamedTuple):
    """The graph of one window, over its own token numbers, with a score in [0, 1] for each span and edge.

    A score is the geometric mean of the chosen symbols' probabilities among the allowed ones; 1 if there was no choice.
    Ends of edges may be mentions of the previous window. `truncated`: the budget ended before the graph did, so facts
    may be missing. For a film's prompt `film` has the facts instead: name, label, score.
    """

    graph: TokenGraph = TokenGraph()
    span_scores: tuple[float, ...] = ()
    edge_scores: tuple[float, ...] = ()
    truncated: bool = False
    film: tuple[tuple[str, str, float], ...] = ()
