"""Errors of asking the graph.

VlmkgError
└── GraphError
    └── QueryTimedOutError      the server gave a query up after the time it was allowed
"""

from graph.errors import GraphError


class QueryTimedOutError(GraphError):
    """The query took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the query took longer than {seconds:g} s", "use a narrower filter or a smaller page")
        self.seconds = seconds
