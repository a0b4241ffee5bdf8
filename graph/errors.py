"""Errors of the graph.

VlmkgError
├── UsageError
│   └── LocalServerError        the local Neo4j can't be started: Java, jars, home folder, or it died
└── GraphError
    ├── GraphUnavailableError   Neo4j does not answer: retryable
    ├── GraphMemoryError        a transaction needs more memory than the server has
    ├── MigrationChangedError   a migration that was applied reads differently now
    ├── IncompleteWriteError    a record names something that is not in the graph
    ├── UnknownMigrationError   the graph was migrated by a later release
    ├── ResearchTargetError     a research copy may not be written there
    └── ResearchCopyError       the graph is a research copy: the service may not write there
"""

from vlmkg.errors import UsageError, VlmkgError


class LocalServerError(UsageError):
    """The local Neo4j server can't be prepared or started."""


class GraphError(VlmkgError):
    """The graph can't be used as asked."""


class GraphUnavailableError(GraphError):
    """Neo4j does not answer, or lost the connection. The same call may succeed later."""

    retryable = True


class GraphMemoryError(GraphError):
    """A transaction needs more memory than the server has. The same one will fail again; a smaller one may not."""

    def __init__(self) -> None:
        super().__init__(
            "Neo4j ran out of memory for the transaction",
            "give the server a larger heap (VLMKG_NEO4J_HEAP, or server.memory.heap.max_size)",
        )


class MigrationChangedError(GraphError):
    """A migration that the graph records as applied has other content now."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} was changed after it was applied to this graph",
            "restore the migration's released content and write a new migration for the change",
        )
        self.name = name


class UnknownMigrationError(GraphError):
    """The graph records a migration that this release does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the graph has a migration of a later release: {name}", "use that release or a later one")
        self.name = name


class IncompleteWriteError(GraphError):
    """A statement created less than its rows say, so a record names something that is not there. Nothing is written."""

    def __init__(self, what: str, expected: int, got: int) -> None:
        super().__init__(
            f"a write created {got} {what} instead of {expected} and was rolled back",
            "a record refers to a report, image, concept or mention that is missing: report this as a bug",
        )
        self.what = what
        self.expected = expected
        self.got = got


class ResearchTargetError(GraphError):
    """What was named as the place of a research copy is something else. Nothing was changed there."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the research copy can't be written there: {why}", "name an empty Neo4j, or an empty folder")
        self.why = why


class ResearchCopyError(GraphError):
    """The graph that the service was pointed at is a research copy."""

    def __init__(self, project: str) -> None:
        super().__init__(
            f"this graph is the research copy of the project {project}, so the service does not write to it",
            "set NEO4J_URI to the live graph",
        )
        self.project = project
