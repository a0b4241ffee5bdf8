"""Errors of queries.

VlmkgError
└── GraphError
    └── QueryTimedOutError      the server aborted a query at its time limit
"""

from graph.errors import GraphError


class QueryTimedOutError(GraphError):
    """The query exceeded its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the query took longer than {seconds:g} s", "use a narrower filter or a smaller page")
        self.seconds = seconds
